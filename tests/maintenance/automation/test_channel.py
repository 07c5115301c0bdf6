"""When a channel wants its messages, and what of its address is shown."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maintenance.automation.channel import Channel, ChannelKind, Digest, Timing, masked, timing

START = datetime(2026, 1, 1, tzinfo=UTC)
NIGHT: dict[str, Any] = {"quiet_from": time(22), "quiet_to": time(6), "time_zone": "Europe/Berlin"}


def a_channel(**given_: Any) -> Channel:
    return Channel("c", "C", ChannelKind.APPRISE, "json://localhost", **given_)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "leaves"),
    [
        ("2026-03-02 20:59", "2026-03-02 20:59"),
        ("2026-03-02 21:00", "2026-03-03 05:00"),
        ("2026-03-03 04:59", "2026-03-03 05:00"),
        ("2026-03-03 05:00", "2026-03-03 05:00"),
        # The night in which the clocks go forward is an hour shorter.
        ("2026-03-28 22:00", "2026-03-29 04:00"),
        ("2026-10-24 21:00", "2026-10-25 05:00"),
    ],
)
def test_quiet_hours_follow_the_wall_clock(at: str, leaves: str) -> None:
    assert timing(a_channel(**NIGHT), 3, utc(at)) == Timing(utc(leaves), digested=False)


def test_quiet_hours_that_end_where_the_clock_jumps_end_after_the_jump() -> None:
    channel = a_channel(**{**NIGHT, "quiet_to": time(2, 30)})
    assert timing(channel, 3, utc("2026-03-28 23:00")).not_before == utc("2026-03-29 01:30")


@pytest.mark.parametrize("priority", [1, 2])
def test_what_is_urgent_passes_quiet_hours_and_digest(priority: int) -> None:
    channel = a_channel(**NIGHT, digest=Digest.DAILY, urgent_priority=2)
    at = utc("2026-03-02 23:00")
    assert timing(channel, priority, at) == Timing(at, digested=False)


def test_what_has_no_priority_is_never_urgent() -> None:
    assert timing(a_channel(**NIGHT), None, utc("2026-03-02 23:00")).not_before > utc(
        "2026-03-02 23:00"
    )


@pytest.mark.parametrize(
    ("digest", "at", "leaves"),
    [
        (Digest.HOURLY, "2026-03-02 10:00", "2026-03-02 11:00"),
        (Digest.HOURLY, "2026-03-02 10:59", "2026-03-02 11:00"),
        (Digest.DAILY, "2026-03-02 04:59", "2026-03-02 05:00"),
        (Digest.DAILY, "2026-03-02 05:00", "2026-03-03 05:00"),
    ],
)
def test_a_digest_leaves_at_its_time(digest: Digest, at: str, leaves: str) -> None:
    channel = a_channel(digest=digest, time_zone="Europe/Berlin")
    assert timing(channel, 3, utc(at)) == Timing(utc(leaves), digested=True)


@given(
    st.integers(0, 2 * 366 * 1440).map(lambda minutes: START + timedelta(minutes=minutes)),
    st.times(),
    st.times(),
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"]),
)
def test_nothing_leaves_in_quiet_hours_nor_before_it_came(
    at: datetime, start: time, end: time, zone: str
) -> None:
    channel = a_channel(quiet_from=start, quiet_to=end, time_zone=zone)
    leaves = timing(channel, 3, at).not_before
    assert leaves >= at
    clock = leaves.astimezone(ZoneInfo(zone)).time()
    within = start <= clock < end if start <= end else clock >= start or clock < end
    jumped = (
        leaves.astimezone(ZoneInfo(zone)).utcoffset() != at.astimezone(ZoneInfo(zone)).utcoffset()
    )
    assert not within or jumped


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("mailto://kim:secret@mail.example.com?to=a@b.c", "mailto://mail.example.com/…"),
        ("https://hooks.example.com/T0/secret", "https://hooks.example.com/…"),
        ("tgram://123456-token/789", "tgram://…"),
        ("nonsense", "…"),
    ],
)
def test_no_secret_of_an_address_is_shown(address: str, shown: str) -> None:
    assert masked(address) == shown
