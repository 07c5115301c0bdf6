"""Tasks run beside each other, and end for certain."""

import asyncio

import pytest

from config.tasks import end_tasks, run_together


async def forever(ended: list[str], name: str) -> None:
    try:
        await asyncio.Event().wait()
    finally:
        ended.append(name)


async def deaf(ended: list[str], times: int) -> None:
    """Loses a number of cancellations, as `asyncio.wait_for` does."""
    for _ in range(times):
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            ended.append("lost")
    await forever(ended, "deaf")


async def fail() -> None:
    raise LookupError("broken")


async def test_the_error_of_one_ends_the_others_and_is_raised() -> None:
    ended: list[str] = []
    with pytest.raises(LookupError, match="broken"):
        await run_together([forever(ended, "a"), forever(ended, "b"), fail()])
    assert sorted(ended) == ["a", "b"]


async def test_the_end_of_one_ends_the_others() -> None:
    ended: list[str] = []
    await run_together([forever(ended, "a"), asyncio.sleep(0)])
    assert ended == ["a"]


async def test_a_lost_cancellation_is_repeated() -> None:
    ended: list[str] = []
    task = asyncio.create_task(run_together([deaf(ended, times=2)]))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    await end_tasks([task])
    assert ended == ["lost", "lost", "deaf"]
    assert task.cancelled()


async def test_with_none_to_run_it_waits_to_be_cancelled() -> None:
    task = asyncio.create_task(run_together([]))
    await asyncio.sleep(0)
    assert not task.done()
    await end_tasks([task])
    assert task.cancelled()
