"""Puts the API together: its services, its routes, its background tasks."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from starlette.middleware.gzip import GZipMiddleware

from api import health, openapi
from api.access.rate import Rate
from api.access.throttle import Throttle
from api.backtests.runner import Runner
from api.live.database_link import DatabaseLink
from api.live.feed import Feed
from api.live.known_edges import EdgeMemory
from api.live.log_link import LogLink
from api.live.status_board import StatusBoard
from api.metrics import MeasuredRequests, RequestMetrics, RoleMetrics
from api.pages import routes as pages
from api.pages.headers import SecureHeaders
from api.services import Services
from api.v1.routes import EVERYWHERE, ROUTERS
from config.clock import ClockUs, now_us
from config.settings import Settings, load_settings
from config.status import Status
from config.tasks import end_tasks
from ingest.settings import load_ingest_settings, storable_span
from maintenance.attachments.folder import FileFolder

# A request that comes right after the start does not have to hear that the pool is not open yet.
_PATIENCE_S = 5.0
_WORTH_PACKING = 1000
# Columns of numbers become no smaller by more effort, only slower: 3 ms instead of 13 for 500 kB.
_PACKING_EFFORT = 1


@dataclass(frozen=True, slots=True)
class _Addresses:
    """Where the database and the log are."""

    database_url: str
    log_url: str


@dataclass(frozen=True, slots=True)
class _Measured:
    """What the process tells of itself and of the other roles."""

    registry: CollectorRegistry
    requests: RequestMetrics
    board: StatusBoard


def create_application(
    *,
    database_url: str,
    log_url: str,
    settings: Settings | None = None,
    clock: ClockUs = now_us,
) -> FastAPI:
    """The application. It starts and stays up also while the database or the log is down."""
    registry = CollectorRegistry()
    metrics = RequestMetrics(registry)
    board = StatusBoard(clock)
    registry.register(RoleMetrics(board, clock))
    told = settings or load_settings()
    addresses = _Addresses(database_url, log_url)
    measured = _Measured(registry, metrics, board)
    application = FastAPI(
        lifespan=_lifespan(_building(addresses, told, measured, clock=clock)),
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        title=openapi.TITLE,
        version=openapi.VERSION,
        description=openapi.DESCRIPTION,
    )
    _wrap(application, metrics)
    _route(application)
    return application


def _building(
    addresses: _Addresses, settings: Settings, measured: _Measured, *, clock: ClockUs
) -> Callable[[], Services]:
    """How the services are made, once there is an event loop to make them in."""
    reach = load_ingest_settings()
    span = storable_span(reach, retention_days=settings.retention_days, clock=clock)
    board = measured.board

    def build() -> Services:
        return Services(
            database=DatabaseLink(addresses.database_url),
            log=LogLink(addresses.log_url, board, lambda: _own_status(measured.requests, clock)),
            board=board,
            feed=Feed(addresses.database_url),
            throttle=Throttle(clock),
            backtests=Runner(addresses.database_url),
            metrics=measured.registry,
            clock=clock,
            span=span,
            ready_lag_s=settings.ready_lag_s,
            files=FileFolder(settings.home),
            largest_file=settings.attachment_max_bytes,
            public_url=settings.public_url,
            portal_open=settings.portal_open,
            portal_rate=Rate(burst=6, every_s=20, clock=clock),
            portal_rate_all=Rate(burst=60, every_s=2, clock=clock),
        )

    return build


def _wrap(application: FastAPI, metrics: RequestMetrics) -> None:
    """What every answer passes, the last one outermost."""
    application.add_middleware(
        GZipMiddleware, minimum_size=_WORTH_PACKING, compresslevel=_PACKING_EFFORT
    )
    application.add_middleware(SecureHeaders)
    application.add_middleware(MeasuredRequests, metrics=metrics)


def _route(application: FastAPI) -> None:
    for router in ROUTERS:
        application.include_router(router, responses=EVERYWHERE)
    application.include_router(health.router)
    pages.install(application)
    openapi.install(application)


def _own_status(metrics: RequestMetrics, clock: ClockUs) -> Status:
    answered = {"requests_total": float(metrics.answered)}
    return Status("serve", "serve", clock(), healthy=True, metrics=answered)


def _lifespan(
    build: Callable[[], Services],
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(application: FastAPI) -> AsyncIterator[None]:
        services = build()
        application.state.services = services
        tasks = [
            asyncio.create_task(services.database.keep_open()),
            asyncio.create_task(services.log.keep_listening()),
            asyncio.create_task(services.feed.keep_listening()),
            asyncio.create_task(
                EdgeMemory(services.database, services.board, services.clock).keep()
            ),
            asyncio.create_task(services.backtests.keep_going()),
        ]
        await services.database.wait_open(_PATIENCE_S)
        try:
            yield
        finally:
            await end_tasks(tasks)

    return lifespan
