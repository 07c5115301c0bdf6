"""The page of figures, and of one figure with its rows."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.bodies.figure import FigureBody, FigureQuery, ParetoQuery
from api.guard import Reader
from api.pages.places import load_places
from api.pages.render import render
from api.services import ConnectionOf, ServicesOf
from api.v1.figures import all_figures, period_of
from config.clock import from_us
from maintenance.figures.breakdown_queries import ParetoBy, pareto, team_load
from maintenance.figures.catalogue import DEFINITIONS, take, trend

router = APIRouter(include_in_schema=False)

_SHOWN = 12


@router.get("/figures")
async def get_figures(
    request: Request,
    connection: ConnectionOf,
    services: ServicesOf,
    caller: Reader,
    query: Annotated[ParetoQuery, Query()],
) -> Response:
    """Every figure of a period, what fails most, and who works how much."""
    period = period_of(query, from_us(services.clock()))
    return render(
        request,
        "figures.html",
        caller=caller,
        places=await load_places(connection),
        taken=await all_figures(connection, query, period),
        period=period,
        query=query,
        scope=query.model_dump(exclude={"by"}, exclude_none=True, mode="json"),
        ways=list(ParetoBy),
        groups=(await pareto(connection, query.by, query.scope, period))[:_SHOWN],
        team=await team_load(connection, query.scope, period),
    )


@router.get("/figures/{name}")
async def get_figure(
    request: Request,
    connection: ConnectionOf,
    services: ServicesOf,
    caller: Reader,
    name: str,
    query: Annotated[FigureQuery, Query()],
) -> Response:
    """One figure with its formula, its exclusions, its months and its rows."""
    period = period_of(query, from_us(services.clock()))
    measured = await take(connection, name, query.scope, period)
    return render(
        request,
        "figure.html",
        caller=caller,
        places=await load_places(connection),
        figure=FigureBody.of(DEFINITIONS[name], measured, period),
        months=await trend(connection, name, query.scope, period),
        period=period,
    )
