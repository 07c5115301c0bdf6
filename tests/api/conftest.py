"""A plant in a database of the test's own, the API over it, and callers of every role."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from psycopg.types.json import Jsonb

from api.access.roles import Role
from api.access.service import create_api_key, create_person
from api.application import create_application
from config.clock import from_us, now_us, to_us
from config.database import Connection, fetch_one
from config.settings import Settings
from ingest.chunks import DAY_US, ensure_days
from oilcan.engines.process import free_port

NO_LOG = "nats://127.0.0.1:9"
LOGIN, PASSWORD = "kim", "correct horse battery"

Insert = Callable[..., Awaitable[int]]


@dataclass(frozen=True, slots=True)
class Plant:
    """What the fixture has put into the database."""

    connection: Connection
    start: datetime

    async def add_event(self, *, asset: str = "P-101", severity: int = 3, minutes: int = 20) -> int:
        """Id of a new open event of an asset, raised some minutes after the start."""
        return await _insert_event(self, asset, severity, self.start + timedelta(minutes=minutes))

    async def add_order(self, *, asset: str = "P-101", event: int | None = None) -> str:
        """Number of a new draft order, raised by an event if one is given."""
        return await _insert_order(self, asset, event)


SITE = "INSERT INTO site (code, name, time_zone) VALUES (%s, %s, %s) RETURNING id"
LOCATION = """
INSERT INTO location (site_id, code, name, level) VALUES (%s, %s, %s, 'area') RETURNING id
"""
CLASS = "INSERT INTO asset_class (code, name, roles) VALUES (%s, %s, %s) RETURNING id"
ASSET = """
INSERT INTO asset (tag, name, class_id, site_id, location_id, criticality)
VALUES (%s, %s, %s, %s, %s, %s) RETURNING id
"""
POINT = """
INSERT INTO point (tag, asset_id, role, name, unit, kind, resolution)
VALUES (%s, (SELECT id FROM asset WHERE tag = %s), %s, %s, %s, %s, %s) RETURNING id
"""
EVENT = """
INSERT INTO condition_event (key, rule, asset_id, failure_mode, state, severity, peak_severity,
    message, onset, raised_at, changed_at, value, work_order, evidence)
VALUES (%s, %s, (SELECT id FROM asset WHERE tag = %s), 'VIB', 'active', %s, %s, %s, %s, %s, %s, %s,
    %s, %s)
RETURNING id
"""
ORDER = """
INSERT INTO work_order (asset_id, site_id, type, origin, title, description, failure_mode, job_plan,
    priority, priority_reason, problem, evidence, created_by)
SELECT id, site_id, 'corrective', 'condition', %(title)s, %(description)s, 'VIB', 'inspect-bearing',
       2, 'Priority 2: the asset has criticality A.', %(problem)s, %(evidence)s, 'conditions'
FROM asset WHERE tag = %(asset)s
RETURNING id, number
"""


@pytest.fixture
async def plant(connection: Connection) -> Plant:
    """Two assets at one site, their points, an hour of readings; one rule."""
    start = from_us(now_us()) - timedelta(minutes=60)
    site = await _id(connection, SITE, "north", "North works", "Europe/Berlin")
    pumps = await _id(connection, LOCATION, site, "pump-house", "Pump house")
    hall = await _id(connection, LOCATION, site, "hall-2", "Hall 2")
    pump = await _id(connection, CLASS, "centrifugal_pump", "Centrifugal pump", Jsonb({}))
    belt = await _id(connection, CLASS, "conveyor", "Conveyor", Jsonb({}))
    await _id(connection, ASSET, "P-101", "Feed water pump", pump, site, pumps, "A")
    await _id(connection, ASSET, "P-102", "Feed water pump, standby", pump, site, pumps, "B")
    await _id(connection, ASSET, "B-301", "Crusher belt", belt, site, hall, "C")
    await ensure_days(connection, [to_us(start) // DAY_US, now_us() // DAY_US])
    for tag, asset, name, unit, kind, resolution in POINTS:
        role = tag.partition(".")[2]
        point = await _id(connection, POINT, tag, asset, role, name, unit, kind, resolution)
        await _add_readings(connection, point, start, level=LEVELS.get(role, 3.0))
    await connection.execute(
        """
        INSERT INTO rule_version (rule, version, asset_class, definition, hash, file, line)
        VALUES ('centrifugal_pump/vibration_zone', 1, 'centrifugal_pump', '{}', 'x',
                'rules/pump.yaml', 12)
        """
    )
    return Plant(connection, start)


POINTS = [
    ("P-101.de_vibration", "P-101", "Vibration, drive end", "mm/s", "gauge", 0.01),
    ("P-101.bearing_temp", "P-101", "Bearing temperature", "degC", "gauge", 0.1),
    ("P-101.running", "P-101", "Running", "1", "state", 1.0),
    ("P-102.de_vibration", "P-102", "Vibration, drive end", "mm/s", "gauge", 0.01),
    ("B-301.load", "B-301", "Load", "t/h", "gauge", None),
]


LEVELS = {"bearing_temp": 61.4, "load": 118.0}


async def _add_readings(
    connection: Connection, point: int, start: datetime, *, level: float
) -> None:
    await connection.execute(
        """
        INSERT INTO reading (point_id, ts, value, quality)
        SELECT %s, %s::timestamptz + n * interval '10 seconds',
               CASE WHEN kind = 'state' THEN 1 ELSE %s + 0.01 * n + 0.4 * sin(n / 7.0 + %s) END, CASE WHEN n = 5 THEN 128 ELSE 0 END
        FROM generate_series(0, 359) AS n, point WHERE point.id = %s
        """,
        [point, start, level, point, point],
    )


async def _id(connection: Connection, sql: str, *parameters: object) -> int:
    row = await fetch_one(connection, sql, parameters)
    assert row is not None
    return int(row[0])


async def _insert_event(plant: Plant, asset: str, severity: int, raised: datetime) -> int:
    onset = raised - timedelta(seconds=2)
    request = Jsonb({"type": "corrective", "job_plan": None, "cooldown_s": 0.0})
    return await _id(
        plant.connection,
        EVENT,
        f"{asset}-{raised.isoformat()}",
        "centrifugal_pump/vibration_zone",
        asset,
        severity,
        severity,
        f"Vibration, drive end of {asset} is 7.42 mm/s, above 7.1 mm/s",
        onset,
        raised,
        raised,
        7.42,
        request,
        Jsonb(evidence_of(asset, to_us(onset), to_us(raised))),
    )


def evidence_of(asset: str, onset_us: int, raised_us: int) -> dict[str, object]:
    """Evidence as conditions write it: vibration that climbs over its limit."""
    seconds = range(-40, 1)
    climb = [
        [raised_us + 1_000_000 * s, round(7.42 + s * 0.11 + 0.1 * (s % 3), 2), 0] for s in seconds
    ]
    return {
        "rule": {
            "id": "centrifugal_pump/vibration_zone",
            "version": 1,
            "file": "rules/pump.yaml",
            "line": 12,
            "level": "high",
            "text": "vib > vib_trip for 2 s",
            "raise": 7.1,
            "raise_op": ">",
            "clear": 6.6,
            "clear_op": "<",
            "unit": "mm/s",
            "for_s": 2.0,
            "clear_for_s": 5.0,
        },
        "points": [{"tag": f"{asset}.de_vibration", "unit": "mm/s", "readings": climb}],
        "alarm": None,
        "onset_us": onset_us,
        "raised_us": raised_us,
    }


async def _insert_order(plant: Plant, asset: str, event: int | None) -> str:
    raised_us = to_us(plant.start + timedelta(minutes=20))
    evidence = Jsonb(evidence_of(asset, raised_us - 2_000_000, raised_us))
    connection = plant.connection
    async with connection.transaction():
        row = await fetch_one(
            connection,
            ORDER,
            {
                "asset": asset,
                "title": f"Vibration, drive end of {asset} is too high",
                "description": "Vibration has been above its trip limit for 2 s.",
                "problem": None if event is None else f"{asset}/VIB",
                "evidence": evidence,
            },
        )
        assert row is not None
        await connection.execute(
            """
            INSERT INTO work_order_change (work_order_id, version, action, to_state, actor)
            VALUES (%s, 1, 'create', 'draft', 'conditions')
            """,
            [row[0]],
        )
        if event is not None:
            await connection.execute(
                """
                INSERT INTO work_order_event (event_id, work_order_id, relation, reason)
                VALUES (%s, %s, 'raised', 'it raised this order')
                """,
                [event, row[0]],
            )
        await connection.execute("SELECT pg_notify('work_order', %s)", [str(row[0])])
    return str(row[1])


@pytest.fixture
async def application(database_url: str, tmp_path: Path) -> AsyncIterator[FastAPI]:
    """The API over the test's database, without a log."""
    application = create_application(
        database_url=database_url, log_url=NO_LOG, settings=Settings(home=tmp_path)
    )
    async with application.router.lifespan_context(application):
        yield application


ClientOf = Callable[[Role], Awaitable[httpx.AsyncClient]]


@pytest.fixture
async def client_of(application: FastAPI, connection: Connection) -> AsyncIterator[ClientOf]:
    """A client with an API key of a role."""
    opened: list[httpx.AsyncClient] = []

    async def make(role: Role) -> httpx.AsyncClient:
        key = await create_api_key(connection, name=f"test {role}", role=role)
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(application),
            base_url="http://oilcan",
            headers={"Authorization": f"Bearer {key}"},
        )
        opened.append(client)
        return client

    yield make
    for client in opened:
        await client.aclose()


@pytest.fixture
async def client(client_of: ClientOf) -> httpx.AsyncClient:
    """A client that may do everything."""
    return await client_of(Role.ADMINISTRATOR)


@pytest.fixture
async def stranger(application: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A client that nobody knows."""
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(application), base_url="http://oilcan"
    ) as client:
        yield client


@pytest.fixture
async def person(connection: Connection) -> str:
    """The login of a planner."""
    await create_person(connection, login=LOGIN, name="Kim", role=Role.PLANNER, password=PASSWORD)
    return LOGIN


@asynccontextmanager
async def serving(application: FastAPI) -> AsyncIterator[str]:
    """A real server on loopback; gives its address."""
    port = free_port()
    config = uvicorn.Config(
        application, port=port, log_level="warning", timeout_graceful_shutdown=1, lifespan="on"
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server._serve())
    while not server.started:
        assert not task.done(), "the server did not start"
        await asyncio.sleep(0.02)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    await task


@pytest.fixture
async def address(database_url: str, tmp_path: Path) -> AsyncIterator[str]:
    """The address of a real server over the test's database, without a log."""
    application = create_application(
        database_url=database_url, log_url=NO_LOG, settings=Settings(home=tmp_path)
    )
    async with serving(application) as address:
        yield address
