"""Backtests over history in a database, from request to kept result."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from api.backtests import store
from api.backtests.queries import get_backtest, result_of
from api.backtests.result import BacktestResult
from api.backtests.run import run_kept, run_request
from conditions.backtest.reading import Stopwatch, read_history
from conditions.errors import BacktestCancelled, BacktestRefused
from conditions.event_queries import find_events
from conditions.rule_service import apply_rules, draft_rule
from config.clock import to_us
from config.database import Connection, connect
from edge.reading import ReadingBatch
from ingest.points import load_points
from tests.api.backtests.scene import DAY, asked, keep, store_day
from tests.conditions.plants import RULES, rows, rules

pytestmark = pytest.mark.store

STRICT = RULES.replace('"> 4"', '"> 6"').replace('"< 3"', '"< 5"')


def silent(_share: float, _readings: int) -> None:
    """Nobody looks on."""


@pytest.fixture
async def day(connection: Connection) -> Connection:
    """A database with the day."""
    await store_day(connection)
    return connection


async def run(connection: Connection, **more: Any) -> BacktestResult:
    return await run_request(connection, asked(**more), on_progress=silent)


async def test_events_and_orders_are_held_against_the_failure(day: Connection) -> None:
    result = await run(day)
    (variant,) = result.variants
    raised = [(event.asset, event.raised_at.hour, event.peak_severity) for event in variant.events]
    assert raised == [("P-1", 2, "medium"), ("P-1", 12, "medium"), ("P-1", 18, "high")]
    # The one at 18:00 is worse than what was worked on, so the cooldown does not hold it back.
    assert [(order.raised_at.hour, order.held_back) for order in variant.orders] == [
        (2, 2),
        (18, 0),
    ]
    score = variant.by_event
    assert (score.true, score.false, score.precision, score.recall) == (2, 1, 2 / 3, 1.0)
    (failure,) = variant.failures
    assert (failure.sign_hours, failure.scored) == (8.0, True)
    assert score.lead_hours == 8.0


async def test_what_was_read_is_told(day: Connection) -> None:
    result = await run(day)
    assert (result.assets, result.points) == (["P-1", "P-2"], 3)
    assert result.readings == 3 * 24 * 60
    assert result.left_out == {
        "pump/trip": "is left out: no device of its class told of the alarm MOTOR_TRIP"
    }


async def tell(connection: Connection, *said: tuple[str, float, bool, int]) -> None:
    """Alarms MOTOR_TRIP as ingest keeps them: (asset, hour of the day, active, severity)."""
    for asset, hour, active, severity in said:
        await connection.execute(
            "INSERT INTO sensor_alarm (asset_tag, code, ts, active, severity, message)"
            " VALUES (%s, 'MOTOR_TRIP', %s, %s, %s, 'overload')",
            [asset, DAY + timedelta(hours=hour), active, severity],
        )


async def test_device_alarms_are_replayed_and_ask_for_orders(day: Connection) -> None:
    await tell(day, ("P-1", 6, True, 950), ("P-1", 7, False, 950), ("P-2", 9, True, 950))
    result = await run(day)
    assert result.left_out == {}
    (variant,) = result.variants
    trips = [event for event in variant.events if event.rule == "pump/trip"]
    assert [(one.asset, one.raised_at.hour, one.peak_severity) for one in trips] == [
        ("P-1", 6, "critical"),
        ("P-2", 9, "critical"),
    ]
    assert [one.cleared_at and one.cleared_at.hour for one in trips] == [7, None]
    assert "pump/trip" in {order.rule for order in variant.orders}


async def test_an_alarm_that_was_active_before_the_range_is_no_new_event(day: Connection) -> None:
    await tell(day, ("P-1", -5, True, 950), ("P-1", 3, True, 900), ("P-1", 8, False, 900))
    result = await run(day, rules=[{"rule": "pump/trip"}])
    assert result.variants[0].events == []


async def test_an_asset_without_points_is_replayed_by_its_alarms(day: Connection) -> None:
    await day.execute("UPDATE point SET retired_at = now()")
    await tell(day, ("P-2", 9, True, 950))
    result = await run(day, rules=[{"rule": "pump/trip"}])
    assert (result.assets, result.points) == (["P-1", "P-2"], 0)
    assert [event.asset for event in result.variants[0].events] == ["P-2"]


async def test_alarms_of_a_device_without_a_rule_are_not_replayed(day: Connection) -> None:
    await tell(day, ("P-1", 6, True, 950))
    await day.execute("UPDATE sensor_alarm SET code = 'DOOR'")
    result = await run(day)
    assert {event.rule for event in result.variants[0].events} == {"pump/zone"}


async def test_nothing_is_raised_for_it(day: Connection) -> None:
    await run(day)
    assert await find_events(day) == []
    assert await rows(day, "SELECT count(*) FROM work_order") == [(0,)]


async def test_a_backtest_may_be_of_some_rules_and_assets(day: Connection) -> None:
    result = await run(day, rules=[{"rule": "pump/zone"}], assets=["P-2"])
    assert (result.assets, result.points) == (["P-2"], 1)
    assert [rule.rule for rule in result.variants[0].rules] == ["pump/zone"]
    assert result.variants[0].events == []


async def test_values_of_parameters_are_tried(day: Connection) -> None:
    result = await run(day, params={"trip": 9.0})
    assert {event.peak_severity for event in result.variants[0].events} == {"medium"}


async def test_a_rule_that_is_not_stored_is_tried(day: Connection) -> None:
    definition = next(dict(rule.definition) for rule in rules(STRICT) if rule.id == "zone")
    result = await run(day, definitions=[definition])
    assert [event.raised_at.hour for event in result.variants[0].events] == [18]


async def test_versions_are_compared_over_one_reading(day: Connection) -> None:
    zone = next(rule for rule in rules(STRICT) if rule.id == "zone")
    version = await draft_rule(day, zone, actor="kim")
    tested = [{"rule": "pump/zone", "version": version}]
    result = await run(day, kind="diff", rules=tested)
    assert [variant.label for variant in result.variants] == ["before", "after"]
    found = result.difference
    assert found is not None
    assert [event.raised_at.hour for event in found.only_before] == [2, 12]
    assert (found.only_after, found.same, len(found.shifted)) == ([], 1, 0)
    assert result.readings == 2 * 24 * 60
    back = await run(day, kind="diff", rules=[{"rule": "pump/zone"}], against=tested)
    assert back.difference is not None
    assert [event.raised_at.hour for event in back.difference.only_after] == [2, 12]


async def test_a_sweep_gives_a_point_for_each_value(day: Connection) -> None:
    sweep = {"parameter": "trip", "values": [9, 4, 7]}
    result = await run(day, kind="sweep", sweep=sweep)
    found = [(one.value, one.figures.events, one.orders_made) for one in result.variants]
    assert [value for value, *_ in found] == [4.0, 7.0, 9.0]
    assert all(one.events == [] for one in result.variants)
    assert result.variants[0].rules[0].rule == "pump/zone"


async def test_a_swept_value_counts_for_assets_with_one_of_their_own(day: Connection) -> None:
    await day.execute("INSERT INTO rule_parameter SELECT id, 'trip', 100, 'f' FROM asset")
    usual = await run(day)
    assert {event.peak_severity for event in usual.variants[0].events} == {"medium"}
    swept = await run(day, kind="sweep", sweep={"parameter": "trip", "values": [7]})
    assert swept.variants[0].figures.events == usual.variants[0].figures.events


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"end": DAY.replace(year=2000)}, "start has to be before end"),
        ({"rules": [{"rule": "pump/trip"}]}, "told of the alarm MOTOR_TRIP"),
        ({"assets": ["P-9"]}, "no asset has a point"),
        ({"kind": "sweep"}, "which parameter"),
        ({"kind": "sweep", "sweep": {"parameter": "x", "values": [1]}}, "there are: trip"),
        ({"definitions": [{"nonsense": 1}]}, "cannot be read"),
    ],
)
async def test_what_can_tell_nothing_is_refused(
    day: Connection, more: dict[str, Any], said: str
) -> None:
    with pytest.raises(BacktestRefused, match=said):
        await run(day, **more)


async def test_failures_on_record_are_completed_corrective_orders(day: Connection) -> None:
    await day.execute(
        """
        INSERT INTO work_order (asset_id, site_id, type, origin, title, failure_mode, priority,
            priority_reason, state, created_by, created_at)
        SELECT id, site_id, given.type, 'person', 't', 'VIB', 3, '', given.state, 'kim', %s
        FROM asset, (VALUES ('corrective', 'closed'), ('corrective', 'cancelled'),
                            ('inspection', 'closed')) AS given (type, state)
        WHERE tag = 'P-1'
        """,
        [asked().failures[0].time],  # type: ignore[index]
    )
    result = await run(day, failures=None)
    (failure,) = result.variants[0].failures
    assert (failure.source, failure.asset) == ("WO-000001", "P-1")
    assert result.variants[0].by_event.caught == 1


@pytest.mark.parametrize("held", [7, 100, 1441])
async def test_history_is_read_in_bounded_batches_by_time(day: Connection, held: int) -> None:
    points = [point for point in await load_points(day) if point.asset == "P-1"]
    start, end = to_us(DAY) - 1, to_us(DAY) + 86_400_000_000
    found = read_history(day, points, start_us=start, end_us=end, watch=Stopwatch(), rows=held)
    batches = [batch async for batch in found]
    whole = ReadingBatch.concatenate(batches)
    assert len(whole) == 2 * 24 * 60
    assert (whole.ts[1:] >= whole.ts[:-1]).all()
    assert max(len(batch) for batch in batches) <= 2 * held


async def test_a_kept_backtest_has_progress_and_a_result(
    day: Connection, database_url: str
) -> None:
    number = await keep(day, asked())
    shares: list[float] = []
    result = await run_kept(database_url, number, on_progress=lambda share, _: shares.append(share))
    found = await get_backtest(day, number)
    assert result is not None
    assert (found.state, found.progress, found.readings) == ("done", 1.0, result.readings)
    assert await result_of(day, number) == result.model_dump(mode="json")
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


async def test_a_backtest_is_run_once(day: Connection, database_url: str) -> None:
    number = await keep(day, asked())
    runs = [run_kept(database_url, number) for _ in range(3)]
    results = await asyncio.gather(*runs)
    assert sum(result is not None for result in results) == 1


async def test_a_backtest_that_is_refused_says_why(day: Connection, database_url: str) -> None:
    number = await keep(day, asked(assets=["P-9"]))
    with pytest.raises(BacktestRefused):
        await run_kept(database_url, number)
    found = await get_backtest(day, number)
    assert (found.state, found.error) == ("failed", "no asset has a point that the rules read")


async def test_a_backtest_ends_when_nobody_wants_it_any_more(
    day: Connection, database_url: str
) -> None:
    number = await keep(day, asked())
    held = asyncio.Event()

    async with await connect(database_url, autocommit=True) as blocker, blocker.transaction():
        # Its readings cannot be read before it is cancelled.
        await blocker.execute("LOCK TABLE reading IN ACCESS EXCLUSIVE MODE")
        work = asyncio.create_task(run_kept(database_url, number))
        for _ in range(2_000):
            if (await get_backtest(day, number)).state == "running":
                held.set()
                break
            await asyncio.sleep(0.01)
        assert held.is_set()
        assert await store.end(day, number, "cancelled", None)
        with pytest.raises(BacktestCancelled):
            await work
    assert (await get_backtest(day, number)).state == "cancelled"


async def test_a_backtest_that_nobody_runs_any_more_was_interrupted(
    day: Connection, database_url: str
) -> None:
    number = await keep(day, asked())
    async with await connect(database_url, autocommit=True) as runner:
        assert await store.try_lock(runner, number)
        await store.start(runner, number)
        await store.end_interrupted(day, number)
        assert (await get_backtest(day, number)).state == "running"
    for _ in range(2_000):
        await store.end_interrupted(day, number)
        if (await get_backtest(day, number)).state == "interrupted":
            break
        await asyncio.sleep(0.01)
    assert (await get_backtest(day, number)).state == "interrupted"


async def test_rules_that_were_applied_anew_are_the_ones_that_are_tried(day: Connection) -> None:
    await apply_rules(day, rules(STRICT))
    result = await run(day)
    assert [event.raised_at.hour for event in result.variants[0].events] == [18]
