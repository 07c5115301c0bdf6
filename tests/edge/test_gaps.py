"""A time in which nobody asked a device is marked, once for each point, and nothing else is."""

import asyncio
import math
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from config.documents import parse_document
from edge.gaps import LEAST_US, Gaps
from edge.health import Health
from edge.modbus.collector import ModbusCollector
from edge.modbus.source import ModbusSource
from edge.reading import ReadingBatch
from edge.reporting import ReportingSink
from edge.source_file import load_sources
from tests.edge.memory import Memory, Row

_S = 1_000_000
_GAP = 0x80 | 8
_LOST = 0x80 | 4
_EVERY = {"P-1.x": _S, "P-1.slow": 60 * _S}


def rows(readings: ReadingBatch) -> list[Row]:
    columns = readings.tag_index, readings.ts, readings.value, readings.quality
    listed = zip(*(column.tolist() for column in columns), strict=True)
    return [(readings.tags[index], ts, value, quality) for index, ts, value, quality in listed]


def marked(gaps: Gaps, *given: Row) -> list[Row]:
    return rows(gaps.marked(ReadingBatch.from_rows(given)))


def is_gap(row: Row, tag: str, ts: int) -> bool:
    return row[:2] == (tag, ts) and math.isnan(row[2]) and row[3] == _GAP


def test_a_gap_stands_just_after_the_last_reading_taken() -> None:
    gaps = Gaps(_EVERY)
    marked(gaps, ("P-1.x", 10 * _S, 1.0, 0))
    gaps.stood_still(60 * _S)
    first, second = marked(gaps, ("P-1.x", 71 * _S, 2.0, 0))
    assert is_gap(first, "P-1.x", 10 * _S + 1)
    assert second == ("P-1.x", 71 * _S, 2.0, 0)
    assert marked(gaps, ("P-1.x", 72 * _S, 3.0, 0)) == [("P-1.x", 72 * _S, 3.0, 0)]
    assert gaps.count == 1


def test_a_point_that_missed_no_poll_has_no_gap() -> None:
    gaps = Gaps(_EVERY)
    marked(gaps, ("P-1.x", 10 * _S, 1.0, 0), ("P-1.slow", 10 * _S, 1.0, 0))
    gaps.stood_still(30 * _S)
    found = marked(gaps, ("P-1.x", 41 * _S, 2.0, 0), ("P-1.slow", 70 * _S, 2.0, 0))
    assert [row[0] for row in found] == ["P-1.x", "P-1.x", "P-1.slow"]


def test_a_short_wait_is_no_gap() -> None:
    gaps = Gaps({"P-1.x": 50_000})
    marked(gaps, ("P-1.x", 10 * _S, 1.0, 0))
    gaps.stood_still(LEAST_US - 1)
    assert len(marked(gaps, ("P-1.x", 13 * _S, 2.0, 0))) == 1


def test_a_time_without_readings_that_the_log_did_not_cause_is_no_gap() -> None:
    gaps = Gaps(_EVERY)
    marked(gaps, ("P-1.x", 10 * _S, 1.0, 0))
    assert len(marked(gaps, ("P-1.x", 900 * _S, 2.0, 0))) == 1


def test_a_point_that_was_bad_already_needs_no_mark() -> None:
    gaps = Gaps(_EVERY)
    marked(gaps, ("P-1.x", 10 * _S, 1.0, 0), ("P-1.x", 11 * _S, math.nan, _LOST))
    gaps.stood_still(60 * _S)
    assert len(marked(gaps, ("P-1.x", 80 * _S, 2.0, 0))) == 1


def test_points_that_send_by_themselves_have_no_gaps() -> None:
    gaps = Gaps({})
    marked(gaps, ("P-1.x", 10 * _S, 1.0, 0))
    gaps.stood_still(60 * _S)
    assert len(marked(gaps, ("P-1.x", 80 * _S, 2.0, 0))) == 1


@given(st.lists(st.tuples(st.integers(1, 90), st.booleans()), min_size=1, max_size=30))
def test_marks_change_no_reading_and_stand_between_two(steps: Sequence[tuple[int, bool]]) -> None:
    gaps = Gaps(_EVERY)
    ts, told, given_rows = 0, list[Row](), list[Row]()
    for seconds, still in steps:
        ts += seconds * _S
        row = ("P-1.x", ts, float(ts), 0)
        given_rows.append(row)
        told += marked(gaps, row)
        if still:
            gaps.stood_still(seconds * _S)
    assert [row for row in told if row[3] != _GAP] == given_rows
    times = [row[1] for row in told]
    assert times == sorted(set(times))
    assert gaps.count == len(told) - len(given_rows)


async def test_a_sink_that_had_to_wait_marks_the_gap_past_the_deadband(memory: Memory) -> None:
    health = Health("s", asked_every_us={"P-1.x": _S})

    class Slow:
        """A log that makes the first put wait for longer than a gap needs."""

        def __init__(self) -> None:
            self.waits = [LEAST_US / 1e6 + 0.1]

        async def put(self, readings: ReadingBatch, alarms: tuple[()] = ()) -> None:
            await asyncio.sleep(self.waits.pop() if self.waits else 0)
            await memory.put(readings, alarms)

    sink = ReportingSink(Slow(), lambda _: None, health)
    await sink.put(ReadingBatch.from_rows([("P-1.x", 10 * _S, 1.0, 0)]))
    await sink.put(ReadingBatch.from_rows([("P-1.x", 20 * _S, 1.0, 0)]))
    assert [row[1] for row in memory.rows] == [10 * _S, 10 * _S + 1, 20 * _S]
    assert health.gaps == 1
    assert health.part().metrics["gaps_total"] == 1.0


def test_modbus_tells_how_often_it_asks_for_each_point_but_not_for_alarms() -> None:
    text = """
    sources:
      - type: modbus
        name: hall
        connect: tcp://127.0.0.1:1
        every: 2s
        devices:
          - unit: 1
            asset: P-1
            points: {x: {at: 0}, slow: {at: 5, every: 60s}}
            alarms: {HOT: {at: 9, bit: 1, severity: 500, message: hot}}
    """
    (source,), problems = load_sources([parse_document(text, "s.yaml")])
    assert problems == []
    assert isinstance(source, ModbusSource)
    asked = ModbusCollector(source).health().asked_every_us
    assert asked == {"P-1.x": 2 * _S, "P-1.slow": 60 * _S}
