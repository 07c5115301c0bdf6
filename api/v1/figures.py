"""Figures of maintenance, each with its formula, its exclusions and its rows."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Query

from api.bodies.figure import (
    FigureBody,
    FigureQuery,
    FiguresBody,
    LoadBody,
    ParetoBody,
    ParetoQuery,
    ParetoRowBody,
    TeamLoadBody,
    TrendBody,
    TrendPointBody,
)
from api.errors import RangeInvalid
from api.guard import Reader
from api.problems import documented
from api.services import ConnectionOf, ServicesOf
from config.clock import from_us
from config.database import Connection
from maintenance.errors import NotFound
from maintenance.figures.breakdown_queries import pareto, team_load
from maintenance.figures.catalogue import DEFINITIONS, take, trend
from maintenance.figures.figure import Measured, Period

router = APIRouter(prefix="/api/v1/figures", tags=["Figures"])

_USUAL = timedelta(days=90)
_LONGEST = timedelta(days=3660)

Name = Annotated[str, Path(description="Name of the figure.", examples=["mtbf"])]


@router.get("", summary="All figures of a period", responses=documented(RangeInvalid))
async def get_figures(
    connection: ConnectionOf,
    services: ServicesOf,
    _: Reader,
    query: Annotated[FigureQuery, Query()],
) -> FiguresBody:
    """Without their rows: `/figures/{name}` has those."""
    period = period_of(query, from_us(services.clock()))
    return FiguresBody(items=await all_figures(connection, query, period))


@router.get("/pareto", summary="Failures by their weight", responses=documented(RangeInvalid))
async def get_pareto(
    connection: ConnectionOf,
    services: ServicesOf,
    _: Reader,
    query: Annotated[ParetoQuery, Query()],
) -> ParetoBody:
    """Corrective orders made in the period; their downtime is clipped to it, their cost is whole."""
    period = period_of(query, from_us(services.clock()))
    rows = await pareto(connection, query.by, query.scope, period)
    return ParetoBody(items=[ParetoRowBody.model_validate(row) for row in rows])


@router.get("/team-load", summary="Who works how much", responses=documented(RangeInvalid))
async def get_team_load(
    connection: ConnectionOf,
    services: ServicesOf,
    _: Reader,
    query: Annotated[FigureQuery, Query()],
) -> TeamLoadBody:
    """Hours of the period, and what is open now."""
    period = period_of(query, from_us(services.clock()))
    rows = await team_load(connection, query.scope, period)
    return TeamLoadBody(items=[LoadBody.model_validate(row) for row in rows])


@router.get("/{name}", summary="One figure", responses=documented(NotFound, RangeInvalid))
async def get_figure(
    connection: ConnectionOf,
    services: ServicesOf,
    _: Reader,
    name: Name,
    query: Annotated[FigureQuery, Query()],
) -> FigureBody:
    """With the rows behind it."""
    period = period_of(query, from_us(services.clock()))
    measured = await take(connection, name, query.scope, period)
    return FigureBody.of(DEFINITIONS[name], measured, period)


@router.get(
    "/{name}/trend", summary="One figure by month", responses=documented(NotFound, RangeInvalid)
)
async def get_trend(
    connection: ConnectionOf,
    services: ServicesOf,
    _: Reader,
    name: Name,
    query: Annotated[FigureQuery, Query()],
) -> TrendBody:
    """Cut at the first of each month, UTC."""
    period = period_of(query, from_us(services.clock()))
    found = await trend(connection, name, query.scope, period)
    return TrendBody(
        name=name,
        unit=DEFINITIONS[name].unit,
        items=[
            TrendPointBody(
                start=part.start, end=part.end, value=one.value, population=one.population
            )
            for part, one in found
        ],
    )


def period_of(query: FigureQuery, now: datetime) -> Period:
    """The period that is asked for. Raises `RangeInvalid`."""
    end = query.end or now
    start = query.start or end - _USUAL
    if not timedelta() < end - start <= _LONGEST:
        raise RangeInvalid(f"at most {_LONGEST.days} days, start before end")
    return Period(start, end)


async def all_figures(
    connection: Connection, query: FigureQuery, period: Period
) -> list[FigureBody]:
    """Every figure without its rows."""
    scope = replace(query.scope, most_rows=0)
    found = []
    for name, definition in DEFINITIONS.items():
        measured = await take(connection, name, scope, period)
        bare = Measured(measured.value, measured.population, measured.excluded, ())
        found.append(FigureBody.of(definition, bare, period))
    return found
