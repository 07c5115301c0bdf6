"""Where messages go, and when a channel wants them. Pure."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from dateutil.tz import resolve_imaginary

ZERO = timedelta()
_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)


class ChannelKind(StrEnum):
    """How a channel is spoken to."""

    APPRISE = "apprise"
    """Mail, chat and push services by their Apprise address."""
    WEBHOOK = "webhook"
    """Signed JSON by HTTP POST (Standard Webhooks)."""
    PEOPLE = "people"
    """Letters to people at their own addresses, by one mail server."""


class Digest(StrEnum):
    """Whether messages that are not urgent are gathered into one."""

    NONE = "none"
    HOURLY = "hourly"
    DAILY = "daily"


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel as it is wanted; times of the day are by the wall clock of `time_zone`.

    `urgent_priority`: orders of this priority or a more urgent one (1 is the most urgent; 0: none)
    are told at once, in quiet hours and past a digest too.
    """

    code: str
    name: str
    kind: ChannelKind
    address: str
    secret: str | None = None
    time_zone: str = "UTC"
    quiet_from: time | None = None
    quiet_to: time | None = None
    urgent_priority: int = 1
    digest: Digest = Digest.NONE
    digest_at: time = time(6)


@dataclass(frozen=True, slots=True)
class Timing:
    """When a message may leave, and whether it does so in a digest."""

    not_before: datetime
    digested: bool


def timing(channel: Channel, priority: int | None, at: datetime) -> Timing:
    """When a message that comes at `at` (UTC) leaves by the channel."""
    urgent = priority is not None and priority <= channel.urgent_priority
    if urgent:
        return Timing(at, digested=False)
    if channel.digest is Digest.NONE:
        return Timing(_awake(channel, at), digested=False)
    return Timing(_awake(channel, _digest_time(channel, at)), digested=True)


def _digest_time(channel: Channel, at: datetime) -> datetime:
    """The next moment after `at` at which the channel's digest leaves."""
    if channel.digest is Digest.HOURLY:
        return at.replace(minute=0, second=0, microsecond=0) + _HOUR
    return _next(channel, channel.digest_at, at)


def _awake(channel: Channel, at: datetime) -> datetime:
    """`at`, or the end of the quiet hours that it falls into."""
    start, end = channel.quiet_from, channel.quiet_to
    if start is None or end is None or start == end:
        return at
    clock = at.astimezone(ZoneInfo(channel.time_zone)).time()
    within = start <= clock < end if start < end else clock >= start or clock < end
    return _next(channel, end, at) if within else at


def _next(channel: Channel, clock: time, at: datetime) -> datetime:
    """The next time after `at` that the wall clock of the channel shows `clock`.

    Where the clock jumps over it, as much later as the jump is long.
    """
    zone = ZoneInfo(channel.time_zone)
    day = at.astimezone(zone).date()
    for later in (ZERO, _DAY):
        wall = datetime.combine(day + later, clock, zone)
        moment = resolve_imaginary(wall).astimezone(at.tzinfo)
        if moment > at:
            return moment
    message = f"no {clock} within two days of {at}"
    raise AssertionError(message)


_SCHEMES_WITH_HOST = frozenset(
    {"http", "https", "mailto", "mailtos", "json", "jsons", "smtp", "smtps"}
)
"""Whose address begins with a host; others begin with a token."""


def masked(address: str) -> str:
    """What of an address may be shown: its scheme and, where it has one, its host."""
    scheme, found, rest = address.partition("://")
    if not found:
        return "…"
    if scheme not in _SCHEMES_WITH_HOST:
        return f"{scheme}://…"
    host = rest.split("?")[0].rpartition("@")[2].split("/")[0]
    return f"{scheme}://{host}/…"
