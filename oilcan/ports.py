"""The ports of what runs on this machine: as asked for, or any free ones."""

import asyncio
import socket
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from config.retry import backoff_s
from oilcan.errors import PortTaken

# What ran here before may be just ending: so many tries, about two seconds.
_TRIES = 8


@dataclass(frozen=True, slots=True)
class Wish:
    """A port that is wanted on a host, 0 for any; `option` is where the user says so."""

    option: str
    host: str
    port: int


async def choose_ports(wishes: Sequence[Wish]) -> list[int]:
    """A port for each wish, all different and free at this moment. Raises `PortTaken`."""
    for attempt in range(_TRIES):
        try:
            return _choose(wishes)
        except PortTaken:
            if attempt == _TRIES - 1:
                raise
            await asyncio.sleep(backoff_s(attempt, longest=0.5))
    raise AssertionError("unreachable")


def _choose(wishes: Sequence[Wish]) -> list[int]:
    with ExitStack() as held:
        return [_hold(wish, held) for wish in wishes]


def _hold(wish: Wish, held: ExitStack) -> int:
    """Bind a port until the stack is left, so that no two wishes get the same one."""
    family = socket.AF_INET6 if ":" in wish.host else socket.AF_INET
    probe = held.enter_context(socket.socket(family))
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        probe.bind((wish.host, wish.port))
    except OSError as error:
        raise PortTaken(_advice(wish, error)) from error
    port: int = probe.getsockname()[1]
    return port


def _advice(wish: Wish, error: OSError) -> str:
    return (
        f"port {wish.port} on {wish.host} cannot be used ({error.strerror}): "
        f"give another with {wish.option} (0: any free one)"
    )
