"""Messages in columns stay in order, and are taken together as far as is asked for."""

import asyncio

import pytest

from edge.errors import SourceLost
from edge.mqtt.payload import Message
from edge.mqtt.run import Run, Runs


def run(*sequences: int) -> Run:
    made = Run()
    for each in sequences:
        made.add(Message("t", b"%d" % each, each), each)
    return made


def test_parts_are_the_whole_in_order() -> None:
    whole = run(*range(7))
    parts = [*whole.parts(3)]
    assert [len(part) for part in parts] == [3, 3, 1]
    assert [each for part in parts for each in part.messages()] == [*whole.messages()]


async def test_runs_are_taken_together_up_to_a_number() -> None:
    runs = Runs()
    for each in run(1, 2), run(), run(3), run(4, 5, 6), run(7):
        runs.add(each)
    assert runs.waiting == 7
    assert (await runs.take(3)).received_us == [1, 2, 3]
    # A single one is not cut.
    taken = await runs.take(2)
    assert (taken.received_us, taken.last, runs.waiting) == ([4, 5, 6], 6, 1)


async def test_the_end_is_told_after_what_came_before_it() -> None:
    runs = Runs()
    runs.add(run(1))
    runs.end(SourceLost("first"))
    runs.end(SourceLost("second"))
    runs.add(run(2))
    assert len(await runs.take(10)) == 1
    with pytest.raises(SourceLost, match="first"):
        await runs.take(10)


async def test_who_waits_is_given_what_comes() -> None:
    runs = Runs()
    waiting = asyncio.create_task(runs.take(10))
    await asyncio.sleep(0)
    runs.add(run(1))
    assert (await waiting).last == 1
