"""The process loop of conditions: the log in, events with their outbox out, snapshots between.

A partition has one engine at a time, held by an advisory lock. Its position in the log is that of
its last snapshot: what came after is replayed, and gives the same events under the same keys.
"""

import asyncio
import secrets
from contextlib import aclosing
from dataclasses import dataclass

import psycopg
from nats.aio.client import Client

from conditions import store
from conditions.alarm_worker import keep_settling
from conditions.evaluation import Evaluation
from conditions.event_retention import keep_events
from conditions.queries import fingerprint
from conditions.settings import ConditionSettings
from config.clock import ClockUs, now_us
from config.database import Connection, connect, listen
from config.diagnostics import logger
from config.errors import DatabaseOutdated, DatabaseUnavailable, LogUnavailable
from config.log import BatchId, Kind, close_log, connect_log, publish, read
from config.migrate import require_schema
from config.retry import keep_running
from config.settings import Settings
from config.status import EVERY_S, Status, send_status
from config.tasks import run_together

_CHANNELS = ("rule", "register")
_POLL_S = 2.0
_QUIET_S = 1.0
_LOCK_POLL_S = 0.5
_HEALS = (DatabaseUnavailable, DatabaseOutdated, LogUnavailable)
_TICKER = "conditions"

log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Place:
    """Where one engine works."""

    database_url: str
    log_url: str
    partition: int
    partitions: int


async def run(*, database_url: str, log_url: str, settings: Settings) -> None:
    """Evaluate every partition until cancelled; survives the loss of database and log."""
    own = ConditionSettings()
    # In a thread: whoever wants it to stop is heard meanwhile.
    await asyncio.to_thread(Evaluation.compile_kernel)
    places = [
        Place(database_url, log_url, partition, settings.partitions)
        for partition in range(settings.partitions)
    ]
    evaluating = [_keep_evaluating(place, own) for place in places]
    keeping = keep_events(database_url, days=own.event_days)
    await run_together([*evaluating, keep_settling(database_url), keeping])


async def _keep_evaluating(place: Place, settings: ConditionSettings) -> None:
    await keep_running(
        lambda: _evaluate(place, settings),
        name=f"conditions of partition {place.partition}",
        heals=_HEALS,
    )


async def _evaluate(place: Place, settings: ConditionSettings) -> None:
    """Hold the partition and evaluate it until the database or the log is lost."""
    client = await connect_log(place.log_url, name=f"conditions-{place.partition}")
    try:
        connection = await connect(place.database_url, autocommit=True)
        async with connection:
            await require_schema(connection)
            await _own(connection, place.partition)
            evaluation = Evaluation(
                connection, settings, partition=place.partition, partitions=place.partitions
            )
            await evaluation.start()
            await _work(place, evaluation, client)
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable(f"the database was lost: {error}") from error
    finally:
        await close_log(client)


async def _own(connection: Connection, partition: int) -> None:
    """Wait until the partition is ours; by polling, for a statement that waits holds back vacuum."""
    while True:
        if await store.try_lock_partition(connection, partition):
            return
        await asyncio.sleep(_LOCK_POLL_S)


async def _work(place: Place, evaluation: Evaluation, client: Client) -> None:
    """Read the log, watch the rules and tell of both, until one of them fails."""
    changed = asyncio.Event()
    await run_together(
        [
            _read(place, evaluation, client, changed),
            _tell(evaluation, client, name=f"partition-{place.partition}"),
            *(_watch(place, channel, changed) for channel in _CHANNELS),
        ]
    )


async def _read(
    place: Place, evaluation: Evaluation, client: Client, changed: asyncio.Event
) -> None:
    """Take in the log from the evaluation's position on; write a tick where it is quiet."""
    ticks = _Ticks(client, place.partition)
    records = read(client, place.partition, evaluation.position, max_wait_s=_QUIET_S)
    async with aclosing(records) as lists:
        async for some in lists:
            if changed.is_set():
                changed.clear()
                await evaluation.reload()
            if some:
                await evaluation.take(some)
            else:
                await evaluation.rest()
                await ticks.write()


class _Ticks:
    """Event time for a quiet partition: timers go on although nothing is read."""

    def __init__(self, client: Client, partition: int, clock: ClockUs = now_us) -> None:
        self._stream = client.jetstream()
        self._partition = partition
        self._session = secrets.token_hex(8)
        self._sequence = 0
        self._clock = clock

    async def write(self) -> None:
        """Append the present to the log; a full log gets no tick, and needs none."""
        self._sequence += 1
        batch = BatchId(_TICKER, self._session, self._sequence)
        data = str(self._clock()).encode()
        try:
            await publish(self._stream, Kind.TICKS, self._partition, batch, data)
        except LogUnavailable as error:
            log.debug("tick not written", error=str(error))


async def _tell(evaluation: Evaluation, client: Client, *, name: str) -> None:
    while True:
        status = Status("conditions", name, now_us(), healthy=True, metrics=evaluation.metrics())
        await send_status(client, status)
        await asyncio.sleep(EVERY_S)


async def _watch(place: Place, channel: str, changed: asyncio.Event) -> None:
    """Note when rules, points or parameters change: told by the channel, or found by looking."""
    connection = await connect(place.database_url, autocommit=True)
    async with connection:
        seen = await fingerprint(connection)
        changed.set()
        async with aclosing(listen(place.database_url, channel, timeout_s=_POLL_S)) as notices:
            async for notice in notices:
                found = await fingerprint(connection)
                if notice is not None or found != seen:
                    changed.set()
                seen = found
