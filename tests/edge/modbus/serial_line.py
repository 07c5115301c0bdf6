"""A serial line without wires: two pseudo-terminals, each with what the other sends."""

import asyncio
import os
import pty
import struct
import tty
from collections.abc import Iterator
from contextlib import contextmanager

from pymodbus.framer.rtu import FramerRTU

from tests.edge.modbus.wire import Answer

_REQUEST_BYTES = 8


@contextmanager
def serial_line() -> Iterator[tuple[str, str]]:
    """The names of the line's two ends, until the end of the block."""
    loop = asyncio.get_running_loop()
    one, one_end = pty.openpty()
    other, other_end = pty.openpty()

    def carry(sender: int, receiver: int) -> None:
        os.write(receiver, os.read(sender, 1024))

    loop.add_reader(one, carry, one, other)
    loop.add_reader(other, carry, other, one)
    try:
        yield os.ttyname(one_end), os.ttyname(other_end)
    finally:
        loop.remove_reader(one)
        loop.remove_reader(other)
        for descriptor in (one, one_end, other, other_end):
            os.close(descriptor)


@contextmanager
def answering_line(answer: Answer, *, late_s: float = 0.0) -> Iterator[str]:
    """A line whose units answer each request to read, `late_s` after it came; the name of our end."""
    loop = asyncio.get_running_loop()
    with serial_line() as (ours, theirs):
        end = os.open(theirs, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(end)
        waiting = bytearray()

        def come() -> None:
            waiting.extend(os.read(end, 1024))
            while len(waiting) >= _REQUEST_BYTES:
                unit, request = waiting[0], bytes(waiting[1 : _REQUEST_BYTES - 2])
                del waiting[:_REQUEST_BYTES]
                told = answer(unit, request)
                if told is not None:
                    loop.call_later(late_s, os.write, end, framed(unit, told))

        loop.add_reader(end, come)
        try:
            yield ours
        finally:
            loop.remove_reader(end)
            os.close(end)


def framed(unit: int, answer: bytes) -> bytes:
    """An answer as an RTU frame."""
    frame = bytes([unit]) + answer
    return frame + struct.pack(">H", FramerRTU.compute_CRC(frame))
