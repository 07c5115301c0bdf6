"""Backtests: rules replayed over history. Asked for here, run in a process beside the API."""

from typing import Annotated

from fastapi import APIRouter, BackgroundTasks, Depends, Path, Query, Response

from api.access.caller import Caller
from api.access.roles import Permission
from api.backtests import store
from api.backtests.queries import find_backtests, get_backtest, result_of
from api.backtests.request import BacktestRequest
from api.backtests.result import BacktestResult
from api.backtests.trial import resolve
from api.bodies.backtest import BacktestBody, BacktestDetail
from api.bodies.page import Page, PageQuery, cut, decode_cursor
from api.errors import CursorInvalid, IdempotencyKeyInFlight, IdempotencyKeyReused
from api.guard import Reader, require
from api.problems import documented
from api.services import ConnectionOf, ServicesOf
from api.v1.repeatable import IdempotencyKey, repeatable
from conditions.errors import BacktestNotFound, BacktestRefused, RuleNotFound
from config.database import Connection

router = APIRouter(prefix="/api/v1/backtests", tags=["Backtests"])

Id = Annotated[int, Path(ge=1, le=2**31 - 1, description="Id of the backtest.", examples=[1])]


@router.get("", summary="List backtests", responses=documented(CursorInvalid))
async def get_backtests(
    connection: ConnectionOf, _: Reader, query: Annotated[PageQuery, Query()]
) -> Page[BacktestBody]:
    """Newest first, without their results."""
    after = decode_cursor(query.cursor, int)
    found = await find_backtests(
        connection, before=after[0] if after else None, limit=query.limit + 1
    )
    page, following = cut(found, query.limit, lambda one: [one.id])
    return Page(items=[BacktestBody.model_validate(one) for one in page], next=following)


async def _wake_afterwards(services: ServicesOf, afterwards: BackgroundTasks) -> None:
    """Have waiting backtests begun once the request is committed and answered."""
    afterwards.add_task(services.backtests.wake)


@router.post(
    "",
    status_code=202,
    summary="Start a backtest, a diff or a sweep",
    dependencies=[Depends(_wake_afterwards)],
    responses=documented(
        BacktestRefused, RuleNotFound, IdempotencyKeyInFlight, IdempotencyKeyReused
    ),
)
async def post_backtest(
    connection: ConnectionOf,
    caller: Annotated[Caller, Depends(require(Permission.TUNE))],
    asked: BacktestRequest,
    response: Response,
    key: IdempotencyKey = None,
) -> BacktestBody:
    """It raises nothing. Ask for it again at `Location`: it has progress, and then a result."""

    async def start() -> BacktestBody:
        await resolve(connection, asked)
        backtest_id = await store.insert(
            connection, asked.kind, asked.model_dump(mode="json"), by=caller.name
        )
        return BacktestBody.model_validate(await get_backtest(connection, backtest_id))

    begun = await repeatable(connection, caller, key, (router.prefix, asked), start)
    response.headers["Location"] = f"{router.prefix}/{begun.id}"
    return begun


@router.get("/{backtest_id}", summary="One backtest", responses=documented(BacktestNotFound))
async def get_one(connection: ConnectionOf, _: Reader, backtest_id: Id) -> BacktestDetail:
    """How far it is, and what came of it."""
    return await _detail(connection, backtest_id)


@router.delete(
    "/{backtest_id}", summary="Cancel a backtest", responses=documented(BacktestNotFound)
)
async def delete_one(
    connection: ConnectionOf,
    _: Annotated[Caller, Depends(require(Permission.TUNE))],
    backtest_id: Id,
) -> BacktestDetail:
    """One that waits or runs ends within a second; one that has ended stays as it is."""
    await store.end(connection, backtest_id, "cancelled", None)
    return await _detail(connection, backtest_id)


async def _detail(connection: Connection, backtest_id: int) -> BacktestDetail:
    await store.end_interrupted(connection, backtest_id)
    found = BacktestBody.model_validate(await get_backtest(connection, backtest_id))
    kept = await result_of(connection, backtest_id)
    result = None if kept is None else BacktestResult.model_validate(kept)
    return BacktestDetail(**found.model_dump(), result=result)
