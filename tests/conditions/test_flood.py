"""Open events in groups by what they are part of and when they began."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from conditions.event import ConditionEvent, EventState, Severity
from conditions.flood import group
from conditions.silence import Place

START = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
# 1 a station with the pumps 2 and 3, 2 with the motor 4; 5 a belt that stands alone.
TAGS = {1: "PS-1", 2: "P-1", 3: "P-2", 4: "M-1", 5: "B-1"}
PARENTS = {1: None, 2: 1, 3: 1, 4: 2, 5: None}
PLACES = {number: Place(TAGS[number], PARENTS[number], "operating", "UTC") for number in TAGS}


def event(
    asset_id: int, second: float = 0, *, mode: str = "FLO", severity: Severity = Severity.LOW
) -> ConditionEvent:
    at = START + timedelta(seconds=second)
    return ConditionEvent(
        id=round(asset_id * 100_000 + second),
        key=f"{asset_id}-{second}",
        rule="a/b",
        asset_id=asset_id,
        asset=TAGS[asset_id],
        failure_mode=mode,
        state=EventState.ACTIVE,
        severity=severity,
        peak_severity=severity,
        message="",
        onset=at,
        raised_at=at,
        changed_at=at,
        cleared_at=None,
        value=None,
        work_order=None,
        evidence={},
        acknowledged_at=None,
        acknowledged_by=None,
    )


def test_parts_of_a_station_make_one_group_with_the_first_as_its_cause() -> None:
    events = [event(2, 20), event(1, 5, mode="PWR"), event(3, 10), event(4, 30)]
    (found,) = group(events, PLACES)
    assert (found.asset, found.cause.asset, found.flood) == ("PS-1", "PS-1", False)
    assert [one.asset for one in found.events] == ["PS-1", "P-2", "P-1", "M-1"]
    assert found.failure_modes == {"FLO": 3, "PWR": 1}


def test_of_events_at_once_the_highest_asset_is_the_cause() -> None:
    (found,) = group([event(4, severity=Severity.CRITICAL), event(2), event(1)], PLACES)
    assert found.cause.asset == "PS-1"


def test_two_parts_belong_together_though_the_whole_has_no_event() -> None:
    (found,) = group([event(2), event(3)], PLACES)
    assert found.asset == "PS-1"


def test_what_stands_alone_is_a_group_of_its_own() -> None:
    found = group([event(2), event(3), event(5)], PLACES)
    assert [(one.asset, len(one.events)) for one in found] == [("PS-1", 2), ("B-1", 1)]


def test_more_than_ten_minutes_part_a_group() -> None:
    found = group([event(2, 0), event(3, 600), event(2, 1201)], PLACES)
    assert [[one.asset for one in burst.events] for burst in found] == [["P-1", "P-2"], ["P-1"]]


def test_more_than_ten_events_are_a_flood() -> None:
    (found,) = group([event(2, second) for second in range(11)], PLACES)
    assert found.flood


def test_a_circle_in_the_register_ends() -> None:
    places = {1: Place("A", 2, "operating", "UTC"), 2: Place("B", 1, "operating", "UTC")}
    assert len(group([event(1), event(2)], places)) >= 1


EVENTS = st.lists(st.builds(event, st.sampled_from(list(TAGS)), st.integers(0, 3000)), max_size=40)


@given(EVENTS)
def test_every_event_is_in_one_group_and_their_order_does_not_matter(
    events: list[ConditionEvent],
) -> None:
    found = group(events, PLACES)
    ids = sorted(one.key for burst in found for one in burst.events)
    assert ids == sorted(one.key for one in events)
    for burst in found:
        assert burst.cause.onset == min(one.onset for one in burst.events)
    again = group(list(reversed(events)), PLACES)
    assert [len(one.events) for one in again] == [len(one.events) for one in found]
