"""Running a backtest: history in, a kept result out; who asked may look on and end it."""

import asyncio
from collections.abc import Callable

from api.backtests import store
from api.backtests.outcome import Known, outcome_of
from api.backtests.request import BacktestRequest
from api.backtests.result import BacktestResult
from api.backtests.trial import resolve
from conditions.backtest.history import plants_by_asset, replay_history
from conditions.errors import BacktestCancelled, BacktestRefused
from config.clock import monotonic
from config.database import Connection, connect
from config.errors import OilcanError
from config.tasks import end_tasks
from maintenance.events.failures import asset_facts, asset_policies

OnProgress = Callable[[float, int], None]
_EVERY_S = 0.25


async def run_request(
    connection: Connection, asked: BacktestRequest, *, on_progress: OnProgress
) -> BacktestResult:
    """What comes of a request. Raises `BacktestRefused`, and what `on_progress` raises."""
    trial = await resolve(connection, asked)
    plants = list(plants_by_asset(trial.plant, trial.rules, trial.assets))
    if not plants:
        raise BacktestRefused("no asset has a point that the rules read")
    known = Known(await asset_facts(connection), await asset_policies(connection))
    replayed = await replay_history(connection, plants, trial.span, on_progress=on_progress)
    outcomes = [
        outcome_of(variant, replayed.changes, trial=trial, known=known, replayed=replayed.assets)
        for variant in trial.variants
    ]
    return BacktestResult.of(trial, replayed, outcomes)


async def run_kept(
    database_url: str, backtest_id: int, *, on_progress: OnProgress = lambda _s, _r: None
) -> BacktestResult | None:
    """Run a backtest that waits, and keep what comes of it; None where it does not wait.

    It ends when its row says so. Raises `BacktestCancelled`, and what it failed of.
    """
    async with await connect(database_url, autocommit=True) as told:
        if not await store.try_lock(told, backtest_id):
            return None
        return await _run(database_url, told, backtest_id, on_progress)


async def run_new(
    database_url: str, asked: BacktestRequest, *, by: str, on_progress: OnProgress
) -> tuple[int, BacktestResult]:
    """Keep a request and run it here and now; returns its id and what came of it.

    It is locked before others can see it. Raises `BacktestCancelled`, and what it failed of; the
    row says so too, also where the caller is cancelled.
    """
    async with await connect(database_url, autocommit=True) as told:
        async with told.transaction():
            request = asked.model_dump(mode="json")
            backtest_id = await store.insert(told, asked.kind, request, by=by)
            await store.try_lock(told, backtest_id)
        try:
            result = await _run(database_url, told, backtest_id, on_progress)
        except asyncio.CancelledError:
            await store.end(told, backtest_id, "cancelled", None)
            raise
        if result is None:
            raise BacktestCancelled(f"backtest {backtest_id} was ended by somebody")
        return backtest_id, result


async def _run(
    database_url: str, told: Connection, backtest_id: int, on_progress: OnProgress
) -> BacktestResult | None:
    request = await store.start(told, backtest_id)
    if request is None:
        return None
    watch = _Watch(on_progress)
    async with await connect(database_url, autocommit=True) as reading:
        asked = BacktestRequest.model_validate(request)
        work = asyncio.create_task(run_request(reading, asked, on_progress=watch.look))
        try:
            await _tell(told, backtest_id, watch, work)
            result = await work
        except BacktestCancelled:
            raise
        except OilcanError as error:
            await store.end(told, backtest_id, "failed", str(error))
            raise
        finally:
            await end_tasks([work])
    await store.finish(told, backtest_id, result.readings, result.model_dump(mode="json"))
    return result


class _Watch:
    """How far a run is, as the one who looks on last heard."""

    def __init__(self, on_progress: OnProgress) -> None:
        self._on_progress = on_progress
        self.share = 0.0
        self.readings = 0

    def look(self, share: float, readings: int) -> None:
        self.share, self.readings = share, readings
        self._on_progress(share, readings)


async def _tell(
    connection: Connection,
    backtest_id: int,
    watch: _Watch,
    work: "asyncio.Task[BacktestResult]",
) -> None:
    """Note the progress until the work is done; end it where nobody wants it any more."""
    began = monotonic()
    while not (await asyncio.wait([work], timeout=_EVERY_S))[0]:
        wanted = await store.set_progress(connection, backtest_id, watch.share, watch.readings)
        if not wanted:
            work.cancel()
            await asyncio.wait([work])
            raise BacktestCancelled(f"ended after {monotonic() - began:.0f} s")
