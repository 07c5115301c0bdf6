"""What the API holds between requests: statuses, readiness, metrics, the stream of changes."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from nats.aio.client import Client
from prometheus_client.parser import text_string_to_metric_families

from api.access.roles import Role
from api.access.service import create_api_key
from api.application import create_application
from api.live.feed import Feed, Notice, Topic
from api.live.status_board import StatusBoard
from config.clock import now_us
from config.database import Connection
from config.status import Part, Status, send_status
from oilcan.engines.nats_server import NatsEngine

ROLES = ("edge", "ingest", "conditions", "maintenance")


def edge_status(ts: int, readings: float, **states: str) -> Status:
    """What an edge says, with a part for each source."""
    parts = {name: Part(state, metrics={"readings_total": 1.0}) for name, state in states.items()}
    return Status("edge", "edge-1", ts, True, metrics={"readings_total": readings}, parts=parts)


class TestStatusBoard:
    def test_a_rate_is_the_increase_of_a_counter_by_second(self) -> None:
        board = StatusBoard(lambda: 3_000_000)
        for second, readings in enumerate([100.0, 150.0, 220.0]):
            board.take(edge_status(second * 1_000_000, readings))
        assert board.figures().readings_per_s == 60

    def test_each_source_has_its_own_rate(self) -> None:
        board = StatusBoard(lambda: 3_000_000)
        for second, readings in enumerate([10.0, 30.0]):
            plc = Part("connected", metrics={"readings_total": readings})
            board.take(Status("edge", "e", second * 1_000_000, True, parts={"plc": plc}))
        assert board.roles()[0].part_rates == {"plc": {"readings_total": 20.0}}

    def test_a_restarted_process_counts_anew(self) -> None:
        board = StatusBoard(lambda: 3_000_000)
        for second, readings in enumerate([1000.0, 0.0, 10.0]):
            board.take(edge_status(second * 1_000_000, readings))
        assert board.figures().readings_per_s == 10

    def test_sources_are_counted_by_their_state(self) -> None:
        board = StatusBoard(lambda: 0)
        board.take(edge_status(0, 0.0, plc="connected", meter="failed", belt="connecting"))
        figures = board.figures()
        assert (figures.sources_connected, figures.sources_total) == (1, 3)

    def test_who_is_silent_is_not_alive_and_counts_no_more(self) -> None:
        now = [0]
        board = StatusBoard(lambda: now[0])
        board.take(edge_status(0, 0.0, plc="connected"))
        now[0] = 5_000_000
        assert board.alive("edge")
        now[0] = 5_000_001
        assert not board.alive("edge")
        assert board.figures().sources_total == 0
        assert [state.alive for state in board.roles()] == [False]


class TestFeed:
    def test_a_slow_subscriber_loses_the_oldest(self) -> None:
        feed = Feed("")
        with feed.subscribe() as queue:
            for number in range(300):
                feed.tell(Notice(Topic.WORK_ORDER, str(number)))
            assert queue.qsize() == 200
            assert queue.get_nowait().id == "100"

    def test_who_has_left_is_told_nothing(self) -> None:
        feed = Feed("")
        with feed.subscribe() as queue:
            pass
        feed.tell(Notice(Topic.WORK_ORDER, "1"))
        assert queue.empty()


@pytest.fixture
async def logged(
    database_url: str, log_engine: NatsEngine, log_client: Client
) -> AsyncIterator[FastAPI]:
    """The API over a real database and a real log."""
    assert log_client.is_connected
    application = create_application(database_url=database_url, log_url=log_engine.url)
    async with application.router.lifespan_context(application):
        yield application


def caller(application: FastAPI, **options: Any) -> httpx.AsyncClient:
    """A client of an application."""
    transport = httpx.ASGITransport(application, client=options.pop("client", ("127.0.0.1", 1)))
    return httpx.AsyncClient(transport=transport, base_url="http://oilcan", **options)


async def until(question: Any, timeout_s: float = 10) -> None:
    """Wait until an async question is answered with something true."""
    async with asyncio.timeout(timeout_s):
        while not await question():  # noqa: ASYNC110 - the answer lies behind a socket
            await asyncio.sleep(0.05)


async def test_ready_as_soon_as_every_role_has_spoken(logged: FastAPI, log_client: Client) -> None:
    async with caller(logged) as client:
        before = await client.get("/ready")
        assert before.status_code == 503
        checks = before.json()["checks"]
        assert (checks["database"], checks["schema"], checks["role:edge"]) == (True, True, False)

        async def ready() -> bool:
            for role in ROLES:
                await send_status(log_client, Status(role, "x", now_us(), healthy=True))
            return (await client.get("/ready")).status_code == 200

        await until(ready)


async def test_storing_that_lags_is_not_ready_and_says_why(
    logged: FastAPI, log_client: Client
) -> None:
    async with caller(logged) as client:

        async def told() -> bool:
            for role in ROLES:
                metrics = {"lag_seconds": 500.0} if role == "ingest" else {}
                said = Status(role, "x", now_us(), healthy=True, metrics=metrics)
                await send_status(log_client, said)
            # Roles are heard one after the other: who is not yet would be a problem too.
            found = (await client.get("/ready")).json()
            return not found["checks"]["lag"] and len(found["problems"]) == 1

        await until(told)
        ready = await client.get("/ready")
    assert ready.status_code == 503
    assert "older than 500 s" in ready.json()["problems"][0]


async def test_the_devices_behind_a_source_have_metrics_of_their_own(
    logged: FastAPI, log_client: Client
) -> None:
    unit = Part("failed", metrics={"bad_total": 3.0, "last_reading_timestamp_seconds": 5.0})
    source = Part("connected", metrics={"clock_offset_seconds": -2.5}, devices={"P-1/1": unit})
    async with caller(logged) as client:

        async def told() -> bool:
            said = Status("edge", "e", now_us(), True, parts={"hall": source})
            await send_status(log_client, said)
            return "oilcan_device_bad_total" in (await client.get("/metrics")).text

        await until(told)
        text = (await client.get("/metrics")).text
    labels = 'device="P-1/1",name="e",source="hall"'
    assert f"oilcan_device_bad_total{{{labels}}} 3.0" in text
    assert f"oilcan_device_up{{{labels}}} 0.0" in text
    assert f"oilcan_device_reading_age_seconds{{{labels}}} " in text
    assert 'oilcan_source_clock_offset_seconds{name="e",source="hall"} -2.5' in text


async def test_status_shows_what_roles_say_and_ourselves(
    logged: FastAPI, log_client: Client, connection: Connection
) -> None:
    key = await create_api_key(connection, name="test", role=Role.VIEWER)
    async with caller(logged, headers={"Authorization": f"Bearer {key}"}) as client:

        async def told() -> bool:
            await send_status(log_client, edge_status(now_us(), 7.0, plc="connected"))
            roles = (await client.get("/api/v1/status")).json()["roles"]
            return {"edge", "serve"} <= {role["role"] for role in roles}

        await until(told)
        status = (await client.get("/api/v1/status")).json()
    edge = next(role for role in status["roles"] if role["role"] == "edge")
    assert (status["database"], status["log"]) == (True, True)
    assert edge["parts"]["plc"]["state"] == "connected"
    assert edge["alive"]


async def test_a_message_that_is_no_status_disturbs_nothing(
    logged: FastAPI, log_client: Client
) -> None:
    async with caller(logged) as client:

        async def told() -> bool:
            await log_client.publish("oilcan.status.edge.x", b"\x00nonsense")
            await log_client.publish("oilcan.status.edge.x", b'{"role": "edge"}')
            await send_status(log_client, edge_status(now_us(), 7.0))
            return bool((await client.get("/ready")).json()["checks"]["role:edge"])

        await until(told)


async def test_metrics_hold_every_number_of_every_role(logged: FastAPI, log_client: Client) -> None:
    async with caller(logged) as client:

        async def told() -> bool:
            await send_status(log_client, edge_status(now_us(), 7.0, plc="connected"))
            return "oilcan_edge_readings_total" in (await client.get("/metrics")).text

        await until(told)
        text = (await client.get("/metrics")).text
    samples = {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    of_plc = (("name", "edge-1"), ("source", "plc"))
    assert samples["oilcan_edge_readings_total", (("name", "edge-1"),)] == 7
    assert samples["oilcan_source_readings_total", of_plc] == 1
    assert samples["oilcan_source_up", of_plc] == 1
    assert samples["oilcan_role_up", (("name", "edge-1"), ("role", "edge"))] == 1


async def test_requests_are_measured_by_route(application: FastAPI) -> None:
    async with caller(application) as client:
        await client.get("/api/v1/assets/P-101")
        await client.get("/api/v1/assets/P-102")
        text = (await client.get("/metrics")).text
    line = 'oilcan_http_requests_total{method="GET",route="/api/v1/assets/{tag}",status="401"} 2.0'
    assert line in text


@pytest.mark.parametrize(
    ("address", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("10.1.2.3", {}, 401),
        ("127.0.0.1", {"X-Forwarded-For": "10.1.2.3"}, 401),
    ],
)
async def test_metrics_are_open_on_this_machine_alone(
    application: FastAPI, address: str, headers: dict[str, str], status: int
) -> None:
    async with caller(application, client=(address, 1), headers=headers) as client:
        assert (await client.get("/metrics")).status_code == status


async def test_metrics_are_given_to_a_key_from_elsewhere(
    application: FastAPI, connection: Connection
) -> None:
    key = await create_api_key(connection, name="prometheus", role=Role.VIEWER)
    headers = {"Authorization": f"Bearer {key}"}
    async with caller(application, client=("10.1.2.3", 1), headers=headers) as client:
        assert (await client.get("/metrics")).status_code == 200


async def events_of(response: httpx.Response) -> AsyncIterator[tuple[str, dict[str, Any]]]:
    """Name and data of each server-sent event."""
    name = ""
    async for line in response.aiter_lines():
        if line.startswith("event:"):
            name = line.removeprefix("event:").strip()
        elif line.startswith("data:"):
            yield name, json.loads(line.removeprefix("data:"))


async def test_a_change_is_streamed_at_once(
    address: str, plant: Any, connection: Connection
) -> None:
    key = await create_api_key(connection, name="test", role=Role.VIEWER)
    headers = {"Authorization": f"Bearer {key}"}
    async with (
        asyncio.timeout(10),
        httpx.AsyncClient(base_url=address, headers=headers, timeout=10) as client,
        client.stream("GET", "/api/v1/stream") as response,
    ):
        assert response.headers["content-type"].startswith("text/event-stream")
        stream = events_of(response)
        assert (await anext(stream))[0] == "status"
        await plant.add_order()
        async for name, data in stream:
            if name == "work_order" and data["id"]:
                assert data == {"id": "1"}
                break


async def test_without_a_database_the_process_lives_and_says_so() -> None:
    nowhere = "postgresql://nobody@127.0.0.1:9/nothing"
    application = create_application(database_url=nowhere, log_url="nats://127.0.0.1:9")
    async with application.router.lifespan_context(application), caller(application) as client:
        assert (await client.get("/health")).json() == {"status": "alive"}
        ready = await client.get("/ready")
        assert (ready.status_code, ready.json()["checks"]["database"]) == (503, False)
        refused = await client.get("/api/v1/assets", headers={"Authorization": "Bearer ock_a_b"})
        assert refused.status_code == 503
        assert refused.json()["type"] == "/problems/database-unavailable"
        page = await client.get("/login", headers={"Accept": "text/html"})
        assert page.status_code == 200


async def test_an_empty_database_is_not_ready(empty_database_url: str) -> None:
    application = create_application(database_url=empty_database_url, log_url="nats://127.0.0.1:9")
    async with application.router.lifespan_context(application), caller(application) as client:
        checks = (await client.get("/ready")).json()["checks"]
        assert (checks["database"], checks["schema"]) == (True, False)


async def test_connections_that_were_cut_are_replaced(
    client: httpx.AsyncClient, connection: Connection
) -> None:
    assert (await client.get("/api/v1/assets")).status_code == 200
    await connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )

    async def answered() -> bool:
        return (await client.get("/api/v1/assets")).status_code == 200

    await until(answered)


@pytest.mark.usefixtures("plant")
async def test_what_could_not_be_placed_or_stored_is_shown(
    client: httpx.AsyncClient, connection: Connection
) -> None:
    await connection.execute(
        "INSERT INTO unknown_tag VALUES ('P-199.flow', 'edge-1', 3, now(), now(), 4.5, 'hall')"
    )
    for number in range(3):
        await connection.execute(
            "INSERT INTO dead_letter (reader, partition, stream, sequence, batch, reason, data,"
            " kind, edge, received_at)"
            " VALUES ('ingest', 0, 's', %s, 'edge-1:a:1', 'cannot be read', '', 'record',"
            " 'edge-1', now())",
            [number],
        )
    unknown = (await client.get("/api/v1/unknown-tags")).json()["items"]
    assert [(tag["tag"], tag["source"], tag["count"]) for tag in unknown] == [
        ("P-199.flow", "hall", 3)
    ]
    page = (await client.get("/api/v1/dead-letters", params={"limit": 2})).json()
    rest = await client.get("/api/v1/dead-letters", params={"cursor": page["next"]})
    sequences = [letter["sequence"] for letter in [*page["items"], *rest.json()["items"]]]
    assert sequences == [2, 1, 0]
    assert (await client.get("/api/v1/dead-letters/count")).json() == {"count": 3}
