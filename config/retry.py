"""Keep a task going: run it again after an error that time may heal, with jittered backoff."""

import asyncio
import random
from collections.abc import Awaitable, Callable

from config.clock import monotonic
from config.diagnostics import logger
from config.errors import DatabaseUnavailable, LogUnavailable

FIRST_DELAY_S = 0.1
LONGEST_DELAY_S = 5.0
_STEADY_S = 30.0

log = logger(__name__)


def backoff_s(
    failures: int, *, first: float = FIRST_DELAY_S, longest: float = LONGEST_DELAY_S
) -> float:
    """Seconds to wait after the n-th failure in a row: full jitter below a doubling ceiling."""
    ceiling = min(longest, first * 2 ** min(failures, 16))
    return random.uniform(ceiling / 4, ceiling)  # noqa: S311 - spreading load, not a secret


async def keep_running(
    task: Callable[[], Awaitable[None]],
    *,
    name: str,
    heals: tuple[type[Exception], ...] = (DatabaseUnavailable, LogUnavailable),
) -> None:
    """Await `task()` again and again while it ends in one of `heals`; return when it returns.

    Says once that it was lost, and once that it holds again. Other errors pass through.
    """
    failures = 0
    while True:
        started = monotonic()
        try:
            await task()
        except heals as error:
            if monotonic() - started > _STEADY_S:
                failures = 0
            if failures == 0:
                log.warning("interrupted, trying again until it works", task=name, error=str(error))
            await asyncio.sleep(backoff_s(failures))
            failures += 1
        else:
            return
