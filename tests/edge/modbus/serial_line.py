"""A serial line without wires: two pseudo-terminals, each with what the other sends."""

import asyncio
import os
import pty
from collections.abc import Iterator
from contextlib import contextmanager


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
