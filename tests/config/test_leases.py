"""Workers share partitions evenly, and what one leaves behind another takes."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, aclosing, asynccontextmanager

from hypothesis import given
from hypothesis import strategies as st
from nats.aio.client import Client

from config.leases import LEASE_STREAM, fair_share, share_partitions
from config.log import connect_log
from config.tasks import end_tasks
from oilcan.engines.nats_server import NatsEngine


@given(names=st.sets(st.text("abc", min_size=1), min_size=1), partitions=st.integers(0, 40))
def test_shares_are_even_and_leave_nothing_over(names: set[str], partitions: int) -> None:
    shares = [fair_share(name, names, partitions) for name in names]
    assert sum(shares) == partitions
    assert max(shares) - min(shares) <= 1


def test_who_comes_first_keeps_the_greater_share() -> None:
    assert [fair_share(name, ("1", "2", "3"), 4) for name in ("1", "2", "3")] == [2, 1, 1]


class Share:
    """A worker that only notes what it has."""

    def __init__(self) -> None:
        self.owned: frozenset[int] = frozenset()

    async def follow(self, client: Client, name: str, partitions: int) -> None:
        shares = share_partitions(client, role="test", name=name, partitions=partitions)
        async with aclosing(shares) as turns:
            async for self.owned in turns:
                pass


@asynccontextmanager
async def sharing(client: Client, name: str, *, partitions: int = 4) -> AsyncGenerator[Share]:
    """A worker until the end of the block, which gives back what it has."""
    share = Share()
    task = asyncio.create_task(share.follow(client, name, partitions))
    try:
        yield share
    finally:
        await end_tasks([task])


async def until(question: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not question():  # noqa: ASYNC110 - the workers turn by themselves
            await asyncio.sleep(0.02)


def apart(*shares: Share) -> bool:
    """Does everybody have a share, and all together every partition once?"""
    held = [number for share in shares for number in share.owned]
    return sorted(held) == [0, 1, 2, 3] and max(len(s.owned) for s in shares) <= 2


async def test_partitions_are_shared_anew_when_a_worker_comes_or_goes(log_client: Client) -> None:
    async with sharing(log_client, "1") as first:
        await until(lambda: first.owned == {0, 1, 2, 3})
        async with AsyncExitStack() as others:
            second = await others.enter_async_context(sharing(log_client, "2"))
            await until(lambda: apart(first, second))
            third = await others.enter_async_context(sharing(log_client, "3"))
            await until(lambda: apart(first, second, third))
        await until(lambda: first.owned == {0, 1, 2, 3})


async def test_what_a_worker_had_whose_connection_is_gone_is_taken_before_it_expires(
    log_engine: NatsEngine, log_client: Client
) -> None:
    gone = await connect_log(log_engine.url, name="gone")
    async with sharing(gone, "1") as first:
        await until(lambda: first.owned == {0, 1, 2, 3})
        subject = "oilcan.lease.test.partition.0"
        lease = await log_client.jetstream().get_last_msg(LEASE_STREAM, subject)
        # Gone without a word: nothing is given back.
        await gone.close()
        async with sharing(log_client, "2") as second:
            await until(lambda: second.owned == {0, 1, 2, 3})
            taken = await log_client.jetstream().get_last_msg(LEASE_STREAM, subject)
            assert (lease.data, taken.data) == (b"1", b"2")
            assert taken.seq > lease.seq


async def test_what_a_worker_had_that_says_no_more_expires_and_is_taken(
    log_engine: NatsEngine, log_client: Client
) -> None:
    silent = await connect_log(log_engine.url, name="silent")
    share = share_partitions(silent, role="test", name="1", partitions=1)
    async with aclosing(share):
        while not await anext(share):
            pass
        # It renews nothing any more, and its connection stands.
        async with sharing(log_client, "2", partitions=1) as second:
            await until(lambda: second.owned == {0})
    await silent.close()
