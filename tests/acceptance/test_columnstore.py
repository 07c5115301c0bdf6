"""Level 3 on TimescaleDB's own code with its full licence, compiled to WebAssembly.

One connection at a time and no COPY, so the writer's fast road is not here: what it relies on where
there is no unique index is in tests/ingest/test_footing.py, its speed in bench/ingest.py.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from config.clock import to_us
from config.database import Connection, Level, connect, fetch_one, find_level
from config.errors import MigrationError
from config.migrate import migrate, require_schema
from ingest import store
from ingest.chunks import DAY_US, drop_days, ensure_days
from ingest.column import accept_columns
from ingest.columnstore_policy import state_policy
from ingest.footing import Footing
from ingest.history.edges import HOUR_US, even_edges
from ingest.history.summed import Source, bucketed, default_policy, narrow_buckets
from ingest.importing.store import store_rows
from ingest.rollup import roll_up
from ingest.sorting import Rows
from ingest.upgrade.columnstore import convert_chunks
from ingest.upgrade.progress import UpgradeProgress
from ingest.upgrade.service import upgrade
from oilcan.engines.process import free_port
from tests.acceptance.npm_peer import installed, running
from tests.test_statements import all_statements, refusal

T0 = 1_790_000_000_000_000 // DAY_US * DAY_US
GUARDED = Footing(guarded=True, epoch=0)


@pytest.fixture
def community_url() -> Iterator[str]:
    """An empty database on a TimescaleDB Community server of the test's own."""
    with community_server() as url:
        yield url


@contextmanager
def community_server() -> Iterator[str]:
    port = free_port()
    with running("pglite", installed("pglite"), port=port):
        yield f"postgresql://postgres:any@127.0.0.1:{port}/postgres?sslmode=disable"


@pytest.fixture(scope="module")
def migrated_url() -> Iterator[str]:
    """A migrated database there, for all tests that leave its schema as it is."""
    with community_server() as url:
        asyncio.run(_prepare(url))
        yield url


async def _prepare(url: str) -> None:
    await migrate(url)
    async with await connect(url, autocommit=True) as connection:
        await make_points(connection)


@pytest.fixture
async def community(migrated_url: str) -> AsyncIterator[Connection]:
    """A connection to it, with two points and no readings; the only one there can be."""
    async with await connect(migrated_url, autocommit=True) as opened:
        accept_columns(opened)
        # All connections are the same one to the server.
        await opened.execute("DEALLOCATE ALL")
        await opened.execute("TRUNCATE reading, rollup_hour, rollup_minute, rollup_due")
        await opened.execute("UPDATE rollup_state SET closed_to = DEFAULT, rolled_to = DEFAULT")
        yield opened


async def make_points(connection: Connection) -> None:
    """Points 1 and 2."""
    await connection.execute("INSERT INTO site (code, name) VALUES ('S', 'Site')")
    await connection.execute("INSERT INTO asset_class (code, name) VALUES ('pump', 'Pump')")
    await connection.execute(
        "INSERT INTO asset (tag, name, class_id, site_id) SELECT 'P-1', 'P-1', c.id, s.id"
        " FROM site s, asset_class c"
    )
    await connection.execute(
        "INSERT INTO point (tag, asset_id, role, unit)"
        " SELECT 'P-1.' || role, id, role, '1' FROM asset, unnest(ARRAY['a', 'b']) role"
    )


def rows_of(day: int, count: int = 100, point: int = 1) -> Rows:
    """Readings of a day, a minute apart."""
    ts = T0 + day * DAY_US + np.arange(count) * 60_000_000
    value = np.arange(count) % 10.0
    points = np.full(count, point, np.int32)
    return Rows(points, ts, value, np.zeros(count, np.uint8), np.arange(count))


async def write(connection: Connection, rows: Rows) -> int:
    """As a guest, who never copies."""
    async with connection.transaction():
        return await store_rows(connection, rows)


async def compressed(connection: Connection) -> list[bool]:
    cursor = await connection.execute(
        "SELECT is_compressed FROM timescaledb_information.chunks"
        " WHERE hypertable_name = 'reading' ORDER BY range_start"
    )
    return [done for (done,) in await cursor.fetchall()]


def pass_over(progress: UpgradeProgress) -> None:
    """Tell nobody."""


async def everything(connection: Connection) -> list[tuple[int, int, float]]:
    cursor = await connection.execute("SELECT point_id, ts, value FROM reading ORDER BY 1, 2, 3")
    return [(point, to_us(ts), value) for point, ts, value in await cursor.fetchall()]


async def test_a_new_database_is_of_level_3(community: Connection) -> None:
    assert await find_level(community) is Level.COLUMNSTORE
    await require_schema(community)
    cursor = await community.execute(
        "SELECT attname, segmentby_column_index, orderby_column_index"
        " FROM timescaledb_information.compression_settings WHERE hypertable_name = 'reading'"
        " ORDER BY attname"
    )
    assert await cursor.fetchall() == [("point_id", 1, None), ("ts", None, 1)]
    assert await policies(community) == [("policy_compression", "1 day")]


async def test_the_policy_takes_days_when_the_settings_say(community: Connection) -> None:
    for days, said in ((3, "3 days"), (3, "3 days"), (1, "1 days")):
        await state_policy(community, after_days=days)
        assert await policies(community) == [("policy_compression", said)]


async def policies(connection: Connection) -> list[tuple[str, str]]:
    cursor = await connection.execute(
        "SELECT proc_name, config->>'compress_after' FROM timescaledb_information.jobs"
        " WHERE hypertable_name = 'reading'"
    )
    return await cursor.fetchall()


async def test_the_server_prepares_every_statement(community: Connection) -> None:
    wrong = {
        statement.place: reason
        for statement in all_statements()
        if (reason := await refusal(community, statement.sql)) is not None
    }
    assert wrong == {}


async def test_a_reading_is_stored_once_whether_its_day_is_kept_by_row_or_by_column(
    community: Connection,
) -> None:
    assert await write(community, rows_of(0)) == 100
    assert await write(community, rows_of(0)) == 0
    await convert_chunks(community, pass_over)
    assert await compressed(community) == [True]
    assert await write(community, rows_of(0, 110)) == 10
    assert await write(community, rows_of(0, 110, point=2)) == 110
    await convert_chunks(community, pass_over)
    assert await write(community, rows_of(0, 110)) == 0
    rows, again = rows_of(0, 110), rows_of(0, 110, point=2)
    assert await everything(community) == [
        (int(point), int(ts), float(value))
        for part in (rows, again)
        for point, ts, value in zip(part.point_id, part.ts, part.value, strict=True)
    ]


async def test_columns_are_written_directly_in_the_transaction_that_says_so(
    community: Connection,
) -> None:
    asked = "SELECT current_setting('timescaledb.enable_direct_compress_copy')"
    async with community.transaction():
        await store.compress_directly(community)
        assert await fetch_one(community, asked) == ("on",)
    assert await fetch_one(community, asked) == ("off",)


async def test_history_is_the_same_from_rows_and_from_columns(community: Connection) -> None:
    for day in range(3):
        await write(community, rows_of(day, 600))
    await roll_up(community, lambda: T0 + 3 * DAY_US)
    edges = even_edges(T0, T0 + 3 * DAY_US, HOUR_US)
    policy = await default_policy(community)
    before = await bucketed(community, 1, edges, policy=policy)
    await convert_chunks(community, pass_over)
    after = await bucketed(community, 1, edges, policy=policy)
    stored = await narrow_buckets(
        community, 1, start_us=T0, end_us=T0 + 3 * DAY_US, source=Source.HOURS
    )
    for name in ("ts", "count", "avg", "min", "max", "first", "last", "drops"):
        assert getattr(after, name).tolist() == getattr(before, name).tolist()
        kept = getattr(before, name)[before.count > 0]
        np.testing.assert_allclose(getattr(stored, name), kept, err_msg=name)
    assert after.count.sum() == 1800


async def test_a_late_reading_of_a_converted_day_is_summed_up_again(community: Connection) -> None:
    await write(community, rows_of(0, 60))
    await roll_up(community, lambda: T0 + DAY_US)
    await convert_chunks(community, pass_over)
    late = rows_of(0, 60)
    late = Rows(late.point_id, late.ts + 1, late.value + 100, late.quality, late.origin)
    await write(community, late)
    await roll_up(community, lambda: T0 + DAY_US)
    row = await fetch_one(community, "SELECT count, max FROM rollup_hour WHERE point_id = 1")
    assert row == (120, 109.0)


async def test_the_policy_converts_what_is_old_enough(community: Connection) -> None:
    await write(community, rows_of(0))
    await community.execute(
        "DO $$ DECLARE id integer; BEGIN"
        " SELECT job_id INTO id FROM timescaledb_information.jobs"
        " WHERE proc_name = 'policy_compression'; CALL run_job(id); END $$"
    )
    assert await compressed(community) == [True]


async def test_converted_days_past_retention_are_dropped(community: Connection) -> None:
    for day in range(4):
        await write(community, rows_of(day))
    await convert_chunks(community, pass_over)
    async with community.transaction():
        assert await drop_days(community, T0 + 2 * DAY_US) == 2
    assert len(await everything(community)) == 200


@pytest.mark.parametrize("level", [Level.PARTITIONS, Level.HYPERTABLE])
async def test_an_older_database_is_upgraded_with_all_its_readings(
    community_url: str, level: Level
) -> None:
    await migrate(community_url, highest=level)
    async with await connect(community_url, autocommit=True) as connection:
        await fill(connection, days=4)
        before = await everything(connection)
    assert await upgrade(community_url, pass_over) == (level, Level.COLUMNSTORE)
    assert await migrate(community_url) == []
    assert await upgrade(community_url, pass_over) == (Level.COLUMNSTORE, Level.COLUMNSTORE)
    async with await connect(community_url, autocommit=True) as connection:
        assert await everything(connection) == before
        assert await compressed(connection) == [True] * 4
        assert await policies(connection) == [("policy_compression", "1 day")]
        await require_schema(connection)


async def test_an_upgrade_that_was_broken_off_goes_on(community_url: str) -> None:
    await migrate(community_url, highest=Level.HYPERTABLE)
    async with await connect(community_url, autocommit=True) as connection:
        await fill(connection, days=3)
        before = await everything(connection)

    def break_off(progress: UpgradeProgress) -> None:
        raise MigrationError("here")

    with pytest.raises(MigrationError, match="here"):
        await upgrade(community_url, break_off)
    async with await connect(community_url, autocommit=True) as connection:
        assert await everything(connection) == before
        assert await compressed(connection) == [False, False, True]
        assert await find_level(connection) is Level.HYPERTABLE
        accept_columns(connection)
        async with connection.transaction():
            assert await store.insert_rows(connection, rows_of(2, 110), GUARDED) == 10
    told = list[UpgradeProgress]()
    await upgrade(community_url, told.append)
    assert [(one.done, one.of) for one in told] == [(1, 2), (2, 2)]


async def fill(connection: Connection, *, days: int) -> None:
    """Some days of readings, as the writer of an older level stores them."""
    accept_columns(connection)
    for day in range(days):
        async with connection.transaction():
            await ensure_days(connection, [T0 // DAY_US + day])
            await store.insert_rows(connection, rows_of(day), GUARDED)
