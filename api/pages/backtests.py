"""The pages of backtests: what was asked for, and what came of it."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from api.access.roles import Permission
from api.backtests import store
from api.backtests.queries import find_backtests, get_backtest, result_of
from api.backtests.result import BacktestResult
from api.bodies.page import cut, decode_cursor
from api.guard import Reader
from api.pages.places import load_places
from api.pages.render import render
from api.services import ConnectionOf, ServicesOf
from conditions.rule_life import RuleState
from conditions.rule_queries import VersionFilter, find_versions
from config.clock import from_us

router = APIRouter(include_in_schema=False)

_ON_A_PAGE = 50
_MOST = 500
_USUAL = timedelta(days=365)


@router.get("/backtests")
async def get_backtests_page(
    request: Request,
    connection: ConnectionOf,
    services: ServicesOf,
    caller: Reader,
    rule: Annotated[str, Query(max_length=200)] = "",
    cursor: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    """Backtests, newest first, and the form for another; `rule` is the one that is chosen there."""
    after = decode_cursor(cursor, int)
    found = await find_backtests(
        connection, before=after[0] if after else None, limit=_ON_A_PAGE + 1
    )
    shown, following = cut(found, _ON_A_PAGE, lambda one: [one.id])
    versions = await find_versions(connection, VersionFilter(), limit=_MOST)
    now = from_us(services.clock())
    return render(
        request,
        "backtests.html",
        caller=caller,
        places=await load_places(connection),
        backtests=shown,
        cursor=cursor,
        following=following,
        versions=sorted(
            (one for one in versions if one.state is not RuleState.RETIRED or one.rule == rule),
            key=lambda one: (one.rule, -one.version),
        ),
        chosen=rule,
        start=(now - _USUAL).date(),
        end=(now + timedelta(days=1)).date(),
        may_tune=caller.may(Permission.TUNE),
    )


@router.get("/backtests/{backtest_id}")
async def get_backtest_page(
    request: Request,
    connection: ConnectionOf,
    caller: Reader,
    backtest_id: Annotated[int, Path(ge=1, le=2**31 - 1)],
) -> Response:
    """A backtest: how far it is, then events, orders, failures and their chart."""
    await store.end_interrupted(connection, backtest_id)
    found = await get_backtest(connection, backtest_id)
    kept = await result_of(connection, backtest_id)
    return render(
        request,
        "backtest.html",
        caller=caller,
        places=await load_places(connection),
        backtest=found,
        result=None if kept is None else BacktestResult.model_validate(kept),
        data=kept,
        may_tune=caller.may(Permission.TUNE),
    )
