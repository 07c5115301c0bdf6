"""Backtests over the API: started, looked at, cancelled, and told where nobody runs them any more."""

import asyncio
from typing import Any

import httpx
import pytest

from api.access.roles import Role
from api.backtests import store
from config.database import Connection, connect
from tests.api.backtests.scene import DAY, FAILURE, asked, keep, store_day
from tests.api.conftest import ClientOf

pytestmark = pytest.mark.store

BACKTESTS = "/api/v1/backtests"
BODY: dict[str, Any] = {
    "start": DAY.isoformat(),
    "end": DAY.replace(day=3).isoformat(),
    "failures": [FAILURE],
    "window": "9h",
}


@pytest.fixture
async def day(connection: Connection) -> Connection:
    """A database with the day."""
    await store_day(connection)
    return connection


async def ended(client: httpx.AsyncClient, address: str) -> dict[str, Any]:
    """A backtest once it waits and runs no more."""
    found: dict[str, Any] = {}
    for _ in range(2_400):
        found = (await client.get(address)).json()
        if found["state"] not in {"waiting", "running"}:
            break
        await asyncio.sleep(0.05)
    return found


async def test_a_backtest_is_started_and_gives_its_result(
    day: Connection, client_of: ClientOf
) -> None:
    client = await client_of(Role.RELIABILITY_ENGINEER)
    begun = await client.post(BACKTESTS, json=BODY)
    assert begun.status_code == 202, begun.text
    found = await ended(client, begun.headers["Location"])
    assert (found["state"], found["progress"], found["error"]) == ("done", 1.0, None)
    (variant,) = found["result"]["variants"]
    assert [event["raised_at"][11:13] for event in variant["events"]] == ["02", "12", "18"]
    listed = (await client.get(BACKTESTS)).json()["items"]
    assert [one["id"] for one in listed] == [found["id"]]
    assert "result" not in listed[0]


async def test_what_can_tell_nothing_is_refused_at_once(
    day: Connection, client: httpx.AsyncClient
) -> None:
    refused = await client.post(BACKTESTS, json={**BODY, "kind": "sweep"})
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/backtest-refused")
    unknown = await client.post(BACKTESTS, json={**BODY, "rules": [{"rule": "pump/none"}]})
    assert unknown.status_code == 404
    invalid = await client.post(BACKTESTS, json={**BODY, "window": "soon"})
    assert (invalid.status_code, invalid.json()["errors"][0]["field"]) == (422, "body.window")
    assert (await client.get(f"{BACKTESTS}/99")).status_code == 404


async def test_a_backtest_that_waits_is_cancelled(
    day: Connection, client: httpx.AsyncClient
) -> None:
    number = await keep(day, asked())
    # Nobody woke the runner; where it comes by itself, it finds it cancelled or done.
    state = (await client.delete(f"{BACKTESTS}/{number}")).json()["state"]
    assert state in {"cancelled", "done"}
    again = (await client.delete(f"{BACKTESTS}/{number}")).json()
    assert again["state"] == state


async def test_a_backtest_that_runs_is_cancelled(
    day: Connection, client: httpx.AsyncClient, database_url: str
) -> None:
    async with await connect(database_url, autocommit=True) as blocker, blocker.transaction():
        # Its readings cannot be read before it is cancelled.
        await blocker.execute("LOCK TABLE reading IN ACCESS EXCLUSIVE MODE")
        address = (await client.post(BACKTESTS, json=BODY)).headers["Location"]
        for _ in range(2_400):
            if (await client.get(address)).json()["state"] == "running":
                break
            await asyncio.sleep(0.05)
        assert (await client.delete(address)).json()["state"] == "cancelled"
    after = await client.post(BACKTESTS, json=BODY)
    assert (await ended(client, after.headers["Location"]))["state"] == "done"
    assert (await client.get(address)).json()["state"] == "cancelled"


async def test_a_backtest_that_nobody_runs_is_told_as_interrupted(
    day: Connection, client: httpx.AsyncClient, database_url: str
) -> None:
    async with await connect(database_url, autocommit=True) as runner:
        async with runner.transaction():
            number = await keep(runner, asked())
            assert await store.try_lock(runner, number)
        await store.start(runner, number)
        assert (await client.get(f"{BACKTESTS}/{number}")).json()["state"] == "running"
    assert (await ended(client, f"{BACKTESTS}/{number}"))["state"] == "interrupted"


@pytest.mark.parametrize("role", [Role.VIEWER, Role.PLANNER])
async def test_who_does_not_tune_looks_on(day: Connection, client_of: ClientOf, role: Role) -> None:
    client = await client_of(role)
    number = await keep(day, asked())
    assert (await client.post(BACKTESTS, json=BODY)).status_code == 403
    assert (await client.delete(f"{BACKTESTS}/{number}")).status_code == 403
    assert (await client.get(f"{BACKTESTS}/{number}")).status_code == 200


async def test_a_backtest_asked_for_again_with_its_key_is_one(
    day: Connection, client_of: ClientOf
) -> None:
    client = await client_of(Role.RELIABILITY_ENGINEER)
    key = {"Idempotency-Key": "trial-1"}
    first, again = [await client.post(BACKTESTS, json=BODY, headers=key) for _ in range(2)]
    assert again.status_code == first.status_code == 202
    assert again.headers["Location"] == first.headers["Location"]
    await client.delete(first.headers["Location"])
    assert len((await client.get(BACKTESTS)).json()["items"]) == 1
