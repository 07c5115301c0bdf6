"""The readings of partitions move into a hypertable: all of them, once, without a hole meanwhile."""

import asyncio
import subprocess
import sys
from contextlib import suppress

import numpy as np
import pytest

from config.clock import to_us
from config.database import Connection, Level, connect, fetch_one, find_level
from config.errors import MigrationError
from config.migrate import lock_schema, migrate, require_schema
from ingest import store
from ingest.chunks import DAY_US, drop_days, ensure_days
from ingest.column import accept_columns
from ingest.footing import Footing
from ingest.sorting import Rows
from ingest.upgrade.progress import UpgradeProgress
from ingest.upgrade.service import upgrade

pytestmark = pytest.mark.store

FIRST_DAY, DAYS, ROWS_A_DAY = 20_000, 6, 50
GUARDED = Footing(guarded=True, epoch=0)
Key = tuple[int, int, float]


class BrokenOff(Exception):
    """The upgrade ends here."""


def pass_over(progress: UpgradeProgress) -> None:
    """Tell nobody."""


async def readings(connection: Connection) -> list[Key]:
    cursor = await connection.execute(
        "SELECT point_id, ts, value FROM reading ORDER BY point_id, ts, value"
    )
    return [(point, to_us(ts), value) for point, ts, value in await cursor.fetchall()]


async def partitions_left(connection: Connection) -> int:
    row = await fetch_one(
        connection,
        "SELECT count(*) FROM pg_class WHERE relkind IN ('r', 'p') AND"
        " (relname ~ '^reading_2' OR relname IN ('reading_old', 'reading_next'))",
    )
    assert row is not None
    return int(row[0])


def some_rows(day: int, minute: int) -> Rows:
    """Five readings of a day: points 100 to 104, a second apart."""
    ts = day * DAY_US + minute * 60_000_000 + np.arange(5) * 1_000_000
    value = np.full(5, float(minute))
    points = np.arange(100, 105, dtype=np.int32)
    return Rows(points, ts, value, np.zeros(5, np.uint8), np.arange(5))


async def test_every_reading_is_there_once_and_nothing_is_left_over(
    level_1: str, upgrading: Connection
) -> None:
    before = await readings(upgrading)
    told = list[UpgradeProgress]()
    assert await upgrade(level_1, told.append) == (Level.PARTITIONS, Level.HYPERTABLE)
    assert await readings(upgrading) == before
    assert [(one.done, one.of) for one in told] == [(n, DAYS) for n in range(1, DAYS + 1)]
    assert await find_level(upgrading) is Level.HYPERTABLE
    assert await partitions_left(upgrading) == 0


async def test_an_upgraded_database_is_one_of_its_level(
    level_1: str, upgrading: Connection, connection: Connection
) -> None:
    await upgrade(level_1, pass_over)
    await require_schema(upgrading)
    assert await migrate(level_1) == []
    ledger = "SELECT number, name, level, checksum FROM schema_migration ORDER BY number"
    made, born = await upgrading.execute(ledger), await connection.execute(ledger)
    assert await made.fetchall() == await born.fetchall()
    with pytest.raises(Exception, match="reading_point_ts"):
        await upgrading.execute("INSERT INTO reading SELECT * FROM reading LIMIT 1")
    async with upgrading.transaction():
        assert await drop_days(upgrading, (FIRST_DAY + 2) * DAY_US) == 2


async def test_a_second_upgrade_changes_nothing(level_1: str) -> None:
    await upgrade(level_1, pass_over)
    assert await upgrade(level_1, pass_over) == (Level.HYPERTABLE, Level.HYPERTABLE)


@pytest.mark.parametrize("at", range(1, DAYS + 1))
async def test_broken_off_after_any_day_it_goes_on_there(
    level_1: str, upgrading: Connection, at: int
) -> None:
    before = await readings(upgrading)

    def break_off(progress: UpgradeProgress) -> None:
        if progress.done == at:
            raise BrokenOff

    with pytest.raises(BrokenOff):
        await upgrade(level_1, break_off)
    assert await readings(upgrading) == before
    # Late readings of every day, copied or not.
    accept_columns(upgrading)
    for day in range(FIRST_DAY, FIRST_DAY + DAYS):
        await store.insert_rows(upgrading, some_rows(day, 1000), GUARDED)
    before = await readings(upgrading)
    told = list[UpgradeProgress]()
    await upgrade(level_1, told.append)
    assert [one.done for one in told] == list(range(at + 1, DAYS + 1))
    assert await readings(upgrading) == before


async def test_broken_off_behind_the_swap_it_drops_what_was_replaced(
    level_1: str, upgrading: Connection
) -> None:
    before = await readings(upgrading)
    await upgrading.execute("CREATE VIEW in_the_way AS SELECT * FROM reading_20241004")
    with pytest.raises(MigrationError, match="in_the_way"):
        await upgrade(level_1, pass_over)
    assert await find_level(upgrading) is Level.HYPERTABLE
    assert await readings(upgrading) == before
    await upgrading.execute("DROP VIEW in_the_way")
    await upgrade(level_1, pass_over)
    assert await partitions_left(upgrading) == 0
    assert await readings(upgrading) == before


async def test_what_is_written_and_read_meanwhile_never_misses_a_reading(
    level_1: str, upgrading: Connection
) -> None:
    """Late readings, new days and repeated ones, through statements prepared before the swap."""
    expected = set(await readings(upgrading))
    ended = asyncio.Event()

    async def write() -> None:
        async with await connect(level_1, autocommit=True) as writer:
            accept_columns(writer)
            after, minute = 0, 0
            while after < 20:
                minute, after = minute + 1, after + ended.is_set()
                day = FIRST_DAY + minute % (DAYS + 2)
                async with writer.transaction():
                    await ensure_days(writer, [day])
                    for repeat in (minute, max(1, minute - (DAYS + 2))):
                        rows = some_rows(day, repeat)
                        await store.insert_rows(writer, rows, GUARDED)
                expected.update(
                    zip(rows.point_id.tolist(), rows.ts.tolist(), rows.value, strict=True)
                )
                now = {(p, ts, float(v)) for p, ts, v in await readings(writer)}
                assert {(p, ts, float(v)) for p, ts, v in expected} <= now

    async def climb() -> None:
        await upgrade(level_1, pass_over)
        ended.set()

    async with asyncio.TaskGroup() as group:
        group.create_task(write())
        group.create_task(climb())
    found = await readings(upgrading)
    assert len(found) == len(set(found))
    assert len({(point, ts) for point, ts, _ in found}) == len(found)


async def test_killed_by_the_system_it_goes_on(level_1: str, upgrading: Connection) -> None:
    await upgrading.execute(
        "INSERT INTO reading SELECT p, ts + p * interval '1 ms', 1, 0"
        " FROM reading, generate_series(10, 210) p WHERE point_id = 1"
    )
    before = await readings(upgrading)
    command = [sys.executable, "-m", "oilcan", "migrate", "--upgrade", "--database-url", level_1]
    process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.DEVNULL)
    try:
        while process.returncode is None and not await is_copying(upgrading):
            assert await readings(upgrading) == before
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    assert await readings(upgrading) == before
    process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
    told, _ = await process.communicate()
    assert (process.returncode, b"level 2" in told) == (0, True)
    assert await readings(upgrading) == before
    assert await partitions_left(upgrading) == 0


async def is_copying(connection: Connection) -> bool:
    row = await fetch_one(connection, "SELECT count(*) FROM upgrade_partition")
    return bool(row and row[0])


async def test_two_do_not_upgrade_at_once(level_1: str, upgrading: Connection) -> None:
    await lock_schema(upgrading)
    with pytest.raises(MigrationError, match="another session"):
        await upgrade(level_1, pass_over)
