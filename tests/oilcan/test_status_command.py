"""`oilcan status` tells how the plant's Oilcan stands, and its exit code whether all is well."""

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from nats.aio.client import Client
from rich.console import Console

from api.live.status_board import Figures, RoleState
from api.plant_counts import PlantCounts
from config.clock import from_us, now_us
from config.database import Connection
from config.status import Part, Status, send_status
from config.tasks import end_tasks
from ingest.unknown import UnknownTag
from oilcan.engines.nats_server import NatsEngine
from oilcan.status_command import Report, show

ROLES = ("edge", "ingest", "conditions", "maintenance")


async def status(database_url: str, log_url: str, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "oilcan", "status", *words]
    urls = ["--database-url", database_url, "--log-url", log_url]
    return await asyncio.to_thread(
        subprocess.run,
        [*command, *urls],
        capture_output=True,
        text=True,
        env={**os.environ, "TERM": "dumb", "COLUMNS": "200"},
        check=False,
    )


@asynccontextmanager
async def told(client: Client, hall: Part) -> AsyncIterator[None]:
    """Every role says all the time that it lives."""

    async def tell() -> None:
        count = 0.0
        while True:
            count += 10
            for role in ROLES:
                parts = {"hall": hall} if role == "edge" else {}
                metrics = {"readings_total": count, "lag_seconds": 0.5}
                said = Status(role, f"{role}-1", now_us(), True, metrics=metrics, parts=parts)
                await send_status(client, said)
            await asyncio.sleep(0.1)

    task = asyncio.create_task(tell())
    try:
        yield
    finally:
        await end_tasks([task])


@pytest.mark.usefixtures("connection")
async def test_all_that_runs_is_shown_and_all_is_well(
    database_url: str, log_engine: NatsEngine, log_client: Client
) -> None:
    device = Part("connected", metrics={"readings_total": 7.0})
    metrics = {"readings_total": 7.0, "clock_offset_seconds": -3.25, "bad_total": 2.0}
    hall = Part("connected", metrics=metrics, devices={"P-1/1": device})
    async with told(log_client, hall):
        shown = await status(database_url, log_engine.url)
        as_json = await status(database_url, log_engine.url, "--json")
    assert shown.returncode == 0, shown.stdout + shown.stderr
    for text in ("1 of 1 sources", "0 open events, 0 open orders", "P-1/1", "-3.2", "all is well"):
        assert text in shown.stdout
    document = json.loads(as_json.stdout)
    assert document["problems"] == []
    assert document["figures"]["readings_per_s"] > 0
    assert document["counts"]["dead_letters"] == 0
    assert {role["role"] for role in document["roles"]} == set(ROLES)


async def test_what_is_lost_is_told_and_exits_with_one(
    connection: Connection, database_url: str, log_engine: NatsEngine, log_client: Client
) -> None:
    await connection.execute(
        "INSERT INTO unknown_tag VALUES ('X-1.a', 'edge-1', 3, now(), now(), 4.5, 'hall')"
    )
    async with told(log_client, Part("failed", "no route to host")):
        shown = await status(database_url, log_engine.url)
    assert shown.returncode == 1
    assert "edge-1: source hall is lost: no route to host" in shown.stdout
    assert "1 unknown tags" in shown.stdout
    assert re.search(r"X-1\.a +edge-1 +hall +3 ", shown.stdout)
    # In the row of the source, below its own heading.
    assert re.search(r"unknown", shown.stdout)
    assert re.search(r"hall +failed +1 +no route to host", shown.stdout)


def test_the_tags_without_a_point_that_were_heard_last_are_named() -> None:
    unknown = [
        UnknownTag(f"X-1.n{n}", "edge-1", "hall", n, from_us(0), from_us(-n * 1_000_000), None)
        for n in range(1, 101)
    ]
    counts = PlantCounts(dead_letters=0, unknown_tags=120, open_events=0, open_orders=0)
    console = Console(width=120, record=True)
    show(Report([], Figures(0, 0, 0.0, None), counts, [], unknown), console, now_s=10.0)
    shown = console.export_text()
    assert "tags without a point, 120 in all" in shown
    assert re.search(r"X-1\.n5 +edge-1 +hall +5 +15\.0", shown)
    assert "X-1.n6" not in shown


async def test_without_engines_it_says_which_are_missing() -> None:
    shown = await status("postgresql://nobody@127.0.0.1:9/x", "nats://127.0.0.1:9")
    assert shown.returncode == 1
    assert "the database cannot be reached" in shown.stdout
    assert "the log cannot be reached" in shown.stdout
    assert "nobody can be heard of" in shown.stdout
    # What follows from that is not told beside it, nor figures that nobody gave.
    assert "was heard of within" not in shown.stdout
    assert "readings/s" not in shown.stdout


@pytest.mark.usefixtures("connection")
async def test_a_plant_without_sources_says_that_nothing_is_collected(
    database_url: str, log_engine: NatsEngine
) -> None:
    shown = await status(database_url, log_engine.url)
    assert shown.returncode == 1
    assert "no edge was ever heard of, so nothing is collected" in shown.stdout
    assert "no ingest was heard of within 5 s" in shown.stdout


def test_columns_that_hold_nothing_are_left_out_and_names_stay_whole() -> None:
    said = Status("maintenance", "maintenance", 0, healthy=True)
    role = RoleState(said, age_s=0.0, rates={}, part_rates={})
    console = Console(width=80, record=True)
    show(Report([role], Figures(0, 0, 0.0, None), None, []), console, now_s=10.0)
    shown = console.export_text()
    assert re.search(r"maintenance +maintenance +well", shown)
    assert "rejected" not in shown
