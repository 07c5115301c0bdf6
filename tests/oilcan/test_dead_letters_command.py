"""`oilcan dead-letters`, as a person at a shell meets it, killed in the middle too."""

import asyncio
import json
import subprocess
import sys
from contextlib import suppress

import pytest
from typer.testing import CliRunner, Result

from config.clock import now_us
from config.database import Connection, fetch_one
from config.errors import DatabaseOutdated
from edge.reading import ReadingBatch
from edge.wire import encode_readings
from ingest.chunks import DAY_US
from oilcan.command_line import app

pytestmark = pytest.mark.store

NOW = now_us()
LETTERS = 400
INSERT = """
INSERT INTO dead_letter (
    reader, partition, stream, sequence, batch, edge, kind, reason, rows, data, received_at
)
VALUES ('ingest', 0, 's', %s, 'edge-1:a:1', 'edge-1', %s, 'refused', 1, %s, now())
"""


def command(database_url: str, *words: str) -> list[str]:
    return [sys.executable, "-m", "oilcan", "dead-letters", *words, "--database-url", database_url]


def oilcan(database_url: str, *words: str) -> Result:
    """The same within this process: what it loads is loaded."""
    arguments = ["dead-letters", *words, "--database-url", database_url]
    return CliRunner().invoke(app, arguments, env={"TERM": "dumb", "COLUMNS": "200"})


async def add(connection: Connection, number: int, *, ahead_us: int = 0) -> None:
    rows = [("X-1.a", NOW - number + ahead_us, float(number), 0)]
    data = encode_readings(ReadingBatch.from_rows(rows))
    await connection.execute(INSERT, [number, "readings", data])


async def count(connection: Connection, state: str) -> int:
    row = await fetch_one(connection, "SELECT count(*) FROM dead_letter WHERE state = %s", [state])
    assert row is not None
    return int(row[0])


async def reached(connection: Connection, process: asyncio.subprocess.Process, enough: int) -> None:
    """Wait until so many are retried, or the process has ended."""
    for _ in range(6_000):
        if process.returncode is not None or await count(connection, "retried") >= enough:
            return
        await asyncio.sleep(0.005)


async def test_killed_again_and_again_a_retry_stores_every_row_once(
    connection: Connection, database_url: str
) -> None:
    async with connection.transaction():
        for number in range(LETTERS):
            await add(connection, number)
    for enough in (LETTERS // 4, LETTERS // 2):
        process = await asyncio.create_subprocess_exec(
            *command(database_url, "retry", "--all"), stdout=subprocess.DEVNULL
        )
        try:
            await reached(connection, process, enough)
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    last = await asyncio.to_thread(oilcan, database_url, "retry", "--all")
    assert last.exit_code == 0, last.stderr
    assert await count(connection, "retried") == LETTERS
    row = await fetch_one(connection, "SELECT count(*) FROM unknown_reading")
    assert row == (LETTERS,)
    # The counter is added to by each retry, so a doubled one would show.
    row = await fetch_one(connection, "SELECT count FROM unknown_tag")
    assert row == (LETTERS,)


async def test_what_is_refused_is_told_and_keeps_nothing_back(
    connection: Connection, database_url: str
) -> None:
    await add(connection, 1)
    await add(connection, 2, ahead_us=900 * DAY_US)
    await add(connection, 3)
    told = await asyncio.to_thread(oilcan, database_url, "retry", "--all")
    assert told.exit_code == 1
    assert "2: of 1 rows" in told.stderr
    assert told.stdout.count("1 without a point") == 2
    listed = await asyncio.to_thread(oilcan, database_url, "list")
    assert "1 waiting to be retried or discarded" in listed.stdout
    as_json = await asyncio.to_thread(oilcan, database_url, "list", "--state", "retried", "--json")
    assert [letter["id"] for letter in json.loads(as_json.stdout)] == [3, 1]


async def test_a_letter_is_shown_and_given_up_with_a_reason(
    connection: Connection, database_url: str
) -> None:
    await add(connection, 1)
    shown = await asyncio.to_thread(oilcan, database_url, "show", "1")
    assert json.loads(shown.stdout)["readings"][0]["tag"] == "X-1.a"
    without = await asyncio.to_thread(oilcan, database_url, "discard", "1")
    assert without.exit_code == 2
    done = await asyncio.to_thread(
        oilcan, database_url, "discard", "1", "--reason", "commissioning"
    )
    assert (done.exit_code, done.stdout) == (0, "1: discarded\n")
    row = await fetch_one(connection, "SELECT state, settled_by, settled_note FROM dead_letter")
    assert row is not None
    assert (row[0], row[2]) == ("discarded", "commissioning")
    assert row[1].startswith("command line: ")
    again = await asyncio.to_thread(oilcan, database_url, "retry", "1", "9")
    assert again.exit_code == 1
    assert "was discarded by command line" in again.stderr
    assert "there is no dead letter 9" in again.stderr


def test_a_database_without_tables_is_told_what_to_do(empty_database_url: str) -> None:
    refusal = oilcan(empty_database_url, "list").exception
    assert isinstance(refusal, DatabaseOutdated)
    assert "run `oilcan migrate`" in str(refusal)
