"""What one running API is made of, and how a request reaches it."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends
from prometheus_client import CollectorRegistry
from starlette.requests import HTTPConnection

from api.access.rate import Rate
from api.access.throttle import Throttle
from api.backtests.runner import Runner
from api.live.database_link import DatabaseLink
from api.live.feed import Feed
from api.live.log_link import LogLink
from api.live.status_board import StatusBoard
from api.readiness import Engines, complaints, problems
from config.clock import ClockUs
from config.database import Connection
from ingest.sorting import Span
from maintenance.attachments.folder import FileFolder


@dataclass(frozen=True, slots=True)
class Services:
    """Built once by the application, kept in its state."""

    database: DatabaseLink
    log: LogLink
    board: StatusBoard
    feed: Feed
    throttle: Throttle
    backtests: Runner
    metrics: CollectorRegistry
    clock: ClockUs
    span: Callable[[], Span]
    """Times that may be stored just now."""
    ready_lag_s: float
    files: FileFolder
    largest_file: int
    """In bytes."""
    public_url: str
    """Where people reach the pages; empty: where they are asked for."""
    portal_open: bool
    """Whether faults are reported without a login."""
    portal_rate: Rate
    portal_rate_all: Rate


def services_of(request: HTTPConnection) -> Services:
    """The services of the application that a request came to."""
    return cast("Services", request.app.state.services)


ServicesOf = Annotated[Services, Depends(services_of)]


def current_problems(services: Services) -> list[str]:
    """What is down or lags at present, in words."""
    reachable = services.database.reachable
    engines = Engines(database=reachable, schema=reachable, log=services.log.connected)
    roles = services.board.roles()
    return problems(engines, roles, lag_limit_s=services.ready_lag_s) + complaints(roles)


async def open_connection(services: ServicesOf) -> AsyncIterator[Connection]:
    """One connection and one transaction for a request."""
    async with services.database.connection() as connection:
        yield connection


# Function scope: the transaction is committed before the answer leaves, never after.
ConnectionOf = Annotated[Connection, Depends(open_connection, scope="function")]
