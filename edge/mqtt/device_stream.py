"""What devices publish to the embedded broker, taken from the log's server in batches.

The broker and the log are one server: what is published on a topic is there on a subject. A stream in
its memory keeps it while we are away, up to a bound; beyond it the oldest go, and we count them. What
the log has on disk is removed from that stream, so whoever begins anew takes up at what it has not.
"""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol, cast
from urllib.parse import unquote, urlsplit

from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    DeliverPolicy,
    DiscardPolicy,
    StorageType,
    StreamConfig,
)
from nats.js.errors import APIError, NotFoundError

from config.errors import LogUnavailable
from config.log import close_log, connect_log
from edge.errors import SourceLost, SourceRefused
from edge.mqtt.feed import FeedError, Topics, read_piece, usual_heads
from edge.mqtt.run import Run, Runs
from edge.mqtt.source import MqttSource
from edge.mqtt.subjects import subjects_of
from edge.mqtt.topics import parse_pattern, widest

_MAX_BYTES = 256 * 1024**2
_PULL = 5_000
_PULL_S = 2
_MOST_WAITING = 20_000
_CONNECT_S = 5.0


class Feed(Protocol):
    """Where a stream's messages come from."""

    async def take(self, most: int) -> Run:
        """About `most`, at least one. Raises `SourceLost` after the last."""
        ...


class DeviceStream:
    """The messages of one source, in order; `missed` counts those that the stream had no room for."""

    def __init__(self, client: Client, name: str, feed: Feed) -> None:
        self.missed = 0
        self._client = client
        self._name = name
        self._feed = feed
        self._last: int | None = None

    async def take(self, most: int) -> Run:
        """About `most` messages, at least one. Raises `SourceLost`."""
        taken = await self._feed.take(most)
        first, self._last = self._last, taken.last
        if first is not None:
            self.missed += self._last - first - len(taken)
        return taken

    async def release(self, run: Run) -> None:
        """The log has this: remove it and what was before it. Raises `SourceLost`."""
        try:
            # `seq` is the first that stays.
            await self._client.jsm().purge_stream(self._name, seq=run.last + 1)
        except (NatsError, TimeoutError) as error:
            raise SourceLost(f"the log's server does not answer: {error!r}") from error


@asynccontextmanager
async def device_stream(url: str, source: MqttSource) -> AsyncIterator[DeviceStream]:
    """The stream of a source's topics, made where it is missing, until the end of the block.

    Raises `SourceLost` or, where another stream has these topics, `SourceRefused`.
    """
    name = f"DEVICES_{source.session}"
    try:
        client = await connect_log(url, name=source.session)
    except LogUnavailable as error:
        raise SourceLost(str(error)) from error
    try:
        consumer = await _consumer(client, name, source)
        feed = await _open_feed(url, name, consumer)
        try:
            yield DeviceStream(client, name, feed)
        finally:
            feed.close()
    finally:
        await close_log(client)


async def _consumer(client: Client, name: str, source: MqttSource) -> str:
    """A consumer of our own, that begins with the oldest message."""
    filters = widest([parse_pattern(topic.filter).filter for topic in source.topics])
    wanted = StreamConfig(
        name=name,
        subjects=subjects_of(filters),
        storage=StorageType.MEMORY,
        discard=DiscardPolicy.OLD,
        max_bytes=_MAX_BYTES,
    )
    config = ConsumerConfig(
        name=secrets.token_hex(8),
        deliver_policy=DeliverPolicy.ALL,
        ack_policy=AckPolicy.NONE,
        inactive_threshold=60.0,
        mem_storage=True,
    )
    manager = client.jsm()
    try:
        try:
            await manager.update_stream(wanted)
        except NotFoundError:
            await manager.add_stream(wanted)
        return (await manager.add_consumer(name, config)).name
    except APIError as error:
        raise SourceRefused(f"the topics cannot be taken: {error.description}") from error
    except (NatsError, TimeoutError) as error:
        raise SourceLost(f"the log's server does not answer: {error!r}") from error


async def _open_feed(url: str, stream: str, consumer: str) -> "_Feed":
    parts = urlsplit(url)
    login = {"user": unquote(parts.username or ""), "pass": unquote(parts.password or "")}
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(_CONNECT_S):
            _, feed = await loop.create_connection(
                lambda: _Feed(login, stream, consumer),
                parts.hostname or "127.0.0.1",
                parts.port or 4222,
            )
    except OSError as error:
        raise SourceLost(f"cannot connect to the log's server: {error}") from error
    return feed


class _Feed(asyncio.Protocol):
    """A connection that only pulls: as many messages as there is room for are always asked for."""

    def __init__(self, login: dict[str, str], stream: str, consumer: str) -> None:
        self._login = login
        self._pull = f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{consumer}"
        self._usual = usual_heads(stream, consumer)
        self._answers = f"_INBOX.{secrets.token_hex(11)}"
        self._runs = Runs()
        self._rest = b""
        self._topics = Topics()
        self._open = 0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """From the loop: there is a connection."""
        self._transport = cast("asyncio.Transport", transport)
        told = {"verbose": False, "headers": True, "no_responders": True, **self._login}
        self._write(f"CONNECT {json.dumps(told)}\r\nSUB {self._answers} 1\r\n")
        self._ask()

    def data_received(self, data: bytes) -> None:
        """From the loop: bytes of the server."""
        data = self._rest + data
        try:
            piece = read_piece(data, self._topics, self._usual)
        except FeedError as error:
            self._runs.end(SourceLost(str(error)))
            self.close()
            return
        self._rest = data[piece.end :]
        if piece.pings:
            self._write("PONG\r\n")
        self._runs.add(piece.run)
        self._open -= len(piece.run) + piece.unsent
        self._ask()

    def connection_lost(self, exc: Exception | None) -> None:
        """From the loop: the connection is gone."""
        self._runs.end(SourceLost("the connection to the log's server ended"))

    async def take(self, most: int) -> Run:
        """About `most`, at least one. Raises `SourceLost` after the last."""
        taken = await self._runs.take(most)
        self._ask()
        return taken

    def close(self) -> None:
        """End the connection."""
        if self._transport is not None:
            self._transport.close()

    def _ask(self) -> None:
        """Pull once more wherever there is room; what is on its way does not wait for it."""
        while self._runs.waiting + self._open + _PULL <= _MOST_WAITING and not self._runs.ended:
            self._open += _PULL
            wish = json.dumps({"batch": _PULL, "expires": _PULL_S * 1_000_000_000})
            self._write(f"PUB {self._pull} {self._answers} {len(wish)}\r\n{wish}\r\n")

    def _write(self, text: str) -> None:
        if self._transport is not None:
            self._transport.write(text.encode())
