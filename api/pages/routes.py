"""Every page, what they load, and how their errors look."""

import importlib.util
from importlib.metadata import version
from pathlib import Path

from fastapi import APIRouter, FastAPI
from fastapi.responses import FileResponse
from starlette.staticfiles import StaticFiles

from api.pages import (
    alarms,
    automation,
    backtests,
    codes,
    detail,
    dispatch,
    error,
    explain,
    feeds,
    figures,
    job_plans,
    kept_mails,
    lists,
    orders,
    overview,
    people,
    plans,
    portal,
    register,
    requests,
    rules,
    schedule,
    service_levels,
    session,
    stock,
    work,
)

_STATIC = Path(__file__).parent / "static"
_FOR_EVER = "public, max-age=31536000, immutable"

assets = APIRouter(include_in_schema=False)


@assets.get("/static/plotly-{release}.min.js")
async def get_plotly(release: str) -> FileResponse:
    """Plotly out of its Python wheel; its release is part of the address, so it never changes."""
    spec = importlib.util.find_spec("plotly")
    assert spec is not None and spec.origin is not None  # noqa: S101, PT018 - a dependency
    file = Path(spec.origin).parent / "package_data" / "plotly.min.js"
    held = _FOR_EVER if release == version("plotly") else "no-cache"
    return FileResponse(file, media_type="text/javascript", headers={"Cache-Control": held})


def install(application: FastAPI) -> None:
    """Add the pages to the application."""
    shown = (
        overview.router,
        lists.router,
        orders.router,
        alarms.router,
        detail.router,
        register.router,
        explain.router,
        rules.router,
        codes.router,
        plans.router,
        job_plans.router,
        backtests.router,
        dispatch.router,
        feeds.router,
        people.router,
        schedule.router,
        service_levels.router,
        stock.router,
        work.router,
        automation.router,
        figures.router,
        portal.router,
        requests.router,
        kept_mails.router,
    )
    for router in (assets, session.router, *shown):
        application.include_router(router)
    application.mount("/static", StaticFiles(directory=_STATIC), name="static")
    error.install(application)
