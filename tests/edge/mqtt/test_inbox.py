"""The inbox keeps what came in order, tells when it is full, and raises at the end."""

import asyncio

import pytest

from edge.errors import SourceLost
from edge.mqtt.inbox import Delivery, Inbox
from edge.mqtt.payload import Message


def delivery(mid: int, qos: int = 1) -> Delivery:
    return Delivery(Message("t", str(mid).encode(), 0), mid, qos)


def filled(*deliveries: Delivery, limit: int = 10) -> Inbox:
    inbox = Inbox(limit=limit)
    inbox.add(deliveries)
    return inbox


async def mids(inbox: Inbox, most: int = 10) -> list[int]:
    return [each.mid for each in await inbox.take(most)]


async def test_everything_comes_in_order_and_no_more_at_once_than_asked_for() -> None:
    inbox = filled(*map(delivery, range(1, 8)))
    assert [await mids(inbox, 3) for _ in range(3)] == [[1, 2, 3], [4, 5, 6], [7]]


async def test_who_takes_from_an_empty_one_waits() -> None:
    inbox = filled()
    waiting = asyncio.create_task(mids(inbox))
    await asyncio.sleep(0)
    assert not waiting.done()
    inbox.add([delivery(1)])
    assert await waiting == [1]


async def test_it_is_full_until_something_is_taken() -> None:
    inbox = filled(delivery(1), delivery(2), delivery(3), limit=3)
    assert inbox.full
    await inbox.take(1)
    assert not inbox.full


async def test_it_says_how_many_more_it_takes() -> None:
    assert filled(delivery(1), limit=3).room == 2
    assert filled(delivery(1), delivery(2), limit=1).room == 0


async def test_a_repetition_that_is_still_under_way_is_left_out() -> None:
    inbox = filled(delivery(1), delivery(1), delivery(2))
    taken = await inbox.take(10)
    assert [each.mid for each in taken] == [1, 2]
    inbox.acknowledged(taken)
    inbox.add([delivery(1)])
    assert await mids(inbox) == [1]


async def test_messages_without_identity_are_never_repetitions() -> None:
    assert await mids(filled(delivery(0, qos=0), delivery(0, qos=0))) == [0, 0]


async def test_what_came_before_the_end_is_taken_before_its_reason_is_raised() -> None:
    inbox = filled(delivery(1))
    inbox.end(SourceLost("gone"))
    inbox.end(SourceLost("later"))
    inbox.add([delivery(2)])
    assert await mids(inbox) == [1]
    with pytest.raises(SourceLost, match="gone"):
        await inbox.take(10)


async def test_the_end_wakes_who_waits() -> None:
    inbox = filled()
    waiting = asyncio.create_task(inbox.take(1))
    await asyncio.sleep(0)
    inbox.end(SourceLost("gone"))
    with pytest.raises(SourceLost, match="gone"):
        await waiting
