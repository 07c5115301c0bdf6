"""A fixed pace that does not drift: ticks stand at whole multiples from the first one."""

import asyncio
from collections.abc import AsyncIterator


def next_tick(first: float, every: float, now: float) -> float:
    """The first tick after `now`; those that were missed are left out."""
    passed = (now - first) // every
    return first + (passed + 1) * every


async def ticks(every_s: float) -> AsyncIterator[float]:
    """Now, and then at each tick, on the event loop's clock; a late taker misses ticks."""
    loop = asyncio.get_running_loop()
    first = due = loop.time()
    while True:
        yield due
        due = next_tick(first, every_s, loop.time())
        await asyncio.sleep(due - loop.time())
