"""Puts the API together: its services, its routes, its background tasks."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

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


def create_application(
    *,
    database_url: str,
    log_url: str,
    settings: Settings | None = None,
    clock: ClockUs = now_us,
) -> FastAPI:
    """The application. It starts and stays up also while the database or the log is down."""
    told = settings or load_settings()
    span = storable_span(load_ingest_settings(), retention_days=told.retention_days, clock=clock)
    registry = CollectorRegistry()
    metrics = RequestMetrics(registry)
    board = StatusBoard(clock)
    registry.register(RoleMetrics(board, clock))

    def build() -> Services:
        return Services(
            database=DatabaseLink(database_url),
            log=LogLink(log_url, board, lambda: _own_status(metrics, clock)),
            board=board,
            feed=Feed(database_url),
            throttle=Throttle(clock),
            backtests=Runner(database_url),
            metrics=registry,
            clock=clock,
            span=span,
            ready_lag_s=told.ready_lag_s,
            files=FileFolder(told.home),
            largest_file=told.attachment_max_bytes,
            public_url=told.public_url,
            portal_open=told.portal_open,
            portal_rate=Rate(burst=6, every_s=20, clock=clock),
            portal_rate_all=Rate(burst=60, every_s=2, clock=clock),
        )

    application = FastAPI(
        lifespan=_lifespan(build),
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        title=openapi.TITLE,
        version=openapi.VERSION,
        description=openapi.DESCRIPTION,
    )
    application.add_middleware(
        GZipMiddleware, minimum_size=_WORTH_PACKING, compresslevel=_PACKING_EFFORT
    )
    application.add_middleware(SecureHeaders)
    application.add_middleware(MeasuredRequests, metrics=metrics)
    for router in ROUTERS:
        application.include_router(router, responses=EVERYWHERE)
    application.include_router(health.router)
    pages.install(application)
    openapi.install(application)
    return application


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
