"""Stages of work that run beside each other, each a bounded number of items ahead of the next."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import TypeVar

from config.tasks import end_tasks

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _End:
    """The source has ended: by itself, or by an error."""

    error: BaseException | None


async def ahead(source: AsyncGenerator[T, None], *, depth: int) -> AsyncGenerator[list[T], None]:
    """Items of `source`, which runs up to `depth` items ahead; all that wait at once in a list.

    Its error is raised here, behind the items that it gave before. Closing this ends it.
    """
    queue: asyncio.Queue[T | _End] = asyncio.Queue(depth)
    task = asyncio.create_task(_fill(source, queue))
    try:
        while True:
            waiting = [await queue.get()]
            while not queue.empty():
                waiting.append(queue.get_nowait())
            items = [item for item in waiting if not isinstance(item, _End)]
            if items:
                yield items
            last = waiting[-1]
            if isinstance(last, _End):
                if last.error is not None:
                    raise last.error
                return
    finally:
        await end_tasks([task])


async def _fill(source: AsyncGenerator[T, None], queue: asyncio.Queue[T | _End]) -> None:
    error: BaseException | None = None
    try:
        async with aclosing(source) as items:
            async for item in items:
                await queue.put(item)
    except Exception as raised:  # noqa: BLE001 - handed on, to be raised where the items are taken
        error = raised
    await queue.put(_End(error))
