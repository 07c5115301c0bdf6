"""A broker byte by byte, for what a proper one does at a moment of its own choosing."""

import asyncio
import struct
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, closing
from typing import Any

from edge.mqtt.source import MqttSource

CONNACK, CONNACK_SESSION = b"\x20\x02\x00\x00", b"\x20\x02\x01\x00"
"""The client is let in; the second says that its session was kept."""
SUBACK = b"\x90\x03\x00\x01\x01"
PUBACK, FAREWELL = 0x40, b"\xe0\x00"
REPEATED = 0x3A
"""First byte of a publication that may have been sent before (DUP)."""
Behaviour = Callable[["Broker"], Coroutine[Any, Any, None]]
"""What the broker does in one connection; at its end the connection is closed."""


class Broker:
    """The broker's end of one connection, byte by byte as the test says."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def accept(self, *, connack: bytes = CONNACK, between: bytes = b"") -> None:
        """Let the client in and confirm its subscription; `between` is sent before it subscribes."""
        await self.packet()
        await self.send(connack + between)
        await self.packet()
        await self.send(SUBACK)

    async def packet(self) -> tuple[int, bytes]:
        """The next packet, none longer than 127 bytes: its first byte and its content."""
        head, length = await self._reader.readexactly(2)
        return head, await self._reader.readexactly(length)

    async def acknowledged(self) -> int:
        """The identity that the next packet acknowledges."""
        head, content = await self.packet()
        assert head == PUBACK, f"{head:#x} is no PUBACK"
        return int.from_bytes(content[:2])

    async def piece(self) -> bytes:
        """What comes in one piece."""
        return await self._reader.read(65_536)

    async def until_farewell(self) -> bytes:
        """Everything up to DISCONNECT; then the connection is closed."""
        return await self._reader.readuntil(FAREWELL)

    async def send(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()


def publication(mid: int, payload: bytes = b"1", head: int = 0x32) -> bytes:
    body = struct.pack("!H", 3) + b"a/b" + struct.pack("!H", mid) + payload
    return bytes([head, len(body)]) + body


@asynccontextmanager
async def serving(*behaviours: Behaviour) -> AsyncIterator[MqttSource]:
    """A source of the point A.b at a broker whose connections behave so, one after the other.

    What went wrong in one of them is raised at the end of the block.
    """
    tasks: list[asyncio.Task[None]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with closing(writer):
            if len(tasks) < len(behaviours):
                task = asyncio.create_task(behaviours[len(tasks)](Broker(reader, writer)))
                tasks.append(task)
                await asyncio.wait([task])

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    topics = [{"filter": "a/b", "payload": "plain", "tag": "A.b"}]
    try:
        yield MqttSource.model_validate(
            {"type": "mqtt", "name": "m", "connect": f"mqtt://127.0.0.1:{port}", "topics": topics}
        )
    finally:
        server.close()
        async with asyncio.timeout(20):
            results = await asyncio.gather(*tasks, return_exceptions=True)
    for error in results:
        if isinstance(error, AssertionError):
            raise error
