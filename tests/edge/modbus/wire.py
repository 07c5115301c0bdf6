"""A Modbus TCP server of a few lines, for what a proper server never does on the wire."""

import asyncio
import ssl
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

Answer = Callable[[int, bytes], bytes | None]
"""Unit and request to the answer; None for silence. `ConnectionError` hangs up."""


@asynccontextmanager
async def answering(
    port: int, answer: Answer, tls: ssl.SSLContext | None = None
) -> AsyncIterator[None]:
    """Answer every request on `port` until the end of the block, when all connections are closed."""
    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        try:
            while True:
                head = await reader.readexactly(7)
                _, _, length, unit = struct.unpack(">HHHB", head)
                pdu = answer(unit, await reader.readexactly(length - 1))
                if pdu is not None:
                    writer.write(head[:4] + struct.pack(">HB", len(pdu) + 1, unit) + pdu)
        except (OSError, asyncio.IncompleteReadError):
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", port, ssl=tls)
    try:
        yield
    finally:
        server.close()
        for writer in writers:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
        await server.wait_closed()


def span(request: bytes) -> tuple[int, int]:
    """First address and count that a request to read asks for."""
    first, count = struct.unpack(">HH", request[1:5])
    return first, count


def words(request: bytes) -> bytes:
    """The answer to a request for registers: each holds its own address."""
    first, count = span(request)
    held = struct.pack(f">{count}H", *range(first, first + count))
    return request[:1] + bytes([2 * count]) + held


def refusal(request: bytes, code: int) -> bytes:
    """The answer that refuses a request with an exception."""
    return bytes([request[0] | 0x80, code])
