"""Meters of counter points: life to date, usage by the day, and what people know of them."""

from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel

from api.access.caller import Caller
from api.access.roles import Permission
from api.bodies.meter import (
    CorrectionBody,
    FactBody,
    FactQuery,
    MeterBody,
    ReplacementBody,
    UsageBody,
    UsageDay,
    UsageQuery,
    WithdrawalBody,
)
from api.bodies.page import Page, cut, decode_cursor
from api.errors import (
    CursorInvalid,
    IdempotencyKeyInFlight,
    IdempotencyKeyReused,
    RangeInvalid,
    ResourceMissing,
)
from api.guard import Reader, require
from api.idempotency import Answer, once
from api.meter_view import gather_meter
from api.problems import documented
from api.services import ConnectionOf, ServicesOf
from api.v1.points import Tag, existing_point
from api.v1.repeatable import IdempotencyKey
from config.clock import from_us
from config.database import Connection
from ingest.errors import FactMissing, FactRefused, NotAMeter
from ingest.meter.fact import Fact, NewFact
from ingest.meter.store import facts_of
from ingest.meter_service import record_fact, withdraw_fact
from ingest.meters import daily_usage, meter_state

router = APIRouter(prefix="/api/v1/points", tags=["Meters"])

_EARLIEST = date(1970, 1, 2)
_MONTH = 30
_MOST_DAYS = 1_100

Planner = Annotated[Caller, Depends(require(Permission.KEEP_METERS))]
_POSTED = documented(
    ResourceMissing, NotAMeter, FactRefused, IdempotencyKeyInFlight, IdempotencyKeyReused
)


@router.get(
    "/{tag}/meter", summary="Meter of a point", responses=documented(ResourceMissing, NotAMeter)
)
async def get_meter(
    connection: ConnectionOf, services: ServicesOf, _: Reader, tag: Tag
) -> MeterBody:
    """Life to date over rollovers, resets, replacements and corrections, as of now."""
    point, now = await existing_point(connection, tag), from_us(services.clock())
    return await gather_meter(connection, point, now)


@router.get(
    "/{tag}/meter/usage",
    summary="Usage of a meter by the day",
    responses=documented(ResourceMissing, NotAMeter, RangeInvalid),
)
async def get_usage(
    connection: ConnectionOf,
    services: ServicesOf,
    _: Reader,
    tag: Tag,
    query: Annotated[UsageQuery, Query()],
) -> UsageBody:
    """Every day from `from` to `to`, in the time zone of the site.

    What was counted while nobody looked belongs to the day of the next reading.
    """
    point = await existing_point(connection, tag)
    today = (await meter_state(connection, point.id, from_us(services.clock()))).day
    first, last = _days_of(query, today)
    days = await daily_usage(connection, point.id, first, last)
    return UsageBody(
        tag=point.tag, unit=point.unit, days=[UsageDay.model_validate(day) for day in days]
    )


@router.get(
    "/{tag}/meter/facts",
    summary="Facts of a meter",
    responses=documented(ResourceMissing, CursorInvalid),
)
async def get_facts(
    connection: ConnectionOf, _: Reader, tag: Tag, query: Annotated[FactQuery, Query()]
) -> Page[FactBody]:
    """Everything that people have recorded of it, newest first, what was withdrawn too."""
    point = await existing_point(connection, tag)
    before = decode_cursor(query.cursor, int)
    found = await facts_of(
        connection, point.id, before=before[0] if before else None, limit=query.limit + 1
    )
    page, following = cut(found, query.limit, lambda fact: [fact.id])
    return Page(items=[FactBody.model_validate(fact) for fact in page], next=following)


@router.post(
    "/{tag}/meter/replacements",
    status_code=201,
    summary="Record that a meter was replaced",
    responses=_POSTED,
)
async def post_replacement(
    connection: ConnectionOf,
    services: ServicesOf,
    caller: Planner,
    tag: Tag,
    new: ReplacementBody,
    key: IdempotencyKey = None,
) -> FactBody:
    """The old meter counts up to its end, the new one from its start; life to date goes on."""
    fact = new.to_domain()
    command = _recording(connection, services.clock(), tag, fact, caller)
    return await _answered(connection, caller, key, (tag, new), command)


@router.post(
    "/{tag}/meter/corrections",
    status_code=201,
    summary="Correct the life to date of a meter",
    responses=_POSTED,
)
async def post_correction(
    connection: ConnectionOf,
    services: ServicesOf,
    caller: Planner,
    tag: Tag,
    new: CorrectionBody,
    key: IdempotencyKey = None,
) -> FactBody:
    """By an amount from a date on; or, with `kind: initial`, say what it was at a date."""
    fact = new.to_domain()
    command = _recording(connection, services.clock(), tag, fact, caller)
    return await _answered(connection, caller, key, (tag, new), command)


@router.post(
    "/{tag}/meter/facts/{fact_id}/withdrawal",
    status_code=201,
    summary="Take a fact of a meter back",
    responses=documented(
        ResourceMissing,
        FactMissing,
        NotAMeter,
        FactRefused,
        IdempotencyKeyInFlight,
        IdempotencyKeyReused,
    ),
)
async def post_withdrawal(
    connection: ConnectionOf,
    caller: Planner,
    tag: Tag,
    fact_id: Annotated[int, Path(ge=1, le=2**63 - 1)],
    said: WithdrawalBody,
    key: IdempotencyKey = None,
) -> FactBody:
    """The meter is counted as if the fact had never been recorded; both stay in the list."""

    async def withdraw() -> Fact:
        point = await existing_point(connection, tag)
        return await withdraw_fact(
            connection, point.id, fact_id, reason=said.reason, actor=caller.name
        )

    return await _answered(connection, caller, key, (f"{tag}/{fact_id}", said), withdraw)


def _days_of(query: UsageQuery, today: date) -> tuple[date, date]:
    """The first and the last day that are asked for; none lies in the future."""
    last = max(_EARLIEST, min(query.last or today, today))
    first = query.first or max(_EARLIEST, last - timedelta(days=_MONTH - 1))
    if first < _EARLIEST or not 0 <= (last - first).days < _MOST_DAYS:
        raise RangeInvalid(f"at most {_MOST_DAYS} days, from 1970 to today, `from` before `to`")
    return first, last


def _recording(
    connection: Connection, now_us: int, tag: str, fact: NewFact, caller: Caller
) -> Callable[[], Awaitable[Fact]]:
    async def record() -> Fact:
        point = await existing_point(connection, tag)
        return await record_fact(connection, point.id, fact, actor=caller.name, now_us=now_us)

    return record


async def _answered(
    connection: Connection,
    caller: Caller,
    key: str | None,
    request: tuple[str, BaseModel],
    command: Callable[[], Awaitable[Fact]],
) -> FactBody:
    """The fact of a command, or of the first one with the same key."""

    async def answer() -> Answer:
        fact = FactBody.model_validate(await command())
        return Answer(201, fact.model_dump(mode="json"))

    name, body = request
    sent = f"{type(body).__name__} {name} {body.model_dump_json()}".encode()
    return FactBody.model_validate(
        (await once(connection, caller.identity, key, sent, answer)).body
    )
