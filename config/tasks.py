"""Run tasks beside each other and end them for certain.

Before Python 3.12 `asyncio.wait_for` loses a cancellation that comes together with its result, and
the clients of the log and of devices wait with it. So a task is cancelled until it ends: once is
not always enough.
"""

import asyncio
from collections.abc import Collection, Coroutine
from typing import Any

_CANCEL_AGAIN_S = 0.5


async def run_together(coroutines: Collection[Coroutine[object, object, None]]) -> None:
    """Run all until one ends or this is cancelled, and end the others; raises the error of one.

    With none to run it waits to be cancelled.
    """
    if not coroutines:
        await asyncio.Event().wait()
    tasks = [asyncio.create_task(coroutine) for coroutine in coroutines]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        await end_tasks(tasks)


async def end_tasks(tasks: Collection[asyncio.Task[Any]]) -> None:
    """Cancel tasks until they have ended, whatever they end with; being cancelled does not stop it."""
    cancelled = False
    while running := [task for task in tasks if not task.done()]:
        for task in running:
            task.cancel()
        try:
            await asyncio.wait(running, timeout=_CANCEL_AGAIN_S)
        except asyncio.CancelledError:
            cancelled = True
    for task in tasks:
        # Looked at, so that nobody is told of an error that was never taken.
        if not task.cancelled():
            task.exception()
    if cancelled:
        raise asyncio.CancelledError
