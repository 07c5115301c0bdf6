"""Where no unique index refuses them, nobody's readings are doubled: level 3, on the other levels.

The index of the test's database is made an ordinary one; TimescaleDB's Apache edition or PostgreSQL
then differ from level 3 by the columnstore alone.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.clock import from_us, now_us, to_us
from config.database import Connection, connect, fetch_one
from config.log import BatchId, Kind, Position, Record
from edge.reading import ReadingBatch
from edge.wire import encode_readings
from ingest import store
from ingest.batch import open_record
from ingest.chunks import DAY_US, ensure_days
from ingest.column import accept_columns
from ingest.footing import join_as_guest, join_as_owner
from ingest.importing.store import store_rows
from ingest.points import load_points
from ingest.sorting import Rows, Span
from ingest.unknown import bind_unknown
from ingest.writer import Prepared, Writer

pytestmark = [pytest.mark.store, pytest.mark.usefixtures("_unguarded")]

NOW = now_us() // 1000 * 1000
SPAN = Span(NOW - 30 * DAY_US, NOW + DAY_US)
TAGS = ("P-101.temp", "P-101.vib")
Reading = tuple[str, int, float]


@pytest.fixture
async def _unguarded(connection: Connection) -> None:
    await connection.execute("DROP INDEX reading_point_ts")
    await connection.execute("CREATE INDEX reading_point_ts ON reading (point_id, ts)")
    accept_columns(connection)
    async with connection.transaction():
        await ensure_days(connection, range(NOW // DAY_US - 1, NOW // DAY_US + 2))


@pytest.fixture
async def guest(database_url: str) -> AsyncIterator[Connection]:
    """Another session, in autocommit mode."""
    async with await connect(database_url, autocommit=True) as opened:
        accept_columns(opened)
        yield opened


class Ingest:
    """A partition's writer and the log that it reads, started anew at will."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._log: list[Record] = []
        self._rows: list[list[Reading]] = []
        self._written = 0
        self._pending: list[Prepared] = []

    async def start(self) -> None:
        """A new writer, from the cursor of the database."""
        async with self._connection.transaction():
            cursor = await store.lock_cursor(self._connection, "ingest", 0)
        self._writer = Writer(self._connection, reader="ingest", partition=0, cursor=cursor)
        self._pending = []
        await self.read_register()
        for _ in self._log[self._written :]:
            await self.prepare()

    async def read_register(self) -> None:
        """The points as a new mapping, which the writer takes for another register."""
        self._points = {point.tag: point for point in await load_points(self._connection)}

    def publish(self, rows: Sequence[Reading]) -> None:
        number = len(self._log) + 1
        data = encode_readings(ReadingBatch.from_rows([(*row, 0) for row in rows]))
        identity = BatchId("edge-1", "run", number)
        self._log.append(Record(Kind.READINGS, 0, identity, Position("log", number), data))
        self._rows.append(list(rows))

    async def prepare(self) -> None:
        """Prepare the next record of the log, if there is one."""
        place = self._written + len(self._pending)
        if place < len(self._log):
            content = open_record(self._log[place])
            self._pending.append(await self._writer.prepare([content], self._points, SPAN))

    async def write(self) -> list[Reading]:
        """Write what was prepared first; returns its rows."""
        if not self._pending:
            return []
        await self._writer.write(self._pending.pop(0))
        self._written += 1
        return self._rows[self._written - 1]


def as_rows(readings: Sequence[Reading], points: dict[str, int]) -> Rows:
    """Readings in columns, each point and time once, the first."""
    first: dict[tuple[str, int], float] = {}
    for tag, ts, value in readings:
        first.setdefault((tag, ts), value)
    keys = sorted(first)
    return Rows(
        np.array([points[tag] for tag, _ in keys], np.int32),
        np.array([ts for _, ts in keys], np.int64),
        np.array([first[key] for key in keys], np.float64),
        np.zeros(len(keys), np.uint8),
        np.arange(len(keys)),
    )


async def stored(connection: Connection) -> list[Reading]:
    cursor = await connection.execute(
        "SELECT p.tag, r.ts, r.value FROM reading r JOIN point p ON p.id = r.point_id"
        " ORDER BY p.tag, r.ts, r.value"
    )
    return [(tag, to_us(ts), value) for tag, ts, value in await cursor.fetchall()]


READINGS = st.lists(
    st.tuples(
        st.sampled_from(TAGS),
        st.integers(0, 3).map(lambda step: NOW - step * 1000),
        st.sampled_from([1.0, 2.0, 3.0]),
    ),
    min_size=1,
    max_size=3,
)
ACTIONS = st.lists(
    st.tuples(st.sampled_from(["prepare", "import"]), READINGS)
    | st.tuples(st.sampled_from(["write", "restart", "register"]), st.just([])),
    min_size=4,
    max_size=20,
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(actions=ACTIONS)
async def test_any_interleaving_stores_each_reading_once_the_first(
    connection: Connection,
    guest: Connection,
    points: dict[str, int],
    actions: list[tuple[str, list[Reading]]],
) -> None:
    await connection.execute("TRUNCATE reading, log_cursor")
    ingest, meant = Ingest(connection), dict[tuple[str, int], float]()
    await ingest.start()
    drained = [("restart", list[Reading]()), ("write", list[Reading]())] * len(actions)
    for action, rows in [*actions, *drained]:
        match action:
            case "prepare":
                ingest.publish(rows)
                await ingest.prepare()
                continue
            case "restart":
                await ingest.start()
                continue
            case "register":
                await ingest.read_register()
                continue
            case "write":
                rows = await ingest.write()
            case _:
                async with guest.transaction():
                    await store_rows(guest, as_rows(rows, points))
        for tag, ts, value in rows:
            meant.setdefault((tag, ts), value)
    assert await stored(connection) == sorted((*key, value) for key, value in meant.items())


async def test_a_reading_that_was_imported_meanwhile_is_not_copied(
    connection: Connection, guest: Connection, points: dict[str, int]
) -> None:
    rows = [("P-101.temp", NOW, 1.0)]
    ingest = Ingest(connection)
    await ingest.start()
    ingest.publish(rows)
    await ingest.prepare()
    await store_rows(guest, as_rows(rows, points))
    await ingest.write()
    assert await stored(connection) == rows


@pytest.mark.parametrize("register", [False, True])
async def test_what_is_prepared_and_not_written_yet_counts_when_times_are_asked_for_anew(
    connection: Connection, guest: Connection, points: dict[str, int], *, register: bool
) -> None:
    rows = [("P-101.temp", NOW, 1.0)]
    ingest = Ingest(connection)
    await ingest.start()
    for _ in range(2):
        ingest.publish(rows)
        await ingest.prepare()
    if register:
        await ingest.read_register()
    else:
        await store_rows(guest, as_rows([("P-101.vib", NOW, 1.0)], points))
        await ingest.write()
    ingest.publish(rows)
    await ingest.prepare()
    while await ingest.write():
        pass
    assert rows[0] in await stored(connection)
    assert len(await stored(connection)) == 2 - register


async def test_a_writer_waits_for_a_guest_and_finds_what_it_wrote(
    connection: Connection, guest: Connection, points: dict[str, int]
) -> None:
    rows = [("P-101.temp", NOW, 1.0), ("P-101.temp", NOW + 1000, 2.0)]
    ingest = Ingest(connection)
    await ingest.start()
    ingest.publish(rows)
    await ingest.prepare()
    async with guest.transaction():
        await store_rows(guest, as_rows(rows, points))
        writing = asyncio.create_task(ingest.write())
        await until_somebody_waits(guest)
    await writing
    assert await stored(connection) == rows


async def test_a_guest_waits_for_a_writer_and_finds_what_it_wrote(
    connection: Connection, guest: Connection, points: dict[str, int]
) -> None:
    rows = [("P-101.temp", NOW, 1.0), ("P-101.temp", NOW + 1000, 2.0)]
    ingest = Ingest(connection)
    await ingest.start()
    ingest.publish(rows)
    await ingest.prepare()

    async def visit() -> int:
        async with guest.transaction():
            return await store_rows(guest, as_rows(rows, points))

    async with connection.transaction():
        await ingest.write()
        visiting = asyncio.create_task(visit())
        await until_somebody_waits(connection)
    assert await visiting == 0
    assert await stored(connection) == rows


async def test_two_writers_do_not_wait_for_each_other(
    connection: Connection, guest: Connection
) -> None:
    async with connection.transaction(), guest.transaction():
        assert await join_as_owner(connection) == await join_as_owner(guest)


async def test_a_guest_that_takes_its_readings_back_counts_for_nothing(
    connection: Connection, guest: Connection
) -> None:
    async with connection.transaction():
        before = await join_as_owner(connection)
    async with guest.transaction(force_rollback=True):
        assert (await join_as_guest(guest)).epoch == before.epoch + 1
    async with connection.transaction():
        assert await join_as_owner(connection) == before


async def test_what_is_bound_is_not_doubled(connection: Connection, points: dict[str, int]) -> None:
    await connection.execute(
        "INSERT INTO reading VALUES (%s, %s, 1, 0)", [points["P-101.temp"], from_us(NOW)]
    )
    await connection.execute(
        "INSERT INTO unknown_reading VALUES ('P-101.temp', %s, 5, 0), ('P-101.temp', %s, 2, 0)",
        [from_us(NOW), from_us(NOW + 1000)],
    )
    async with connection.transaction():
        assert await bind_unknown(connection) == 1
    assert await stored(connection) == [("P-101.temp", NOW, 1.0), ("P-101.temp", NOW + 1000, 2.0)]


async def until_somebody_waits(connection: Connection) -> None:
    """Until another session waits for a lock that is an agreement, not a table's."""
    waiting = "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted)"
    async with asyncio.timeout(30):
        while await fetch_one(connection, waiting) != (True,):
            pass
