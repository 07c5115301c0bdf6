"""Which events are silenced, and by what: shelves, outages, suppressions. Pure.

An asset inherits from those above it: out of service and suppressed hold for an asset with its parts.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from conditions.event import Silence
from conditions.suppression import Suppression, SuppressionKind


@dataclass(frozen=True, slots=True)
class Standing:
    """A suppression that a person put into force; without an asset everywhere, without a rule for
    every one."""

    id: int
    asset_id: int | None
    rule: str | None
    what: Suppression
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Shelf:
    """Put aside by a person: every event of a rule on an asset, or one event of it."""

    id: int
    asset_id: int
    rule: str
    event_key: str | None
    """The one event that is shelved; None: all of them, for the shelf's time."""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Outage:
    """Out of service: an asset with its parts, or one rule on it."""

    id: int
    asset_id: int
    rule: str | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an asset stands: what it is part of, its operating state, its site's time zone."""

    tag: str
    parent_id: int | None
    state: str
    zone: str


@dataclass(frozen=True, slots=True)
class Facts:
    """All that decides what is silenced at one moment.

    `of_rule` is what the rules themselves say. `active` has each (asset, rule) that holds and is not
    out of service.
    """

    shelves: Sequence[Shelf] = ()
    outages: Sequence[Outage] = ()
    standing: Sequence[Standing] = ()
    of_rule: Mapping[str, Sequence[Suppression]] = field(default_factory=dict)
    places: Mapping[int, Place] = field(default_factory=dict)
    active: frozenset[tuple[int, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Alarm:
    """What is to be judged: an event by its key, asset and rule."""

    key: str
    asset_id: int
    rule: str


Silences = Mapping[Silence, str]
"""What silences an event, each with the reason in words."""

_UNDER_MAINTENANCE = "maintenance"


def silences_of(alarm: Alarm, facts: Facts, now: datetime) -> Silences:
    """What silences an event at a moment; an empty mapping: it is annunciated."""
    line = list(_upwards(alarm.asset_id, facts.places))
    found: dict[Silence, str] = {}
    if shelf := next((s for s in facts.shelves if _shelves(s, alarm)), None):
        found[Silence.SHELVED] = shelf.reason
    if why := _suppressed(alarm, line, facts, now):
        found[Silence.SUPPRESSED] = why
    if outage := next((o for o in facts.outages if _takes_out(o, alarm, line)), None):
        found[Silence.OUT_OF_SERVICE] = outage.reason
    return found


def _shelves(shelf: Shelf, alarm: Alarm) -> bool:
    if shelf.event_key is not None:
        return shelf.event_key == alarm.key
    return (shelf.asset_id, shelf.rule) == (alarm.asset_id, alarm.rule)


def _takes_out(outage: Outage, alarm: Alarm, line: Sequence[int]) -> bool:
    if outage.rule is None:
        return outage.asset_id in line
    return (outage.asset_id, outage.rule) == (alarm.asset_id, alarm.rule)


def _suppressed(alarm: Alarm, line: Sequence[int], facts: Facts, now: datetime) -> str | None:
    for asset_id in line:
        place = facts.places.get(asset_id)
        if place is not None and place.state == _UNDER_MAINTENANCE:
            return f"{place.tag} is under maintenance"
    for suppression, reason in _concerning(alarm, line, facts):
        if why := _holds(suppression, alarm, line, facts, now):
            return reason or why
    return None


def _concerning(
    alarm: Alarm, line: Sequence[int], facts: Facts
) -> Iterator[tuple[Suppression, str]]:
    """The suppressions that an event is under, by its rule and by people, with their reasons."""
    for suppression in facts.of_rule.get(alarm.rule, ()):
        yield suppression, ""
    for one in facts.standing:
        here = one.asset_id is None or one.asset_id in line
        if here and one.rule in (None, alarm.rule):
            yield one.what, one.reason


def _holds(
    suppression: Suppression, alarm: Alarm, line: Sequence[int], facts: Facts, now: datetime
) -> str | None:
    """Why a suppression holds for an event just now; None where it does not."""
    if suppression.kind is SuppressionKind.PARENT:
        return _active_above(suppression, line[1:], facts)
    if suppression.kind is SuppressionKind.ASSET_STATE:
        return _in_state(suppression, line, facts)
    zone = facts.places[alarm.asset_id].zone if alarm.asset_id in facts.places else "UTC"
    window = suppression.window
    held = window is not None and window.covers(now.astimezone(ZoneInfo(zone)))
    return "it is within a window of its rule" if held else None


def _active_above(suppression: Suppression, above: Sequence[int], facts: Facts) -> str | None:
    for asset_id, rule in sorted(facts.active):
        names = ("", rule, rule.rpartition("/")[2])
        if asset_id in above and suppression.rule in names:
            tag = facts.places[asset_id].tag if asset_id in facts.places else str(asset_id)
            return f"{rule} of {tag} is active"
    return None


def _in_state(suppression: Suppression, line: Sequence[int], facts: Facts) -> str | None:
    for asset_id in line:
        place = facts.places.get(asset_id)
        if place is not None and place.state in suppression.states:
            return f"{place.tag} is in the state {place.state}"
    return None


def _upwards(asset_id: int, places: Mapping[int, Place]) -> Iterator[int]:
    """An asset and those above it; a circle in the register ends where it closes."""
    seen: set[int] = set()
    here: int | None = asset_id
    while here is not None and here not in seen:
        yield here
        seen.add(here)
        place = places.get(here)
        here = place.parent_id if place else None
