"""The ingest process: its partitions of the log into the store, and the store kept in order."""

import asyncio
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field

import psycopg
from nats.aio.client import Client
from psycopg.errors import DiskFull

from config.clock import ClockUs, monotonic, now_us
from config.database import Connection, connect, listen
from config.errors import DatabaseOutdated, DatabaseUnavailable, LogUnavailable
from config.leases import share_partitions
from config.log import close_log, connect_log, ensure_stream
from config.migrate import require_schema
from config.retry import keep_running
from config.settings import Settings
from config.status import EVERY_S, send_status
from config.tasks import run_together
from ingest.chunks import DAY_US
from ingest.columnstore_policy import state_policy
from ingest.errors import CursorMoved
from ingest.housekeeping import keep_days
from ingest.known_points import KnownPoints
from ingest.latest_table import refresh_and_rest
from ingest.letter_retention import keep_letters
from ingest.meter.keeper import keep_meters
from ingest.ownership import Ownership
from ingest.partition_reader import Reading, read_partition
from ingest.progress import ROLE, PartitionProgress, Progress, State
from ingest.rollup import drop_minutes, roll_up
from ingest.settings import IngestSettings, load_ingest_settings, storable_span
from ingest.sorting import Span
from ingest.trimming import trim_log

_HEALS = (DatabaseUnavailable, DatabaseOutdated, LogUnavailable, CursorMoved)
_REGISTER_POLL_S = 2.0
_TRIM_EVERY_S = 10.0
_DAYS_EVERY_S = 3600.0
_ROLL_EVERY_S = 10.0


@dataclass(frozen=True, slots=True)
class Ingest:
    """What the tasks of one ingest process share."""

    database_url: str
    settings: Settings
    own: IngestSettings
    progress: Progress
    points: KnownPoints = field(default_factory=KnownPoints)
    clock: ClockUs = now_us

    def span(self) -> Span:
        """Times that may be stored just now: back to the retention, ahead to the limit."""
        days = self.settings.retention_days
        return storable_span(self.own, retention_days=days, clock=self.clock)()


async def run(*, database_url: str, log_url: str, settings: Settings) -> None:
    """Take in this worker's share of the log until cancelled; a lost engine is waited for."""
    progress = Progress({number: PartitionProgress() for number in range(settings.partitions)})
    ingest = Ingest(database_url, settings, load_ingest_settings(), progress)
    await run_together([keep_running(lambda: _run(ingest, log_url), name=ROLE, heals=_HEALS)])


async def _run(ingest: Ingest, log_url: str) -> None:
    client = await connect_log(log_url, name=ROLE)
    try:
        await ensure_stream(client, max_bytes=ingest.settings.log_max_bytes)
        await run_together(
            [
                _tell(ingest, client),
                _keep("register", lambda: _follow_register(ingest)),
                _keep("housekeeping", lambda: _keep_house(ingest, client)),
                _keep("partitions", lambda: _follow_leases(ingest, client)),
                _keep("latest", lambda: _keep_latest(ingest)),
                _keep("rollup", lambda: _keep_rollups(ingest)),
            ]
        )
    finally:
        await close_log(client)


async def _keep(name: str, task: Callable[[], Awaitable[None]]) -> None:
    await keep_running(task, name=name, heals=_HEALS)


async def _follow_leases(ingest: Ingest, client: Client) -> None:
    """Work on the partitions that fall to this worker; who came first has the greater share."""
    name = f"{ingest.clock():016}-{secrets.token_hex(4)}"
    partitions = ingest.progress.partitions
    ownership = Ownership(lambda number: _keep_partition(ingest, client, number, ownership))
    shares = share_partitions(client, role=ROLE, name=name, partitions=len(partitions))
    try:
        await ownership.follow(_told(ingest.progress, shares))
    finally:
        ingest.progress.share(partitions.keys())


async def _told(
    progress: Progress, shares: AsyncGenerator[frozenset[int]]
) -> AsyncGenerator[frozenset[int]]:
    async with aclosing(shares) as turns:
        async for owned in turns:
            yield owned
            # Behind it, for the tasks of partitions that went have said their last word.
            progress.share(owned)


async def _keep_partition(
    ingest: Ingest, client: Client, number: int, ownership: Ownership
) -> None:
    reading = Reading(
        number, ingest.own.max_rows, ingest.points, ingest.span, ingest.clock, ownership.confirmed
    )

    own = ingest.progress.partitions[number]

    async def once() -> None:
        try:
            async with _database(ingest.database_url) as connection:
                await read_partition(connection, client, reading, ingest.progress)
        except _HEALS as error:
            own.failed(str(error))
            raise
        finally:
            own.state = State.CONNECTING

    await _keep(f"partition-{number}", once)


async def _follow_register(ingest: Ingest) -> None:
    """Read the points again when the register says that it changed, and look behind it too."""
    async with _database(ingest.database_url) as connection:
        await ingest.points.refresh(connection)
        notices = listen(ingest.database_url, "register", timeout_s=_REGISTER_POLL_S)
        async with aclosing(notices):
            async for _ in notices:
                await ingest.points.refresh(connection)


async def _keep_house(ingest: Ingest, client: Client) -> None:
    days_at = float("-inf")
    async with _database(ingest.database_url) as connection:
        while True:
            if monotonic() - days_at >= _DAYS_EVERY_S:
                retention_days = ingest.settings.retention_days
                await keep_days(connection, now_us=ingest.clock(), retention_days=retention_days)
                await state_policy(connection, after_days=ingest.own.columnstore_after_days)
                await keep_letters(
                    connection,
                    ingest.own,
                    now_us=ingest.clock(),
                    retention_days=retention_days,
                )
                days_at = monotonic()
            await trim_log(
                connection,
                client,
                max_bytes=ingest.settings.log_max_bytes,
                partitions=ingest.settings.partitions,
            )
            await asyncio.sleep(_TRIM_EVERY_S)


async def _keep_rollups(ingest: Ingest) -> None:
    """Sum up what is closed or marked, then meters; minutes are kept as long as readings, hours for
    ever."""
    async with _database(ingest.database_url) as connection:
        while True:
            await roll_up(connection, ingest.clock)
            await keep_meters(connection)
            await drop_minutes(connection, before_us=ingest.span().first_us - DAY_US)
            await asyncio.sleep(_ROLL_EVERY_S)


async def _keep_latest(ingest: Ingest) -> None:
    async with _database(ingest.database_url) as connection:
        while True:
            rest_s = await refresh_and_rest(connection)
            await asyncio.sleep(rest_s)


async def _tell(ingest: Ingest, client: Client) -> None:
    while True:
        await send_status(client, ingest.progress.status(ingest.own.name, ingest.clock()))
        await asyncio.sleep(EVERY_S)


@asynccontextmanager
async def _database(url: str) -> AsyncIterator[Connection]:
    """A connection to a database of our schema; its loss becomes `DatabaseUnavailable`."""
    connection = await connect(url, autocommit=True)
    try:
        await require_schema(connection)
        yield connection
    except DiskFull as error:
        raise DatabaseUnavailable(f"the database's disk is full: {error}") from error
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        raise DatabaseUnavailable(f"the database was lost: {error}") from error
    finally:
        await connection.close()
