"""End a process's work on SIGTERM, Ctrl-C or a closed terminal: cancel it, and let it stop in its own order."""

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any


async def until_terminated(work: Coroutine[Any, Any, None]) -> None:
    """Await `work` to its end, or cancel it on SIGTERM, SIGINT or SIGHUP and return once it has stopped.

    Each further signal cancels once more, which cuts an orderly stop short.
    """
    task = asyncio.ensure_future(work)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, task.cancel)
    await asyncio.wait([task])
    if not task.cancelled():
        task.result()
