"""The bytes to and from a broker: what paho takes for its socket, moved by the event loop.

paho reads a socket byte by byte and sends each acknowledgement alone. Here it reads from what the
loop received in one piece, and what it writes in one turn of the loop leaves together.
"""

import asyncio
from collections.abc import Callable
from typing import cast

_PIECE = 8 * 1024
"""Bytes received at once: some hundred messages, so that no other source waits long."""


class BrokerStream(asyncio.BufferedProtocol):
    """One connection; `received` is called after each piece, `ended` once at the end."""

    def __init__(
        self, received: Callable[[], None], ended: Callable[[Exception | None], None]
    ) -> None:
        self._received = received
        self._ended = ended
        self._transport: asyncio.Transport | None = None
        self._piece = bytearray(_PIECE)
        self._data = b""
        self._position = 0
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
        self._data = self._data[self._position :] + self._piece[:nbytes]
        self._position = 0
        self._received()

    def eof_received(self) -> None:
        """From the loop: the broker sends no more, and the connection is closed."""
        self._ended(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """From the loop: the connection is gone."""
        self._gone.set()
        self._ended(exc)

    @property
    def has_data(self) -> bool:
        """Is there anything that was received and not read?"""
        return self._position < len(self._data)

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
        """For paho: up to so many bytes. Raises `BlockingIOError` where there are none yet."""
        if not self.has_data:
            raise BlockingIOError
        start = self._position
        data = self._data[start : start + buffer_size]
        self._position = start + len(data)
        return data

    def send(self, buffer: bytes | bytearray) -> int:
        """For paho: take all of it, to be sent with what follows."""
        self._written.append(bytes(buffer))
        return len(buffer)

    def close(self) -> None:
        """For paho: send what was written, then close; what was received and not read is void."""
        self.flush()
        self._data, self._position = b"", 0
        if self._transport is not None and not self._leaving:
            self._transport.close()

    def fileno(self) -> int:
        """For paho, which never asks here: the loop waits for the socket."""
        return -1

    def setblocking(self, flag: bool) -> None:
        """For paho: it never blocks."""
