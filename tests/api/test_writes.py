"""A write over HTTP to a device behind a real edge: kept, carried out once, kept with its outcome."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
from fastapi import FastAPI

from api.access.roles import Role
from api.access.service import create_api_key
from api.application import create_application
from api.writes.write import LOST_AFTER, Write, WriteState
from config.clock import from_us
from config.database import Connection, fetch_one
from config.tasks import end_tasks
from edge.modbus.source import ModbusSource
from edge.worker import EdgeLog, run
from oilcan.engines.nats_server import NatsEngine
from oilcan.engines.process import free_port
from tests.edge.modbus.device import WritableDevice
from tests.edge.modbus.wire import answering

TEMP = "/api/v1/points/P-101.bearing_temp/writes"
ASKED = {"value": 45.5, "reason": "Trial run"}
LOG_BYTES = 64 * 1024**2


@pytest.fixture
def device() -> WritableDevice:
    return WritableDevice()


def source(port: int) -> ModbusSource:
    temp = {"at": 0, "type": "int16", "scale": 0.1, "writable": {"min": 0, "max": 90}}
    points = {"bearing_temp": temp, "de_vibration": {"at": 1}}
    return ModbusSource.model_validate(
        {
            "type": "modbus",
            "name": "hall",
            "connect": f"tcp://127.0.0.1:{port}",
            "every": "50ms",
            "timeout": "3s",
            "devices": [{"asset": "P-101", "points": points}],
        }
    )


@asynccontextmanager
async def edge(name: str, engine: NatsEngine, port: int) -> AsyncIterator[None]:
    """An edge that collects from the device, as `oilcan edge` runs it."""
    worker = run([source(port)], edge=name, log=EdgeLog(engine.url, LOG_BYTES))
    task = asyncio.create_task(worker)
    try:
        yield
    finally:
        await end_tasks([task])


@asynccontextmanager
async def client_of(
    application: FastAPI, connection: Connection, role: Role = Role.RELIABILITY_ENGINEER
) -> AsyncIterator[httpx.AsyncClient]:
    key = await create_api_key(connection, name=f"test {role}", role=role)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(application),
        base_url="http://oilcan",
        headers={"Authorization": f"Bearer {key}"},
        timeout=60,
    ) as client:
        yield client


async def until_connected(client: httpx.AsyncClient, edges: int = 1) -> None:
    """Wait until the edges have the device."""
    async with asyncio.timeout(60):
        while True:
            roles = (await client.get("/api/v1/status")).json()["roles"]
            parts = [part["state"] for role in roles for part in role["parts"].values()]
            if parts == ["connected"] * edges:
                return
            await asyncio.sleep(0.05)


@pytest.fixture
async def line(
    database_url: str,
    connection: Connection,
    plant: Any,
    log_engine: NatsEngine,
    device: WritableDevice,
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the API, behind which an edge collects from the device."""
    assert plant
    port = free_port()
    application = create_application(database_url=database_url, log_url=log_engine.url)
    async with (
        answering(port, device.answer),
        edge("edge-1", log_engine, port),
        application.router.lifespan_context(application),
        client_of(application, connection) as client,
    ):
        await until_connected(client)
        yield client


def written(device: WritableDevice) -> int:
    return device.functions().count(6)


async def test_a_value_is_written_read_back_and_kept(
    line: httpx.AsyncClient, device: WritableDevice
) -> None:
    answer = await line.post(TEMP, json=ASKED)
    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert device.registers[0] == 455
    assert (told["state"], told["value"], told["unit"]) == ("confirmed", 45.5, "degC")
    assert (told["registers"], told["read_back"]) == ([455], 45.5)
    assert (told["edge"], told["source"]) == ("edge-1", "hall")
    assert (told["actor"], told["reason"]) == ("key:test reliability_engineer", "Trial run")
    assert (await line.get(answer.headers["Location"])).json() == told
    assert (await line.get(TEMP)).json()["items"] == [told]
    assert (await line.get("/api/v1/writes")).json()["items"] == [told]


async def test_a_repeated_key_tells_how_the_first_stands_and_writes_nothing(
    line: httpx.AsyncClient, device: WritableDevice
) -> None:
    headers = {"Idempotency-Key": "trial-1"}
    first = await line.post(TEMP, json=ASKED, headers=headers)
    again = await line.post(TEMP, json=ASKED, headers=headers)
    other = await line.post(TEMP, json={**ASKED, "value": 50}, headers=headers)
    assert first.json() == again.json()
    assert (other.status_code, other.json()["type"]) == (422, "/problems/idempotency-key-reused")
    assert written(device) == 1


@pytest.mark.parametrize(
    ("address", "value", "message"),
    [
        (TEMP, 90.1, "above the most that may be written, 90"),
        (TEMP, 45.55, "between 45.5 and 45.6"),
        ("/api/v1/points/P-101.de_vibration/writes", 1, "de_vibration is not writable"),
        ("/api/v1/points/B-301.load/writes", 1, "no edge has a source that names B-301.load"),
    ],
)
async def test_what_the_edge_refuses_is_kept_as_refused(
    line: httpx.AsyncClient, device: WritableDevice, address: str, value: float, message: str
) -> None:
    told = (await line.post(address, json={**ASKED, "value": value})).json()
    assert told["state"] == "refused"
    assert message in told["message"]
    assert (await line.get(address)).json()["items"] == [told]
    assert written(device) == 0


async def test_a_device_that_does_not_answer_leaves_the_outcome_unknown(
    line: httpx.AsyncClient, device: WritableDevice
) -> None:
    device.silent.add(6)
    told = (await line.post(TEMP, json=ASKED)).json()
    assert (told["state"], told["registers"]) == ("unknown", [455])
    assert "no answer within" in told["message"]
    assert written(device) == 1


async def test_what_the_register_says_a_point_cannot_be_is_not_even_sent(
    line: httpx.AsyncClient, device: WritableDevice, connection: Connection
) -> None:
    await connection.execute("UPDATE point SET high = 40 WHERE tag = 'P-101.bearing_temp'")
    told = (await line.post(TEMP, json=ASKED)).json()
    assert (told["state"], told["edge"]) == ("refused", "")
    assert told["message"] == "45.5 is above 40, the most that P-101.bearing_temp can be"
    assert written(device) == 0


async def test_a_point_that_two_edges_have_is_written_by_neither(
    database_url: str,
    connection: Connection,
    plant: Any,
    log_engine: NatsEngine,
    device: WritableDevice,
) -> None:
    assert plant
    port = free_port()
    application = create_application(database_url=database_url, log_url=log_engine.url)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(answering(port, device.answer))
        for name in ("one", "two"):
            await stack.enter_async_context(edge(name, log_engine, port))
        await stack.enter_async_context(application.router.lifespan_context(application))
        client = await stack.enter_async_context(client_of(application, connection))
        await until_connected(client, edges=2)
        told = (await client.post(TEMP, json=ASKED)).json()
    assert told["state"] == "refused"
    assert "the edges one and two both have P-101.bearing_temp" in told["message"]
    assert written(device) == 0


@pytest.mark.usefixtures("plant")
async def test_without_the_log_server_nothing_is_sent_and_that_is_kept(
    application: FastAPI, connection: Connection
) -> None:
    async with client_of(application, connection) as client:
        told = (await client.post(TEMP, json=ASKED)).json()
        assert told["state"] == "refused"
        assert told["message"] == "nothing was sent: the log server cannot be reached"
        assert (await client.get(TEMP)).json()["items"] == [told]


@pytest.mark.usefixtures("plant")
@pytest.mark.parametrize(
    ("role", "status"),
    [(Role.TECHNICIAN, 403), (Role.PLANNER, 403), (Role.ADMINISTRATOR, 201)],
)
async def test_only_who_may_write_writes(
    application: FastAPI, connection: Connection, role: Role, status: int
) -> None:
    async with client_of(application, connection, role) as client:
        assert (await client.post(TEMP, json=ASKED)).status_code == status
        assert len((await client.get(TEMP)).json()["items"]) == (status == 201)


@pytest.mark.usefixtures("plant")
@pytest.mark.parametrize(
    ("address", "body", "status"),
    [
        (TEMP, {"value": 1}, 422),
        (TEMP, {"value": 1, "reason": "  "}, 422),
        (TEMP, {"value": "NaN", "reason": "x"}, 422),
        (TEMP, {"value": 1, "reason": "x", "valid_for_s": 3600}, 422),
        ("/api/v1/points/P-101.none/writes", ASKED, 404),
    ],
)
async def test_a_request_that_makes_no_sense_is_refused(
    client: httpx.AsyncClient, address: str, body: dict[str, Any], status: int
) -> None:
    assert (await client.post(address, json=body)).status_code == status
    assert (await client.get("/api/v1/writes")).json()["items"] == []


@pytest.mark.usefixtures("plant")
async def test_lists_of_writes_come_in_pages(client: httpx.AsyncClient) -> None:
    made = [(await client.post(TEMP, json={**ASKED, "value": n})).json()["id"] for n in range(3)]
    first = (await client.get(TEMP, params={"limit": 2})).json()
    rest = (await client.get(TEMP, params={"limit": 2, "cursor": first["next"]})).json()
    assert [each["id"] for each in (*first["items"], *rest["items"])] == made[::-1]
    assert rest["next"] is None
    assert (await client.get("/api/v1/writes/999999")).status_code == 404


@pytest.mark.store
@pytest.mark.usefixtures("plant")
async def test_what_was_asked_and_what_came_of_it_is_never_changed(
    client: httpx.AsyncClient, connection: Connection
) -> None:
    await client.post(TEMP, json=ASKED)
    for statement in (
        "UPDATE write_command SET actor = 'nobody'",
        "DELETE FROM write_outcome",
        "UPDATE write_outcome SET outcome = 'confirmed'",
        "TRUNCATE write_command CASCADE",
    ):
        with pytest.raises(psycopg.errors.RaiseException, match="never changed"):
            await connection.execute(statement)
    row = await fetch_one(connection, "SELECT count(*) FROM write_outcome")
    assert row == (1,)


def test_a_command_whose_outcome_was_lost_is_unknown() -> None:
    asked = from_us(1_800_000_000_000_000)
    expires = asked + timedelta(seconds=5)
    write = Write(1, uuid4(), "A.x", 1.0, "1", "kim", "test", asked, expires)
    assert write.state(expires) is WriteState.SENT
    assert write.state(expires + LOST_AFTER + timedelta(seconds=1)) is WriteState.UNKNOWN


async def shell(key: str, *words: str) -> subprocess.CompletedProcess[str]:
    """`oilcan write` with an API key."""
    return await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "oilcan", "write", *words],
        capture_output=True,
        text=True,
        env={**os.environ, "OILCAN_API_KEY": key},
        check=False,
    )


async def test_a_negative_value_reaches_the_api_with_its_reason(
    address: str, connection: Connection, plant: Any
) -> None:
    """No log server runs, so the command is refused; it is kept all the same."""
    assert plant
    key = await create_api_key(connection, name="trials", role=Role.RELIABILITY_ENGINEER)
    words = ["P-101.bearing_temp", "-5.5", "--reason", "trial run", "--server", address]
    result = await shell(key, *words)
    assert result.returncode == 1
    assert result.stdout.splitlines() == [
        "write 1: P-101.bearing_temp = -5.5 degC: refused",
        "nothing was sent: the log server cannot be reached",
    ]
    row = await fetch_one(connection, "SELECT value, reason, actor FROM write_command")
    assert row == (-5.5, "trial run", "key:trials")


async def test_a_key_that_may_not_write_is_told_so(address: str, connection: Connection) -> None:
    key = await create_api_key(connection, name="reader", role=Role.VIEWER)
    result = await shell(key, "A.x", "1", "--reason", "x", "--server", address)
    assert result.returncode == 1
    assert "The role does not include this: the role viewer may not write" in result.stderr
