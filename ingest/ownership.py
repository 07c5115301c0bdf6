"""Work on the partitions that this worker has, and on no other."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import aclosing

from config.tasks import end_tasks


class Ownership:
    """A task for each partition that is ours: begun when we get it, ended before we give it back."""

    def __init__(self, work: Callable[[int], Coroutine[object, object, None]]) -> None:
        self._work = work
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._looked = asyncio.Event()

    async def follow(self, shares: AsyncGenerator[frozenset[int]]) -> None:
        """Keep to what `shares` gives, until it ends or this is cancelled; raises a task's error."""
        async with aclosing(shares) as turns:
            try:
                async for owned in turns:
                    await self._change(owned)
                    looked, self._looked = self._looked, asyncio.Event()
                    looked.set()
            finally:
                await self._change(frozenset())

    async def confirmed(self) -> None:
        """Return once the leases have been looked at again; a task that is ended then is not ours.

        Whoever slept through its lease learns of it here, before it does anything to a successor.
        """
        await self._looked.wait()

    async def _change(self, owned: frozenset[int]) -> None:
        gone = [number for number in self._tasks if number not in owned]
        await end_tasks([self._tasks.pop(number) for number in gone])
        for number in sorted(owned - self._tasks.keys()):
            self._tasks[number] = asyncio.create_task(self._work(number))
        for task in self._tasks.values():
            if task.done():
                task.result()
