"""A stage runs ahead of the next, keeps order, and hands on how it ended."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from ingest.pipeline import ahead


async def numbers(count: int, given: list[int]) -> AsyncGenerator[int, None]:
    try:
        for number in range(count):
            given.append(number)
            yield number
    finally:
        given.append(-1)


async def broken() -> AsyncGenerator[int, None]:
    yield 1
    raise ValueError("broken")


async def test_every_item_comes_once_in_order() -> None:
    taken = [item async for items in ahead(numbers(20, []), depth=3) for item in items]
    assert taken == list(range(20))


async def test_the_source_runs_ahead_no_further_than_its_depth() -> None:
    given: list[int] = []
    async with aclosing(ahead(numbers(50, given), depth=3)) as lists:
        await anext(lists)
        for _ in range(20):
            await asyncio.sleep(0)
        # Taken, waiting in the queue, and one in the source's hand.
        assert 3 < len(given) <= 8


async def test_an_error_comes_behind_the_items_before_it() -> None:
    lists = ahead(broken(), depth=3)
    assert await anext(lists) == [1]
    with pytest.raises(ValueError, match="broken"):
        await anext(lists)


async def test_closing_ends_the_source() -> None:
    given: list[int] = []
    async with aclosing(ahead(numbers(50, given), depth=2)) as lists:
        await anext(lists)
    assert given[-1] == -1


async def stubborn(cancelled: list[int]) -> AsyncGenerator[int, None]:
    """Loses the first cancellation, as `asyncio.wait_for` may."""
    yield 1
    try:
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        cancelled.append(1)
    await asyncio.sleep(60)


async def test_closing_ends_a_source_that_loses_a_cancellation() -> None:
    cancelled: list[int] = []
    async with asyncio.timeout(5), aclosing(ahead(stubborn(cancelled), depth=2)) as lists:
        await anext(lists)
        await asyncio.sleep(0)
    assert cancelled == [1]
