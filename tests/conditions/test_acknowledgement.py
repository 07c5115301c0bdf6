"""Acknowledged at the device: the alarm's event says so, once, however the log is cut or replayed."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg import Rollback

from conditions.acknowledgement import Acknowledgement, in_order
from conditions.alarm_service import Saying, acknowledge, settle, shelve, unshelve
from conditions.change import Change
from conditions.engine import Engine, Part, Tick
from conditions.event import Severity
from conditions.event_queries import find_events
from conditions.event_store import save_changes
from conditions.queries import load_plant
from conditions.rule_service import apply_rules
from config.clock import from_us
from config.database import Connection
from edge.reading import SensorAlarm
from tests.conditions.plants import S, plant, register, rows, rules

TEXT = """
asset_class: pump
inputs:
  temp: {point: temp, unit: degC}
rules:
- {id: trip, alarm: MOTOR_TRIP, for: 3s, clear_for: 2s}
- {id: trip_at_once, alarm: MOTOR_TRIP, severity: critical}
"""
AT = 1_700_000_000
PRESS = "source:press"
ANN = Saying("ann", "walked by")


def alarm(
    second: float, *, on: bool = True, seen: bool = False, severity: int = 500, code: str = "HOT"
) -> SensorAlarm:
    ts = round((AT + second) * S)
    return SensorAlarm("P-1", code, ts, on, severity, "", PRESS if seen else "")


def engine() -> Engine:
    return Engine(plant(TEXT), lateness_us=2 * S)


def fed(one: Engine, *parts: Part) -> list[Change | Acknowledgement]:
    return in_order(one.feed(parts), one.acknowledgements)


def seen(one: Engine, *parts: Part) -> list[tuple[str, float]]:
    """What is acknowledged: the rule, and when, in s."""
    found = fed(one, *parts)
    return [(each.rule, each.at_us / S - AT) for each in found if isinstance(each, Acknowledgement)]


@st.composite
def streams(draw: st.DrawFn) -> list[Part]:
    """Alarms and ticks that go forward in time by and large."""
    found: list[Part] = []
    now = 0
    for _ in range(draw(st.integers(0, 25))):
        now += draw(st.sampled_from([0, 1, 1, 2, 7]))
        second = now - draw(st.sampled_from([0, 0, 0, 1, 3]))
        if draw(st.integers(0, 3)) == 0:
            found.append(Tick((AT + second) * S))
            continue
        told = alarm(
            second,
            on=draw(st.booleans()),
            seen=draw(st.booleans()),
            severity=draw(st.sampled_from([100, 500, 950])),
            code=draw(st.sampled_from(["MOTOR_TRIP", "HOT"])),
        )
        found.append((told,))
    return found


def cut(stream: Sequence[Part], cuts: Sequence[int]) -> list[Sequence[Part]]:
    ends = sorted(each % (len(stream) + 1) for each in cuts)
    return [stream[start:end] for start, end in zip([0, *ends], [*ends, len(stream)], strict=True)]


@settings(max_examples=40, deadline=None)
@given(streams(), st.lists(st.integers(0, 25), max_size=4))
def test_however_the_log_is_cut_the_same_is_acknowledged(
    stream: list[Part], cuts: list[int]
) -> None:
    whole, part = engine(), engine()
    expected = seen(whole, *stream)
    found: list[tuple[str, float]] = []
    for piece in cut(stream, cuts):
        found += seen(part, *piece)
        other = engine()
        assert other.restore(part.snapshot()) == []
        part = other
    assert sorted(found) == sorted(expected)


def test_an_alarm_is_acknowledged_when_its_device_says_so() -> None:
    one = engine()
    assert seen(one, (alarm(0),)) == []
    assert seen(one, (alarm(2, seen=True),)) == [("alarm/HOT", 2)]


def test_what_is_told_again_is_not_acknowledged_again() -> None:
    one = engine()
    assert seen(one, (alarm(0), alarm(2, seen=True), alarm(3, seen=True))) == [("alarm/HOT", 2)]
    assert seen(one, (alarm(2, seen=True), alarm(4, on=False, seen=True))) == []
    assert seen(one, (alarm(5, seen=True),)) == [("alarm/HOT", 5)]


def test_what_clears_and_is_acknowledged_in_one_was_seen_by_nobody() -> None:
    one = engine()
    assert seen(one, (alarm(0), alarm(2, on=False, seen=True), alarm(3, on=False, seen=True))) == []


def test_every_rule_over_an_alarm_hears_of_its_acknowledgement() -> None:
    stream = alarm(0, code="MOTOR_TRIP"), alarm(5, seen=True, code="MOTOR_TRIP")
    rules = [rule for rule, _ in seen(engine(), stream)]
    assert rules == ["pump/trip", "pump/trip_at_once"]


def test_an_alarm_that_was_acknowledged_inside_its_delay_is_raised_so() -> None:
    stream = (alarm(0, code="MOTOR_TRIP"), alarm(1, seen=True, code="MOTOR_TRIP"))
    assert ("pump/trip", 3) in seen(engine(), stream, Tick((AT + 9) * S))


@pytest.fixture
async def pump(connection: Connection) -> Connection:
    """A database with a pump and the rules over its alarms."""
    await register(connection, {"P-1.temp": "degC"})
    await apply_rules(connection, rules(TEXT))
    return connection


async def take(connection: Connection, *pieces: Sequence[Part]) -> None:
    """Evaluate pieces of the log from its beginning, as a worker without a snapshot does."""
    one = Engine(await load_plant(connection, partition=0, partitions=1), lateness_us=2 * S)
    for piece in pieces:
        async with connection.transaction():
            await save_changes(connection, fed(one, *piece))


async def state(connection: Connection) -> Any:
    """(when and by whom each event was seen, the audit trail)."""
    events = "SELECT rule, acknowledged_at, acknowledged_by FROM condition_event ORDER BY key"
    trail = "SELECT e.key, c.action, c.actor, c.after FROM alarm_change c JOIN condition_event e "
    trail += "ON e.id = c.event_id ORDER BY c.id"
    return await rows(connection, events), sorted(map(str, await rows(connection, trail)))


async def test_the_event_says_when_its_source_acknowledged_it(pump: Connection) -> None:
    await take(pump, [(alarm(0), alarm(2, seen=True))])
    ((_, at, by),) = (await state(pump))[0]
    assert (at, by) == (from_us((AT + 2) * S), PRESS)
    (event,) = await find_events(pump)
    assert event.acknowledged_by == PRESS


async def test_a_replay_tells_of_it_once(pump: Connection) -> None:
    stream = [(alarm(0), alarm(2, seen=True)), (alarm(3, on=False, seen=True),)]
    await take(pump, stream)
    first = await state(pump)
    await take(pump, stream)
    assert await state(pump) == first
    assert len(first[1]) == 1


async def test_a_person_who_was_first_stays(pump: Connection) -> None:
    await take(pump, [(alarm(0),)])
    (event,) = await find_events(pump)
    await acknowledge(pump, event.id, ANN)
    await take(pump, [(alarm(0), alarm(2, seen=True))])
    ((_, _, by),) = (await state(pump))[0]
    assert by == "ann"


async def test_what_gets_worse_has_to_be_acknowledged_again_also_in_a_replay(
    pump: Connection,
) -> None:
    stream = [(alarm(0), alarm(2, seen=True), alarm(3, severity=950))]
    await take(pump, stream)
    assert [by for _, _, by in (await state(pump))[0]] == [None]
    await take(pump, stream)
    assert [by for _, _, by in (await state(pump))[0]] == [None]
    await take(pump, [*stream, (alarm(4, severity=950, seen=True),)])
    assert [by for _, _, by in (await state(pump))[0]] == [PRESS]


async def test_what_is_worse_and_acknowledged_at_once_is_acknowledged(pump: Connection) -> None:
    await take(pump, [(alarm(0), alarm(2, seen=True), alarm(3, severity=950, seen=True))])
    (event,) = await find_events(pump)
    assert (event.severity, event.acknowledged_by) == (Severity.CRITICAL, PRESS)


async def test_an_event_that_cleared_unseen_is_acknowledged_afterwards(pump: Connection) -> None:
    stream = [(alarm(0), alarm(2, on=False)), (alarm(4, on=False, seen=True),)]
    await take(pump, stream)
    (event,) = await find_events(pump)
    assert (event.acknowledged_at, event.acknowledged_by) == (from_us((AT + 4) * S), PRESS)


async def test_the_acknowledgement_of_an_alarm_that_is_pending_is_not_that_of_the_one_before(
    pump: Connection,
) -> None:
    before = alarm(0, code="MOTOR_TRIP"), alarm(5, on=False, code="MOTOR_TRIP")
    pending = alarm(20, code="MOTOR_TRIP"), alarm(21, seen=True, code="MOTOR_TRIP")
    await take(pump, [before, pending])
    seen = {rule: by for rule, _, by in (await state(pump))[0] if rule == "pump/trip"}
    assert seen == {"pump/trip": None}


async def test_what_is_annunciated_anew_is_not_acknowledged_by_a_replay(pump: Connection) -> None:
    stream = [(alarm(0), alarm(2, seen=True))]
    await take(pump, stream)
    (event,) = await find_events(pump)
    now = from_us((AT + 60) * S)
    await shelve(pump, event.id, ANN, now=now)
    await unshelve(pump, event.id, ANN, now=now)
    await settle(pump, now=now)
    await take(pump, stream)
    assert [by for _, _, by in (await state(pump))[0]] == [None]


@pytest.mark.parametrize("cuts", [[1], [2, 5], [1, 2, 3, 4, 5, 6, 7, 8]])
async def test_the_database_says_the_same_however_the_log_is_cut(
    pump: Connection, cuts: list[int]
) -> None:
    stream: list[Part] = [
        (alarm(0, code="MOTOR_TRIP"),),
        (alarm(1, seen=True, code="MOTOR_TRIP"), alarm(1)),
        (alarm(2, seen=True), alarm(3, severity=950)),
        Tick((AT + 8) * S),
        (alarm(9, on=False, severity=950), alarm(10, on=False, seen=True)),
        (alarm(10, on=False, code="MOTOR_TRIP"),),
        (alarm(20, seen=True), alarm(20, seen=True, code="MOTOR_TRIP")),
        Tick((AT + 40) * S),
    ]
    async with pump.transaction() as whole:
        await take(pump, stream)
        expected = await state(pump)
        raise Rollback(whole)
    await take(pump, *cut(stream, cuts))
    assert await state(pump) == expected
    assert any(by for _, _, by in expected[0])
