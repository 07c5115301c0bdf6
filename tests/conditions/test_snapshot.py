"""A snapshot holds all that decides: an engine that goes on from one tells the same changes."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from conditions.change import Change
from conditions.engine import Engine, Part, Tick
from edge.reading import ReadingBatch, SensorAlarm
from tests.conditions.plants import S, plant

TEXT = """
asset_class: pump
inputs:
  vib: {point: vibration, unit: mm/s, max_age: 4s}
  temp: {point: temp, unit: degC}
rules:
- id: zone
  value: vib
  levels:
    high: {raise: "> 7", clear: "< 6", for: 2s, clear_for: 5s}
    medium: {raise: "> 4", clear: "< 3"}
- {id: hot, raise: "temp > 6", clear: "temp < 4", severity: high, for: 3s, clear_for: 3s}
- {id: trip, alarm: MOTOR_TRIP, for: 3s, clear_for: 1s}
"""
TAGS = ["P-1.vibration", "P-1.temp", "P-2.vibration", "P-2.vibration", "P-7.unread"]
SLOW = {"P-2.vibration": 20 * S}
VALUES = [0.0, 3.5, 5.0, 6.5, 8.0, 9.0, float("nan")]
RESTING_ROWS = 8


@st.composite
def parts(draw: st.DrawFn) -> list[Part]:
    """Readings, alarms and ticks that go forward in time by and large; one clock is slow."""
    found: list[Part] = []
    now = 0
    for number in range(draw(st.integers(0, 40))):
        now += draw(st.sampled_from([0, 1, 1, 2, 7]))
        ts = (now - draw(st.sampled_from([0, 0, 0, 1, 3, 30]))) * S
        kind = draw(st.sampled_from(["reading", "reading", "reading", "alarm", "tick"]))
        if kind == "tick":
            found.append(Tick(ts))
        elif kind == "alarm":
            code, active = draw(st.sampled_from(["MOTOR_TRIP", "HOT"])), draw(st.booleans())
            severity = draw(st.sampled_from([100, 500, 950]))
            found.append((SensorAlarm("P-1", code, ts, active, severity, f"message {number}"),))
        else:
            tag, value = draw(st.sampled_from(TAGS)), draw(st.sampled_from(VALUES))
            quality = draw(st.sampled_from([0, 0, 0, 0x83]))
            found.append(ReadingBatch.from_rows([(tag, ts - SLOW.get(tag, 0), value, quality)]))
    return found


def engine() -> Engine:
    return Engine(plant(TEXT), lateness_us=2 * S)


def restored(snapshot: bytes) -> Engine:
    other = engine()
    assert other.restore(snapshot) == []
    return other


def pieces(stream: Sequence[Part], cuts: Sequence[int]) -> Iterator[Sequence[Part]]:
    ends = sorted(cut % (len(stream) + 1) for cut in cuts)
    for start, end in zip([0, *ends], [*ends, len(stream)], strict=True):
        yield stream[start:end]


def in_order(changes: Sequence[Change]) -> list[Change]:
    """By time and event; changes of one event stay in the order in which they were told."""
    return sorted(changes, key=lambda change: (change.at_us, change.rule, change.asset))


def shown(change: Change) -> list[list[list[Any]]]:
    """The readings in a change's evidence, for each of its points."""
    return [point["readings"] for point in (change.evidence or {}).get("points", [])]


def without_readings(change: Change) -> str:
    evidence = change.evidence and {**change.evidence, "points": None}
    return repr(replace(change, evidence=evidence))


@settings(max_examples=60, deadline=None)
@given(parts(), st.lists(st.integers(0, 40), max_size=4))
def test_restarts_anywhere_change_nothing_but_the_length_of_evidence(
    stream: list[Part], cuts: list[int]
) -> None:
    whole, part = engine(), engine()
    expected = in_order(whole.feed(stream))
    found: list[Change] = []
    for piece in pieces(stream, cuts):
        found += part.feed(piece)
        part = restored(part.snapshot())
    found = in_order(found)
    assert list(map(without_readings, found)) == list(map(without_readings, expected))
    for one, other in zip(found, expected, strict=True):
        for kept, all_of_them in zip(shown(one), shown(other), strict=True):
            assert kept == all_of_them[-len(kept) :]
            assert len(kept) >= min(RESTING_ROWS, len(all_of_them))
    assert (part.open_keys, part.late_rows) == (whole.open_keys, whole.late_rows)


@settings(max_examples=60, deadline=None)
@given(parts(), st.lists(st.integers(0, 40), max_size=4))
def test_however_the_log_is_cut_the_changes_are_the_same_to_the_last_word(
    stream: list[Part], cuts: list[int]
) -> None:
    whole, part = engine(), engine()
    expected = in_order(whole.feed(stream))
    found = in_order([change for piece in pieces(stream, cuts) for change in part.feed(piece)])
    assert repr(found) == repr(expected)


def test_an_alarm_keeps_its_message_over_a_restart_inside_its_delay() -> None:
    one = engine()
    assert one.feed([(SensorAlarm("P-1", "MOTOR_TRIP", 0, True, 900, "winding hot"),)]) == []
    changes = restored(one.snapshot()).feed([Tick(5 * S)])
    assert changes[-1].message == "MOTOR_TRIP: winding hot"
    assert changes[0].evidence is not None
    assert changes[0].evidence["alarm"]["message"] == "winding hot"


def test_a_late_alarm_lends_its_message_to_no_event() -> None:
    one = engine()
    one.feed([(SensorAlarm("P-1", "MOTOR_TRIP", 10 * S, True, 500, "first"),)])
    one.feed([(SensorAlarm("P-1", "MOTOR_TRIP", 9 * S, True, 500, "late"),)])
    assert one.feed([Tick(15 * S)])[0].message == "MOTOR_TRIP: first"
