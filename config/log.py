"""The log: one durable, ordered, replayable stream between collection and everything after it.

NATS JetStream, stream `OILCAN`, subjects `oilcan.<kind>.<partition>.<edge>`. A publisher has one
message in flight for each partition, so what it sent stands in order and a repeated one is known
by its `BatchId`. A reader keeps its own `Position` in its own transaction and reads on from there;
the log is never asked what a reader has seen.
"""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from enum import StrEnum

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    DeliverPolicy,
    DiscardPolicy,
    RetentionPolicy,
    StorageType,
    StreamConfig,
)
from nats.js.errors import APIError, NotFoundError

from config.diagnostics import logger
from config.errors import LogFull, LogUnavailable
from config.log_client import LogClient, unless_cancelled
from config.tasks import end_tasks

STREAM = "OILCAN"
_DUPLICATE_WINDOW_S = 600.0
_FIRST_CONNECTION_S = 2.5
_SESSION, _SEQUENCE = "Oilcan-Session", "Oilcan-Sequence"
# JetStream's codes for a full stream: maximum bytes, insufficient storage of the server.
_FULL_CODES = frozenset({10047, 10077, 10054, 10023, 10028})

log = logger(__name__)


class Kind(StrEnum):
    """What a record of the log holds; the second word of its subject."""

    READINGS = "readings"
    ALARMS = "alarms"
    TICKS = "ticks"
    REJECTS = "rejects"


@dataclass(frozen=True, slots=True)
class BatchId:
    """Identity of a batch: who sent it, in which run of that edge, and its place in that run."""

    edge: str
    session: str
    sequence: int

    def __str__(self) -> str:
        return f"{self.edge}:{self.session}:{self.sequence}"


@dataclass(frozen=True, slots=True)
class Position:
    """Where a reader stands: the last record that it has taken in.

    `stream` is the log's own identity (its creation time): a log made anew counts from 1 again,
    and a position in the old one means nothing there.
    """

    stream: str = ""
    sequence: int = 0


@dataclass(frozen=True, slots=True)
class Record:
    """One record of the log, as a reader receives it."""

    kind: Kind
    partition: int
    batch: BatchId
    position: Position
    data: bytes


async def connect_log(url: str, *, name: str) -> LogClient:
    """Connect to the log and keep reconnecting for ever; `name` shows in the server's monitor.

    Give the client to `close_log` in the end. Raises `LogUnavailable` if the first connection fails.
    """
    client = LogClient()
    # A client that reconnects for ever would also try its first connection for ever, in silence.
    first = asyncio.create_task(_keep_connected(client, url, name))
    try:
        await asyncio.wait([first], timeout=_FIRST_CONNECTION_S)
        _require_connected(client, first, url)
    except BaseException:
        await _give_up(client, first)
        raise
    return client


def _require_connected(client: LogClient, first: asyncio.Task[None], url: str) -> None:
    try:
        if not first.done():
            raise client.last_error or TimeoutError("no answer")
        first.result()
    except (NatsError, OSError) as error:
        raise LogUnavailable(f"no log at {_without_secret(url)}: {error!r}") from error


async def _keep_connected(client: LogClient, url: str, name: str) -> None:
    async def lost() -> None:
        # A connection that we close ourselves is not lost.
        if not client.is_closed:
            log.warning("connection to the log lost")

    async def back() -> None:
        log.info("connection to the log is back")

    async def quiet(error: Exception) -> None:
        log.debug("log client", error=repr(error))

    await client.connect(
        url,
        name=name,
        allow_reconnect=True,
        max_reconnect_attempts=-1,
        reconnect_time_wait=0.25,  # type: ignore[arg-type]  # only slept
        connect_timeout=2,
        ping_interval=5,
        max_outstanding_pings=2,
        disconnected_cb=lost,
        reconnected_cb=back,
        error_cb=quiet,
    )


async def _give_up(client: LogClient, connecting: asyncio.Task[None]) -> None:
    try:
        await end_tasks([connecting])
    finally:
        await close_log(client)


async def close_log(client: Client) -> None:
    """Close a connection, whether or not the server is still there to be told."""
    try:
        await client.close()
    except (NatsError, OSError) as error:
        log.debug("connection closed by its loss", error=repr(error))


async def answers(client: Client) -> bool:
    """Does the server at the other end answer a request? It knows this one without any stream."""
    try:
        await client.request("$SYS.REQ.USER.INFO", timeout=_FIRST_CONNECTION_S)
    except (NatsError, TimeoutError, OSError):
        return False
    return True


async def ensure_stream(client: Client, *, max_bytes: int) -> str:
    """Make the stream if it is missing, bring its bound and subjects up to date, give its identity.

    A full stream refuses (discard new): readings are never dropped in silence.
    """
    subjects = {f"oilcan.{kind}.>" for kind in Kind}
    wanted = StreamConfig(
        name=STREAM,
        subjects=sorted(subjects),
        storage=StorageType.FILE,
        retention=RetentionPolicy.LIMITS,
        discard=DiscardPolicy.NEW,
        max_bytes=max_bytes,
        duplicate_window=_DUPLICATE_WINDOW_S,
        # A gateway hands over many records at once; servers before 2.12 do not know this.
        allow_atomic=True,
    )
    manager = client.jsm()
    try:
        try:
            found = (await manager.stream_info(STREAM)).config
            # A newer Oilcan may have subjects that this one does not know; and what an administrator
            # chose, such as replicas, stays.
            known = set(found.subjects or ())
            if (found.max_bytes, found.allow_atomic, known) != (max_bytes, True, known | subjects):
                changed = found.evolve(
                    max_bytes=max_bytes, allow_atomic=True, subjects=sorted(known | subjects)
                )
                await manager.update_stream(changed)
        except NotFoundError:
            await manager.add_stream(wanted)
        return await stream_identity(client)
    except (NatsError, TimeoutError) as error:
        raise LogUnavailable(f"the log's stream cannot be made: {error!r}") from error


async def stream_identity(client: Client) -> str:
    """The stream's identity: the time that it was made. Raises `LogUnavailable`."""
    try:
        info = await client.jsm().stream_info(STREAM)
    except (NatsError, TimeoutError) as error:
        raise LogUnavailable(f"the log's stream does not answer: {error!r}") from error
    return info.created.isoformat() if info.created else ""


async def publish(
    js: JetStreamContext,
    kind: Kind,
    partition: int,
    batch: BatchId,
    data: bytes,
    *,
    timeout_s: float = 5.0,
) -> int:
    """Append one record; returns its sequence once the log has it on disk.

    Repeating the call with the same `batch` is safe: the log and every reader know the identity.
    Raises `LogFull` or `LogUnavailable`: then it is not known to be stored, call again.
    """
    subject, headers = subject_of(kind, partition, batch), headers_of(kind, partition, batch)
    try:
        ack = await js.publish(subject, data, timeout=timeout_s, headers=headers)
    except APIError as error:
        raise refused(error) from error
    except (NatsError, TimeoutError, OSError) as error:
        raise LogUnavailable.unconfirmed(error) from error
    return ack.seq


def subject_of(kind: Kind, partition: int, batch: BatchId) -> str:
    """The subject that a record is published on."""
    return f"oilcan.{kind}.{partition}.{batch.edge}"


def headers_of(kind: Kind, partition: int, batch: BatchId) -> dict[str, str]:
    """The headers that tell log and readers whose record it is."""
    return {
        "Nats-Msg-Id": f"{kind}:{partition}:{batch}",
        _SESSION: batch.session,
        _SEQUENCE: str(batch.sequence),
    }


def refused(error: APIError) -> LogUnavailable:
    """What a refusal of JetStream means to a publisher."""
    if error.err_code in _FULL_CODES:
        return LogFull(f"the log is full: {error.description}")
    return LogUnavailable(f"the log refused: {error!r}")


async def read(
    client: Client,
    partition: int | None,
    after: Position,
    *,
    max_records: int = 64,
    max_wait_s: float = 1.0,
) -> AsyncGenerator[list[Record]]:
    """Records of a partition (None: of all) after a position, in order and without a gap, in lists.

    An empty list is given after `max_wait_s` without any record. Raises `LogUnavailable` when the
    log is lost, was made anew or a record is missing: the caller reads on from its own position.
    """
    identity = await stream_identity(client)
    start = after.sequence + 1 if after.stream == identity else 1
    subscription = await _subscribe(client, partition, start)
    expected = 1
    try:
        while True:
            try:
                messages = await unless_cancelled(
                    subscription.fetch(max_records, timeout=max_wait_s)
                )
            except TimeoutError:
                messages = []
            except NatsError as error:
                raise LogUnavailable(f"the log was lost while reading: {error!r}") from error
            if not messages:
                await _still_there(client, subscription, identity)
                yield []
                continue
            if messages[0].metadata.sequence.consumer != expected:
                raise LogUnavailable("the log skipped a record; reading again from the position")
            expected = messages[-1].metadata.sequence.consumer + 1
            yield [_record(message, identity) for message in messages]
    finally:
        await _unsubscribe(subscription)


async def _subscribe(
    client: Client, partition: int | None, start: int
) -> JetStreamContext.PullSubscription:
    which = ">" if partition is None else f"{partition}.>"
    config = ConsumerConfig(
        deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
        opt_start_seq=start,
        ack_policy=AckPolicy.NONE,
        filter_subjects=[f"oilcan.{kind}.{which}" for kind in Kind],
        inactive_threshold=60.0,
        mem_storage=True,
    )
    try:
        return await client.jetstream().pull_subscribe("", stream=STREAM, config=config)
    except (NatsError, TimeoutError) as error:
        raise LogUnavailable(f"the log cannot be read: {error!r}") from error


async def _still_there(
    client: Client, subscription: JetStreamContext.PullSubscription, identity: str
) -> None:
    """Find out whether silence is real: a restarted log has forgotten our consumer."""
    try:
        await subscription.consumer_info()
    except (NatsError, TimeoutError) as error:
        raise LogUnavailable(f"the log was lost while reading: {error!r}") from error
    if await stream_identity(client) != identity:
        raise LogUnavailable("the log was made anew; reading again from its start")


async def _unsubscribe(subscription: JetStreamContext.PullSubscription) -> None:
    try:
        await subscription.unsubscribe()
    except (NatsError, TimeoutError, OSError) as error:
        log.debug("consumer left to expire", error=repr(error))


def _record(message: Msg, identity: str) -> Record:
    _, kind, partition, edge = message.subject.split(".", 3)
    headers = message.headers or {}
    sequence = message.metadata.sequence.stream
    return Record(
        kind=Kind(kind),
        partition=int(partition),
        batch=BatchId(edge, headers.get(_SESSION, ""), int(headers.get(_SEQUENCE, sequence))),
        position=Position(identity, sequence),
        data=message.data,
    )


def _without_secret(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"
