"""The maintenance process: woken at once, and still there after a loss."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from nats.aio.client import Client

from config.settings import Settings
from config.status import Status, watch_status
from maintenance.orders.list_query import OrderFilters, find_orders
from maintenance.worker import Progress, follow_conditions, run
from oilcan.engines.nats_server import NatsEngine
from tests.maintenance.scene import Plant

pytestmark = pytest.mark.store

_NO_LOG = "nats://127.0.0.1:1"


@asynccontextmanager
async def working(database_url: str, log_url: str = _NO_LOG) -> AsyncIterator[None]:
    task = asyncio.create_task(run(database_url=database_url, log_url=log_url, settings=Settings()))
    yield
    await cancelled(task)


async def cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def until_orders(plant: Plant, count: int) -> None:
    async with asyncio.timeout(20):
        while len(await find_orders(plant.connection, OrderFilters())) < count:  # noqa: ASYNC110 - looks as a person would
            await asyncio.sleep(0.01)


async def until_listening(plant: Plant) -> None:
    async with asyncio.timeout(10):
        while not await plant.value(_LISTENERS):  # noqa: ASYNC110 - no event tells of it
            await asyncio.sleep(0.01)


_LISTENERS = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND query LIKE 'LISTEN %%' AND state = 'idle'
"""


async def test_what_waited_before_the_start_is_handled(plant: Plant, database_url: str) -> None:
    await plant.raise_event()
    async with working(database_url):
        await until_orders(plant, 1)


async def test_a_notice_wakes_the_worker_long_before_it_would_look(
    plant: Plant, database_url: str
) -> None:
    task = asyncio.create_task(follow_conditions(database_url, Progress(), poll_s=600))
    await until_listening(plant)
    await plant.raise_event()
    await until_orders(plant, 1)
    await cancelled(task)


async def test_a_change_without_a_notice_is_found_by_polling(
    plant: Plant, database_url: str
) -> None:
    await plant.raise_event()
    await plant.connection.execute("UPDATE condition_outbox SET handled_at = now()")
    async with working(database_url):
        await until_listening(plant)
        await plant.connection.execute("UPDATE condition_outbox SET handled_at = NULL")
        await until_orders(plant, 1)


async def test_lost_connections_are_made_anew(plant: Plant, database_url: str) -> None:
    async with working(database_url):
        await until_listening(plant)
        await plant.connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND backend_type = 'client backend'"
        )
        await plant.raise_event()
        await until_orders(plant, 1)


async def test_an_empty_database_is_waited_for(empty_database_url: str) -> None:
    async with working(empty_database_url):
        await asyncio.sleep(0.5)


async def test_the_status_tells_what_was_done(
    plant: Plant, database_url: str, log_engine: NatsEngine, log_client: Client
) -> None:
    seen: list[Status] = []
    await watch_status(log_client, seen.append)
    await plant.raise_event()
    async with working(database_url, log_engine.url), asyncio.timeout(10):
        while not (seen and seen[-1].metrics["orders_total"]):  # noqa: ASYNC110 - comes each second
            await asyncio.sleep(0.05)
    assert (seen[-1].role, seen[-1].healthy) == ("maintenance", True)
    assert seen[-1].metrics == {"events_handled_total": 1, "orders_total": 1, "waiting": 0}


async def test_without_a_database_the_status_says_so(
    log_engine: NatsEngine, log_client: Client
) -> None:
    seen: list[Status] = []
    await watch_status(log_client, seen.append)
    async with working("host=127.0.0.1 port=1", log_engine.url), asyncio.timeout(10):
        while not (seen and "cannot be reached" in seen[-1].message):  # noqa: ASYNC110 - comes each second
            await asyncio.sleep(0.05)
    assert not seen[-1].healthy
