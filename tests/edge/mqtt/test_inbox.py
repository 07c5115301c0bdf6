"""The inbox hands messages from the network thread to the event loop, bounded and in order."""

import asyncio
import threading

import pytest

from edge.errors import SourceLost
from edge.mqtt.inbox import Delivery, Inbox
from edge.mqtt.payload import Message


def delivery(mid: int, qos: int = 1) -> Delivery:
    return Delivery(Message("t", str(mid).encode(), 0), mid, qos)


def fill(inbox: Inbox, *deliveries: Delivery) -> threading.Thread:
    """Add from another thread, as the network does."""

    def add() -> None:
        for each in deliveries:
            inbox.add(each)

    thread = threading.Thread(target=add, daemon=True)
    thread.start()
    return thread


async def take(inbox: Inbox, count: int) -> list[int]:
    mids: list[int] = []
    while len(mids) < count:
        mids += [each.mid for each in await inbox.take(7)]
    return mids


async def test_everything_comes_in_order() -> None:
    inbox = Inbox(limit=10)
    fill(inbox, *map(delivery, range(1, 1_001)))
    assert await take(inbox, 1_000) == list(range(1, 1_001))


async def test_a_full_inbox_holds_up_the_network_thread() -> None:
    inbox = Inbox(limit=3)
    thread = fill(inbox, *map(delivery, range(1, 6)))
    await asyncio.to_thread(thread.join, 0.2)
    assert thread.is_alive()
    assert await take(inbox, 5) == [1, 2, 3, 4, 5]
    await asyncio.to_thread(thread.join, 5)
    assert not thread.is_alive()


async def test_a_repetition_that_is_still_under_way_is_left_out() -> None:
    inbox = Inbox(limit=10)
    fill(inbox, delivery(1), delivery(1), delivery(2)).join()
    taken = await inbox.take(10)
    assert [each.mid for each in taken] == [1, 2]
    inbox.acknowledged(taken)
    fill(inbox, delivery(1)).join()
    assert await take(inbox, 1) == [1]


async def test_messages_without_identity_are_never_repetitions() -> None:
    inbox = Inbox(limit=10)
    fill(inbox, delivery(0, qos=0), delivery(0, qos=0)).join()
    assert await take(inbox, 2) == [0, 0]


async def test_what_came_before_the_end_is_taken_before_its_reason_is_raised() -> None:
    inbox = Inbox(limit=10)
    fill(inbox, delivery(1)).join()
    inbox.end(SourceLost("gone"))
    inbox.end(SourceLost("later"))
    fill(inbox, delivery(2)).join()
    assert [each.mid for each in await inbox.take(10)] == [1]
    with pytest.raises(SourceLost, match="gone"):
        await inbox.take(10)


async def test_the_end_frees_a_network_thread_that_waits() -> None:
    inbox = Inbox(limit=1)
    thread = fill(inbox, delivery(1), delivery(2))
    inbox.end(SourceLost("stopped"))
    await asyncio.to_thread(thread.join, 5)
    assert not thread.is_alive()
