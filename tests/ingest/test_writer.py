"""The writer stores every reading once, whatever is repeated or refused, and loses none in silence."""

import asyncio
import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.clock import from_us, now_us, to_us
from config.database import Connection, Level, fetch_one, find_level
from config.log import BatchId, Kind, Position, Record
from edge.reading import Quality, ReadingBatch, Reason, SensorAlarm, quality_code
from edge.rejected import Rejected
from edge.wire import (
    decode_alarms,
    decode_readings,
    encode_alarms,
    encode_readings,
    encode_rejects,
)
from ingest import store
from ingest.batch import open_record
from ingest.chunks import DAY_US, existing_days
from ingest.column import accept_columns
from ingest.errors import CursorMoved
from ingest.points import load_points
from ingest.sorting import Span
from ingest.writer import Writer, Written

pytestmark = pytest.mark.store

NOW = now_us()
SPAN = Span(NOW - 3650 * DAY_US, NOW + DAY_US)
Row = tuple[str, int, float, int]


def readings(sequence: int, rows: Sequence[Row], *, batch: int | None = None) -> Record:
    """A record at a place of the log, with the batch's own number where it differs."""
    identity = BatchId("edge-1", "run", sequence if batch is None else batch)
    data = encode_readings(ReadingBatch.from_rows(rows))
    return Record(Kind.READINGS, 0, identity, Position("log", sequence), data)


def alarms(sequence: int, *changes: SensorAlarm) -> Record:
    identity = BatchId("edge-1", "run", sequence)
    return Record(Kind.ALARMS, 0, identity, Position("log", sequence), encode_alarms(changes))


async def new_writer(connection: Connection) -> Writer:
    """A writer as it starts: from the cursor that the database holds."""
    accept_columns(connection)
    async with connection.transaction():
        cursor = await store.lock_cursor(connection, "ingest", 0)
    return Writer(connection, reader="ingest", partition=0, cursor=cursor)


async def write(connection: Connection, writer: Writer, records: Sequence[Record]) -> Written:
    points = {point.tag: point for point in await load_points(connection)}
    prepared = await writer.prepare([open_record(one) for one in records], points, SPAN)
    return await writer.write(prepared)


async def stored(connection: Connection) -> dict[tuple[str, int], tuple[float | None, int]]:
    cursor = await connection.execute(
        "SELECT p.tag, r.ts, r.value, r.quality FROM reading r JOIN point p ON p.id = r.point_id"
    )
    return {(tag, to_us(ts)): (value, q) for tag, ts, value, q in await cursor.fetchall()}


async def dead(connection: Connection) -> list[tuple[str, int | None, bytes]]:
    cursor = await connection.execute("SELECT reason, rows, data FROM dead_letter ORDER BY id")
    return await cursor.fetchall()


async def clear(connection: Connection) -> None:
    await connection.execute(
        "TRUNCATE reading, log_cursor, unknown_tag, unknown_reading, dead_letter, sensor_alarm"
    )


LOG = st.lists(
    st.tuples(
        # Batches that the log holds twice have an earlier record's number.
        st.booleans(),
        st.lists(
            st.tuples(
                st.sampled_from(["P-101.temp", "P-101.vib", "P-102.temp", "X-1.new"]),
                st.integers(0, 12).map(lambda step: NOW - step * 1000)
                | st.sampled_from([0, NOW + 400 * DAY_US, 2**63 - 1]),
                st.sampled_from([1.0, 2.5, 99.0, math.nan]),
                st.sampled_from([0, int(Quality.BAD)]),
            ),
            max_size=6,
        ),
    ),
    min_size=1,
    max_size=8,
)
FATES = ["keep", "die", "crash", "overtaken"]
STEPS = st.lists(
    st.tuples(st.integers(0, 3), st.integers(1, 4), st.sampled_from(FATES)),
    max_size=8,
)


def expected(log: Sequence[Record]) -> tuple[dict[tuple[str, int], tuple[float | None, int]], int]:
    """What the log means: the first reading of each point and time, of each batch once.

    And how many readings lie outside the span.
    """
    first: dict[tuple[str, int], tuple[float | None, int]] = {}
    seen, outside = 0, 0
    for record in log:
        if record.batch.sequence <= seen:
            continue
        seen = record.batch.sequence
        batch = decode_readings(record.data)
        for index, ts, value, quality in zip(
            batch.tag_index, batch.ts, batch.value, batch.quality, strict=True
        ):
            if not SPAN.first_us <= ts <= SPAN.last_us:
                outside += 1
                continue
            missing = math.isnan(value)
            judged = (
                quality_code(Quality.BAD, Reason.DECODE) if missing and not quality else quality
            )
            first.setdefault(
                (batch.tags[index], int(ts)), (None if missing else float(value), int(judged))
            )
    return first, outside


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(script=LOG, steps=STEPS)
async def test_any_replay_gives_the_same_table(
    connection: Connection,
    points: dict[str, int],
    script: list[tuple[bool, list[Row]]],
    steps: list[tuple[int, int, str]],
) -> None:
    await clear(connection)
    log: list[Record] = []
    for place, (again, rows) in enumerate(script, 1):
        earlier = log[-1] if again and log else None
        log.append(
            readings(place, rows)
            if earlier is None
            else Record(Kind.READINGS, 0, earlier.batch, Position("log", place), earlier.data)
        )
    writer, place = await new_writer(connection), 0
    for back, count, fate in [*steps, (0, len(log), "keep")]:
        records = log[max(0, place - back) : place + count]
        if fate == "crash":
            # All is written, and the commit never comes.
            async with connection.transaction(force_rollback=True):
                await write(connection, writer, records)
            writer = await new_writer(connection)
            continue
        if fate == "overtaken":
            # Paused between reading and writing; a successor has begun meanwhile.
            points_now = {point.tag: point for point in await load_points(connection)}
            prepared = await writer.prepare([open_record(one) for one in records], points_now, SPAN)
            await write(connection, await new_writer(connection), records[:1])
            with suppress(CursorMoved):
                await writer.write(prepared)
            writer = await new_writer(connection)
            continue
        await write(connection, writer, records)
        place = min(len(log), place + count)
        if fate == "die":
            writer = await new_writer(connection)
    meant, outside = expected(log)
    known = {key: value for key, value in meant.items() if key[0] in points}
    assert await stored(connection) == known
    row = await fetch_one(connection, "SELECT count(*) FROM unknown_reading")
    assert row == (len(meant) - len(known),)
    assert sum(count or 0 for _, count, _ in await dead(connection)) == outside


async def test_late_readings_are_stored_and_counted(
    connection: Connection, points: dict[str, int]
) -> None:
    writer = await new_writer(connection)
    await write(connection, writer, [readings(1, [("P-101.temp", NOW, 1.0, 0)])])
    late = [("P-101.temp", NOW - 5, 2.0, 0), ("P-101.temp", NOW, 9.0, 0)]
    written = await write(connection, writer, [readings(2, late)])
    assert (written.stored, written.late) == (1, 2)
    assert await stored(connection) == {
        ("P-101.temp", NOW): (1.0, 0),
        ("P-101.temp", NOW - 5): (2.0, 0),
    }


async def test_rows_that_came_by_another_way_are_found_and_kept(
    connection: Connection, points: dict[str, int]
) -> None:
    writer = await new_writer(connection)
    await write(connection, writer, [readings(1, [("P-101.temp", NOW, 1.0, 0)])])
    await connection.execute(
        "INSERT INTO reading VALUES (%s, %s, 5, 0)", [points["P-101.temp"], from_us(NOW + 1)]
    )
    rows = [("P-101.temp", NOW + 1, 2.0, 0), ("P-101.temp", NOW + 2, 3.0, 0)]
    assert (await write(connection, writer, [readings(2, rows)])).stored == 1
    assert await stored(connection) == {
        ("P-101.temp", NOW): (1.0, 0),
        ("P-101.temp", NOW + 1): (5.0, 0),
        ("P-101.temp", NOW + 2): (3.0, 0),
    }


async def test_readings_that_are_there_already_are_counted_and_what_came_in_bytes(
    connection: Connection, points: dict[str, int]
) -> None:
    await connection.execute("ALTER TABLE reading ADD CONSTRAINT lucky CHECK (value <> 13)")
    writer = await new_writer(connection)
    first = await write(connection, writer, [readings(1, [("P-101.temp", NOW, 1.0, 0)])])
    assert first.conflicts == 0
    again = ("P-101.temp", NOW, 9.0, 0), ("P-101.temp", NOW - 5, 2.0, 0)
    twice = ("P-101.temp", NOW + 1, 3.0, 0), ("P-101.temp", NOW + 1, 4.0, 0)
    record = readings(2, [*again, *twice, ("P-101.temp", NOW + 2, 13.0, 0), ("X-1.a", NOW, 1.0, 0)])
    written = await write(connection, writer, [record])
    assert (written.stored, written.conflicts, written.dead) == (2, 2, 1)
    assert written.bytes == len(record.data)


async def test_readings_of_unknown_tags_are_kept_and_counted(
    connection: Connection, points: dict[str, int]
) -> None:
    rows = [("X-1.a", NOW, 1.0, 0), ("X-1.a", NOW + 1, math.nan, 128), ("P-101.temp", NOW, 1.0, 0)]
    written = await write(connection, await new_writer(connection), [readings(1, rows)])
    assert (written.stored, written.unknown, written.dead) == (1, 2, 0)
    row = await fetch_one(connection, "SELECT tag, edge, count, last_value FROM unknown_tag")
    assert row == ("X-1.a", "edge-1", 2, None)


async def test_an_unknown_tag_is_counted_for_each_source_that_sends_it(
    connection: Connection, points: dict[str, int]
) -> None:
    rows = [("X-1.a", NOW + n, float(n), 0) for n in range(5)]
    batch = ReadingBatch.from_rows(rows)
    said = replace(readings(1, rows), data=encode_readings(batch, [("hall", 2), ("roof", 3)]))
    unsaid = readings(2, [("X-1.a", NOW + 9, 9.0, 0)])
    await write(connection, await new_writer(connection), [said, unsaid])
    cursor = await connection.execute(
        "SELECT source, count, last_value FROM unknown_tag WHERE tag = 'X-1.a' ORDER BY source"
    )
    assert await cursor.fetchall() == [("", 1, 9.0), ("hall", 2, 1.0), ("roof", 3, 4.0)]


async def test_one_refused_row_goes_to_dead_letters_and_the_rest_lands(
    connection: Connection, points: dict[str, int]
) -> None:
    await connection.execute("ALTER TABLE reading ADD CONSTRAINT lucky CHECK (value <> 13)")
    rows = [("P-101.temp", NOW + step, float(step), 0) for step in range(20)]
    records = [readings(1, rows[:8]), readings(2, rows[8:])]
    written = await write(connection, await new_writer(connection), records)
    assert (written.stored, written.dead) == (19, 1)
    [(reason, count, data)] = await dead(connection)
    assert "lucky" in reason
    assert count == 1
    assert decode_readings(data).value.tolist() == [13.0]
    row = await fetch_one(connection, "SELECT sequence, batch FROM dead_letter")
    assert row == (2, "edge-1:run:2")


async def test_a_refused_late_row_goes_to_dead_letters(
    connection: Connection, points: dict[str, int]
) -> None:
    await connection.execute("ALTER TABLE reading ADD CONSTRAINT lucky CHECK (value <> 13)")
    writer = await new_writer(connection)
    await write(connection, writer, [readings(1, [("P-101.temp", NOW, 1.0, 0)])])
    late = [("P-101.temp", NOW - 1, 13.0, 0), ("P-101.temp", NOW - 2, 2.0, 0)]
    written = await write(connection, writer, [readings(2, late)])
    assert (written.stored, written.dead) == (1, 1)


async def test_a_tag_that_is_no_text_goes_to_dead_letters(
    connection: Connection, points: dict[str, int]
) -> None:
    rows = [("X\0.a", NOW, 1.0, 0), ("X-1.a", NOW, 1.0, 0)]
    written = await write(connection, await new_writer(connection), [readings(1, rows)])
    assert written.dead == 1
    row = await fetch_one(connection, "SELECT array_agg(tag) FROM unknown_reading")
    assert row == (["X-1.a"],)


async def test_an_unreadable_record_is_kept_whole(
    connection: Connection, points: dict[str, int]
) -> None:
    broken = Record(Kind.READINGS, 0, BatchId("e", "run", 1), Position("log", 1), b"nonsense")
    following = readings(2, [("P-101.temp", NOW, 1.0, 0)])
    writer = await new_writer(connection)
    assert (await write(connection, writer, [broken, following])).stored == 1
    [(reason, count, data)] = await dead(connection)
    assert reason.startswith("unreadable")
    assert (count, data) == (None, b"nonsense")


@pytest.mark.parametrize("ts", [SPAN.last_us + 1, 2**63 - 1], ids=["soon", "last"])
async def test_a_reading_from_the_future_makes_nothing_late_and_no_day(
    connection: Connection, points: dict[str, int], ts: int
) -> None:
    writer = await new_writer(connection)
    rows = [("P-101.temp", ts, 1.0, 0), ("X-1.new", ts, 1.0, 0), ("P-101.temp", NOW, 2.0, 0)]
    assert (await write(connection, writer, [readings(1, rows)])).dead == 2
    following = await write(connection, writer, [readings(2, [("P-101.temp", NOW + 1, 3.0, 0)])])
    assert (following.stored, following.late) == (1, 0)
    assert [reason for reason, _, _ in await dead(connection)] == ["too far in the future"]
    if await find_level(connection) is Level.PARTITIONS:
        assert await existing_days(connection) == {NOW // DAY_US}


@pytest.mark.parametrize("ts", [-(2**63), 0, SPAN.first_us - 1], ids=["first", "1970", "just"])
async def test_a_reading_older_than_retention_goes_to_dead_letters(
    connection: Connection, points: dict[str, int], ts: int
) -> None:
    rows = [("P-101.temp", ts, 1.0, 0)]
    written = await write(connection, await new_writer(connection), [readings(1, rows)])
    assert (written.stored, written.dead) == (0, 1)
    assert decode_readings((await dead(connection))[0][2]).ts.tolist() == [ts]


async def test_readings_of_very_many_days_are_stored(
    connection: Connection, points: dict[str, int]
) -> None:
    rows = [("P-101.temp", NOW - day * DAY_US, float(day), 0) for day in range(300)]
    writer = await new_writer(connection)
    assert (await write(connection, writer, [readings(1, rows)])).stored == 300
    assert (await write(connection, writer, [readings(2, rows)])).stored == 0
    if await find_level(connection) is Level.PARTITIONS:
        assert len(await existing_days(connection)) == 300


async def test_sensor_alarms_are_stored_once(
    connection: Connection, points: dict[str, int]
) -> None:
    change = SensorAlarm("P-101", "HIGH", NOW, True, 800, "hot")
    again = SensorAlarm("P-101", "HIGH", NOW, True, 800, "still hot")
    over = SensorAlarm("P-101", "HIGH", NOW + 1, False, 800, "")
    await write(
        connection, await new_writer(connection), [alarms(1, change), alarms(2, again, over)]
    )
    cursor = await connection.execute("SELECT message, active FROM sensor_alarm ORDER BY ts")
    assert await cursor.fetchall() == [("hot", True), ("", False)]


async def test_a_refused_alarm_goes_to_dead_letters_and_the_rest_lands(
    connection: Connection, points: dict[str, int]
) -> None:
    wrong = SensorAlarm("P-101", "HIGH", NOW, True, 5000, "severity beyond the scale")
    ahead = SensorAlarm("P-101", "HIGH", 2**62, True, 500, "no such year")
    good = SensorAlarm("P-101", "LOW", NOW, True, 500, "")
    written = await write(connection, await new_writer(connection), [alarms(1, wrong, ahead, good)])
    assert written.dead == 2
    letters = {decode_alarms(data)[0] for _, _, data in await dead(connection)}
    assert letters == {wrong, ahead}
    row = await fetch_one(connection, "SELECT array_agg(code) FROM sensor_alarm")
    assert row == (["LOW"],)


async def test_what_the_edge_could_not_read_is_kept_once_as_it_came(
    connection: Connection, points: dict[str, int]
) -> None:
    aside = (
        Rejected("hall", "plant/P-1\0/x", "not a number", b"\0\xff", NOW),
        Rejected("hall", "plant/P-2", "no such field", b"", 2**62),
    )
    record = Record(
        Kind.REJECTS, 0, BatchId("edge-1", "run", 1), Position("log", 1), encode_rejects(aside)
    )
    writer = await new_writer(connection)
    assert (await write(connection, writer, [record])).dead == 2
    await write(connection, writer, [record])
    cursor = await connection.execute(
        "SELECT kind, edge, source, address, reason, data, received_at, state FROM dead_letter"
        " ORDER BY id"
    )
    rows = await cursor.fetchall()
    assert rows[0] == (
        *("payload", "edge-1", "hall", "plant/P-1\ufffd/x", "not a number", b"\0\xff"),
        from_us(NOW),
        "open",
    )
    assert [row[3] for row in rows] == ["plant/P-1\ufffd/x", "plant/P-2"]


async def test_ticks_move_the_cursor_alone(connection: Connection, points: dict[str, int]) -> None:
    tick = Record(Kind.TICKS, 0, BatchId("conditions", "run", 1), Position("log", 7), b"123")
    await write(connection, await new_writer(connection), [tick])
    row = await fetch_one(connection, "SELECT sequence FROM log_cursor")
    assert row == (7,)
    assert await dead(connection) == []


async def test_a_writer_whose_cursor_was_moved_by_another_writes_nothing(
    connection: Connection, points: dict[str, int]
) -> None:
    first, second = await new_writer(connection), await new_writer(connection)
    await write(connection, first, [readings(1, [("P-101.temp", NOW, 1.0, 0)])])
    with pytest.raises(CursorMoved):
        await write(connection, second, [readings(1, [("P-101.vib", NOW, 1.0, 0)])])
    assert list(await stored(connection)) == [("P-101.temp", NOW)]


async def test_a_partition_has_one_owner_at_a_time(
    connection: Connection, database_url: str
) -> None:
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as rival:
        assert await store.try_lock_partition(rival, 0)
        assert not await store.try_lock_partition(connection, 0)
        assert await store.try_lock_partition(connection, 1)
    async with asyncio.timeout(5):
        while True:
            if await store.try_lock_partition(connection, 0):
                return
            await asyncio.sleep(0.02)
