"""The bytes to and from a broker: what paho takes for its socket, moved by the event loop.

What devices publish is taken out of what the loop received, all at once; paho is shown one whole packet
of any other kind at a time. What is written in one turn of the loop leaves together.
"""

import asyncio
from collections.abc import Callable
from typing import cast

from edge.mqtt.inbox import Delivery
from edge.mqtt.packets import packet_bounds, read_publications

_PIECE = 32 * 1024
"""Bytes received at once: about a thousand messages, so that no other source waits long."""


class BrokerStream(asyncio.BufferedProtocol):
    """One connection; `received` is called after each piece, `ended` once at the end."""

    def __init__(
        self, received: Callable[[], None], ended: Callable[[Exception | None], None]
    ) -> None:
        self._received = received
        self._ended = ended
        self._transport: asyncio.Transport | None = None
        self._piece = bytearray(_PIECE)
        self._data = bytearray()
        self._position = self._shown = 0
        self._written: list[bytes] = []
        self._leaving = False
        self._gone = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """From the loop: there is a connection."""
        self._transport = cast("asyncio.Transport", transport)

    def get_buffer(self, sizehint: int) -> bytearray:
        """From the loop: where to put what comes."""
        return self._piece

    def buffer_updated(self, nbytes: int) -> None:
        """From the loop: so many bytes came."""
        if self._leaving:
            return
        self._forget_read()
        self._data += memoryview(self._piece)[:nbytes]
        self._received()

    def eof_received(self) -> None:
        """From the loop: the broker sends no more, and the connection is closed."""
        self._ended(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """From the loop: the connection is gone."""
        self._gone.set()
        self._ended(exc)

    def take_publications(self, most: int, *, five: bool, received_us: int) -> list[Delivery]:
        """What devices published, as far as it was received and nothing else stands before it."""
        found, self._position = read_publications(
            self._data, self._position, most=most, five=five, received_us=received_us
        )
        return found

    def show_packet(self) -> bool:
        """Let paho read the next packet; False where it is not here as a whole."""
        end = packet_bounds(self._data, self._position)[1]
        if self._position == len(self._data) or end > len(self._data):
            return False
        self._shown = end
        return True

    def pause(self) -> None:
        """Receive no more, so that the broker has to wait."""
        if self._transport is not None:
            self._transport.pause_reading()

    def resume(self) -> None:
        """Receive again."""
        if self._transport is not None:
            self._transport.resume_reading()

    def flush(self) -> None:
        """Send what was written."""
        if self._transport is not None and self._written:
            self._transport.write(b"".join(self._written))
        self._written.clear()

    def leave(self) -> None:
        """From now on paho's farewell is the last word; the broker is to close the connection."""
        self._leaving = True

    async def gone(self, *, within_s: float) -> None:
        """Return once the broker has closed the connection: then it has read all that was sent."""
        try:
            async with asyncio.timeout(within_s):
                await self._gone.wait()
        except TimeoutError:
            pass
        finally:
            if self._transport is not None:
                self._transport.abort()

    def recv(self, buffer_size: int) -> bytes:
        """For paho: up to so many bytes of the packet. Raises `BlockingIOError` behind its end."""
        if self._position >= self._shown:
            raise BlockingIOError
        start = self._position
        data = bytes(self._data[start : min(start + buffer_size, self._shown)])
        self._position = start + len(data)
        return data

    def send(self, buffer: bytes | bytearray) -> int:
        """For paho: take all of it, to be sent with what follows."""
        self._written.append(bytes(buffer))
        return len(buffer)

    def close(self) -> None:
        """For paho: send what was written, then close; what was received and not read is void."""
        self.flush()
        self._data.clear()
        self._position = self._shown = 0
        if self._transport is not None and not self._leaving:
            self._transport.close()

    def fileno(self) -> int:
        """For paho, which never asks here: the loop waits for the socket."""
        return -1

    def setblocking(self, flag: bool) -> None:
        """For paho: it never blocks."""

    def _forget_read(self) -> None:
        del self._data[: self._position]
        self._shown -= self._position
        self._position = 0
