"""Report by exception: what is left out can be told from what was sent, and silence has an end."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.filter import BatchFilter, Deadband, PointFilter, Report, parse_deadband
from edge.health import Health
from edge.reading import ReadingBatch, SensorAlarm
from edge.reporting import ReportingSink
from tests.edge.memory import Memory

S = 1_000_000
BAD = 0x84

Reading = tuple[int, float, int]


def sent(report: Report, readings: list[Reading]) -> list[Reading]:
    judge = PointFilter(report)
    return [reading for reading in readings if judge.is_news(*reading)]


def steady(report: Report, *values: float) -> list[float]:
    """What is sent of values that come one each second."""
    return [value for _, value, _ in sent(report, [(n * S, v, 0) for n, v in enumerate(values)])]


@pytest.mark.parametrize(
    ("value", "deadband"),
    [
        (0.5, Deadband(0.5)),
        (2, Deadband(2.0)),
        (1e-05, Deadband(1e-05)),
        ("1%", Deadband(share=0.01)),
        (" 2.5 % ", Deadband(share=0.025)),
        ("0.5", Deadband(0.5)),
    ],
)
def test_a_deadband_is_a_number_or_a_share(value: object, deadband: Deadband) -> None:
    assert parse_deadband(value) == deadband


@pytest.mark.parametrize(
    "value", [-1, True, None, math.nan, math.inf, "1mm", "%", "-1%", "1e400", "", [1], "9" * 400]
)
def test_anything_else_is_no_deadband(value: object) -> None:
    with pytest.raises(ValueError, match=r"is not a deadband \| Write a number"):
        parse_deadband(value)


def test_small_moves_from_the_last_value_sent_add_up() -> None:
    report = Report(Deadband(1.0), 3600 * S)
    assert steady(report, 0.0, 0.6, 1.0, 1.2, 1.8, 2.3) == [0.0, 1.2, 2.3]


def test_a_share_is_of_the_last_value_sent() -> None:
    report = Report(Deadband(share=0.1), 3600 * S)
    assert steady(report, 100.0, 109.0, 111.0, 121.0, 123.0) == [100.0, 111.0, 123.0]
    assert steady(report, 0.0, 0.0, 0.001, -0.001) == [0.0, 0.001, -0.001]


def test_a_deadband_of_nothing_sends_each_change() -> None:
    assert steady(Report(Deadband(), 3600 * S), 1.0, 1.0, 0.0, 0.0, 1.0) == [1.0, 0.0, 1.0]


def test_a_change_of_quality_is_news_and_what_stays_bad_is_not() -> None:
    readings = [(0, 5.0, 0), (1, math.nan, BAD), (2, math.nan, BAD), (3, 5.0, 0), (4, 5.0, 0x40)]
    news = sent(Report(Deadband(9.0), 3600 * S), [(s * S, v, q) for s, v, q in readings])
    assert [ts // S for ts, _, _ in news] == [0, 1, 3, 4]


def test_a_number_after_none_is_news_in_the_same_quality() -> None:
    readings = [(0, math.nan, BAD), (S, 5.0, BAD), (2 * S, math.nan, BAD)]
    assert sent(Report(Deadband(9.0), 3600 * S), readings) == readings


def test_a_reading_from_before_goes_and_so_does_the_next() -> None:
    readings = [(10 * S, 1.0, 0), (5 * S, 1.0, 0), (11 * S, 1.0, 0), (12 * S, 1.0, 0)]
    assert sent(Report(Deadband(1.0), 3600 * S), readings) == readings[:3]


deadbands = st.one_of(
    st.floats(0, 50).map(Deadband), st.floats(0, 0.5).map(lambda share: Deadband(share=share))
)
values = st.one_of(st.floats(-100, 100), st.sampled_from([0.0, 1.0, math.nan]))
qualities = st.sampled_from([0, 0, 0, 0x40, BAD])


@given(deadbands, st.integers(1, 20), st.lists(st.tuples(st.integers(1, 30), values, qualities)))
def test_what_is_left_out_is_within_the_deadband_and_quality_of_what_was_sent(
    deadband: Deadband, heartbeat: int, steps: list[tuple[int, float, int]]
) -> None:
    judge, now = PointFilter(Report(deadband, heartbeat)), 0
    standing: Reading = (0, math.nan, -1)
    for step, value, quality in steps:
        now += step
        if judge.is_news(now, value, quality):
            standing = (now, value, quality)
            continue
        since, stands, was = standing
        assert quality == was
        assert now - since < heartbeat
        assert math.isnan(value) == math.isnan(stands)
        assert math.isnan(value) or abs(value - stands) <= deadband.around(stands)


@given(st.integers(1, 60), st.integers(1, 60), st.integers(2, 200))
def test_a_steady_pace_is_never_silent_for_longer_than_the_heartbeat(
    pace: int, heartbeat: int, count: int
) -> None:
    readings = [(n * pace, 1.0, 0) for n in range(count)]
    times = [ts for ts, _, _ in sent(Report(Deadband(1.0), heartbeat), readings)]
    longest = max(pace, heartbeat)
    assert all(later - earlier <= longest for earlier, later in itertools.pairwise(times))
    assert readings[-1][0] - times[-1] < longest


@given(st.lists(st.tuples(st.sampled_from("AB"), st.integers(1, 5), values, qualities)))
def test_points_in_one_batch_are_judged_each_by_itself(
    steps: list[tuple[str, int, float, int]],
) -> None:
    report = Report(Deadband(10.0), 20)
    rows, now = [], 0
    for asset, step, value, quality in steps:
        now += step
        rows += [(f"{asset}.x", now, value, quality), (f"{asset}.raw", now, value, quality)]
    reports = {"A.x": report, "B.x": report}
    news = BatchFilter(reports.get).news(ReadingBatch.from_rows(rows))
    found = [(news.tags[i], ts) for i, ts in zip(news.tag_index, news.ts.tolist(), strict=True)]
    judges = {tag: PointFilter(report) for tag in reports}
    assert found == [
        (tag, ts) for tag, ts, v, q in rows if tag not in judges or judges[tag].is_news(ts, v, q)
    ]


REPORT = Report(Deadband(1.0), 3600 * S)


def batch(ts: int, value: float) -> ReadingBatch:
    return ReadingBatch.from_rows([("P-1.x", ts, value, 0)])


async def test_alarms_are_never_left_out(memory: Memory) -> None:
    health = Health("a")
    sink = ReportingSink(memory, lambda _: REPORT, health)
    alarm = SensorAlarm("P-1", "HOT", 2, active=True, severity=500, message="")
    await sink.put(batch(1, 1.0))
    await sink.put(batch(2, 1.0), (alarm, alarm))
    assert (memory.values("P-1.x"), memory.alarms) == ([1.0], [alarm, alarm])
    assert health.unchanged == 1


async def test_what_is_put_says_which_source_it_came_from() -> None:
    class Sources(Memory):
        async def put(self, readings: ReadingBatch, alarms: tuple[SensorAlarm, ...] = ()) -> None:
            assert readings.source == "hall"
            await super().put(readings, alarms)

    memory = Sources()
    await ReportingSink(memory, lambda _: REPORT, Health("hall"), source="hall").put(batch(1, 1.0))
    assert memory.values("P-1.x") == [1.0]


async def test_what_the_log_may_not_have_is_news_again() -> None:
    class Broken(Memory):
        async def put(self, readings: ReadingBatch, alarms: tuple[SensorAlarm, ...] = ()) -> None:
            await super().put(readings, alarms)
            if len(self.rows) == 1:
                raise ValueError("no text")

    memory = Broken()
    sink = ReportingSink(memory, lambda _: REPORT, Health("a"))
    with pytest.raises(ValueError, match="no text"):
        await sink.put(batch(1, 1.0))
    await sink.put(batch(2, 1.0))
    await sink.put(batch(3, 1.0))
    assert [row[1] for row in memory.rows] == [1, 2]
