"""What could not be stored waits for someone, is put again exactly once, or is given up."""

import asyncio
from collections.abc import Sequence

import pytest

from config.clock import from_us, now_us, to_us
from config.database import Connection, connect, fetch_one, find_level
from config.log import BatchId, Kind, Position, Record
from config.migrate import load_migrations
from edge.reading import ReadingBatch, SensorAlarm
from edge.rejected import Rejected
from edge.wire import SourceRows, encode_alarms, encode_readings, encode_rejects
from ingest import store
from ingest.batch import LetterKind, open_record
from ingest.chunks import DAY_US
from ingest.column import accept_columns
from ingest.dead_letter_service import Retried, discard_dead_letter, retry_dead_letter
from ingest.dead_letters import (
    DeadLetter,
    LetterFilter,
    LetterState,
    count_dead_letters,
    find_dead_letters,
    find_retriable,
    get_dead_letter,
)
from ingest.errors import (
    DeadLetterMissing,
    DeadLetterSettled,
    DiscardReasonMissing,
    RetryRefused,
)
from ingest.letter_retention import keep_letters
from ingest.points import load_points
from ingest.settings import IngestSettings
from ingest.sorting import Span
from ingest.writer import Writer

pytestmark = pytest.mark.store

NOW = now_us()
SPAN = Span(NOW - 3650 * DAY_US, NOW + DAY_US)
LATER = Span(NOW - 3650 * DAY_US, NOW + 900 * DAY_US)
OURS = 9
INSERT_AS_BEFORE = """
INSERT INTO dead_letter (reader, partition, stream, sequence, batch, reason, rows, data)
VALUES ('ingest', 0, 'log', 1, 'edge-1:run:1', 'refused', %s, %s)
"""


async def test_letters_of_an_older_oilcan_are_told_apart(empty_database_url: str) -> None:
    connection = await connect(empty_database_url, autocommit=True)
    migrations = load_migrations(await find_level(connection))
    for migration in migrations:
        if migration.number < OURS:
            await connection.execute(migration.sql.encode())
    readings = encode_readings(ReadingBatch.from_rows([("P-1.severity", NOW, 1.0, 0)]))
    alarms = encode_alarms((SensorAlarm("P-1", "quality", NOW, True, 500, "tag value"),))
    for rows, data in ((1, readings), (1, alarms), (None, b""), (None, b"severity" * 99)):
        await connection.execute(INSERT_AS_BEFORE, [rows, data])
    await connection.execute(next(each.sql for each in migrations if each.number == OURS).encode())
    cursor = await connection.execute("SELECT kind, edge, state FROM dead_letter ORDER BY id")
    assert await cursor.fetchall() == [
        ("readings", "edge-1", "open"),
        ("alarms", "edge-1", "open"),
        ("record", "edge-1", "open"),
        ("record", "edge-1", "open"),
    ]
    await connection.close()


Row = tuple[str, int, float, int]


def readings(sequence: int, *rows: Row, sources: Sequence[SourceRows] = ()) -> Record:
    data = encode_readings(ReadingBatch.from_rows(rows), sources)
    return record(Kind.READINGS, sequence, data)


def record(kind: Kind, sequence: int, data: bytes) -> Record:
    return Record(kind, 0, BatchId("edge-1", "run", sequence), Position("log", sequence), data)


def payload(sequence: int, count: int = 1, source: str = "hall") -> Record:
    aside = [
        Rejected(source, f"plant/{sequence}/{n}", "no number", b"{", NOW) for n in range(count)
    ]
    return record(Kind.REJECTS, sequence, encode_rejects(aside))


async def write(connection: Connection, records: Sequence[Record], span: Span = SPAN) -> None:
    """Write records as a writer does that starts at the cursor."""
    accept_columns(connection)
    async with connection.transaction():
        cursor = await store.lock_cursor(connection, "ingest", 0)
    writer = Writer(connection, reader="ingest", partition=0, cursor=cursor)
    points = {point.tag: point for point in await load_points(connection)}
    await writer.write(await writer.prepare([open_record(one) for one in records], points, span))


async def stored(connection: Connection) -> dict[tuple[str, int], float | None]:
    cursor = await connection.execute(
        "SELECT p.tag, r.ts, r.value FROM reading r JOIN point p ON p.id = r.point_id"
    )
    rows = await cursor.fetchall()
    assert len({(tag, ts) for tag, ts, _ in rows}) == len(rows)
    return {(tag, to_us(ts)): value for tag, ts, value in rows}


async def retry(connection: Connection, letter_id: int, span: Span = SPAN) -> Retried:
    async with connection.transaction():
        return await retry_dead_letter(connection, letter_id, by="kim", span=span)


async def only_letter(connection: Connection) -> DeadLetter:
    [letter] = await find_dead_letters(connection)
    return letter


async def test_a_letter_is_stored_once_the_reason_is_gone(
    connection: Connection, points: dict[str, int]
) -> None:
    await connection.execute("ALTER TABLE reading ADD CONSTRAINT lucky CHECK (value <> 13)")
    await write(connection, [readings(1, ("P-101.temp", NOW, 13.0, 0))])
    letter = await only_letter(connection)
    with pytest.raises(RetryRefused, match="lucky"):
        await retry(connection, letter.id)
    assert (await only_letter(connection)).state is LetterState.OPEN
    await connection.execute("ALTER TABLE reading DROP CONSTRAINT lucky")
    assert await retry(connection, letter.id) == Retried(1, 0, 0)
    assert await stored(connection) == {("P-101.temp", NOW): 13.0}
    settled = await only_letter(connection)
    assert (settled.state, settled.settled_by) == (LetterState.RETRIED, "kim")
    assert settled.settled_note == "1 stored, 0 there already, 0 without a point"
    assert await count_dead_letters(connection) == 0


async def test_a_letter_is_retried_once(connection: Connection, points: dict[str, int]) -> None:
    await write(connection, [readings(1, ("P-101.temp", NOW + 5 * DAY_US, 1.0, 0))])
    letter = await only_letter(connection)
    await retry(connection, letter.id, LATER)
    with pytest.raises(DeadLetterSettled, match="retried by kim"):
        await retry(connection, letter.id, LATER)
    with pytest.raises(DeadLetterMissing):
        await retry(connection, letter.id + 1)


async def test_rows_outside_the_span_keep_the_whole_letter_open(
    connection: Connection, points: dict[str, int]
) -> None:
    ahead = [("P-101.temp", NOW + days * DAY_US, 1.0, 0) for days in (2, 4)]
    await write(connection, [readings(1, *ahead)])
    letter = await only_letter(connection)
    with pytest.raises(RetryRefused, match="1 lie too far"):
        await retry(connection, letter.id, Span(NOW, NOW + 3 * DAY_US))
    assert await stored(connection) == {}


async def test_what_is_there_already_stays_as_it_is(
    connection: Connection, points: dict[str, int]
) -> None:
    await write(connection, [readings(1, ("P-101.temp", NOW + 2 * DAY_US, 1.0, 0))])
    await write(connection, [readings(2, ("P-101.temp", NOW + 2 * DAY_US, 7.0, 0))], LATER)
    letter = await only_letter(connection)
    assert await retry(connection, letter.id, LATER) == Retried(0, 1, 0)
    assert await stored(connection) == {("P-101.temp", NOW + 2 * DAY_US): 7.0}


async def test_a_retried_row_is_judged_and_a_tag_without_a_point_kept(
    connection: Connection, points: dict[str, int]
) -> None:
    time = NOW + 2 * DAY_US
    await write(connection, [readings(1, ("P-101.vib", time, 400.0, 0), ("X-1.a", time, 1.0, 0))])
    letter = await only_letter(connection)
    assert await retry(connection, letter.id, LATER) == Retried(1, 0, 1)
    row = await fetch_one(connection, "SELECT value, quality FROM reading")
    assert row == (400.0, 130)
    row = await fetch_one(connection, "SELECT tag, edge, count FROM unknown_tag")
    assert row == ("X-1.a", "edge-1", 1)


async def test_rows_that_are_retried_are_still_those_of_their_sources(
    connection: Connection, points: dict[str, int]
) -> None:
    time = NOW + 2 * DAY_US
    rows = [("X-1.a", time, 1.0, 0), ("X-2.a", time, 1.0, 0), ("P-101.temp", NOW, 1.0, 0)]
    late = [("X-2.b", time, 1.0, 0), ("X-2.b", time + 1, 1.0, 0), ("X-3.a", time, 1.0, 0)]
    from_three = [("hall", 1), ("press", 4), ("yard", 1)]
    await write(connection, [readings(1, *rows, *late, sources=from_three)])
    letter = await only_letter(connection)
    assert await retry(connection, letter.id, LATER) == Retried(0, 0, 5)
    cursor = await connection.execute("SELECT tag, source, count FROM unknown_tag ORDER BY tag")
    assert await cursor.fetchall() == [
        ("X-1.a", "hall", 1),
        ("X-2.a", "press", 1),
        ("X-2.b", "press", 2),
        ("X-3.a", "yard", 1),
    ]


async def test_alarms_are_retried_too(connection: Connection, points: dict[str, int]) -> None:
    alarm = SensorAlarm("P-101", "HIGH", NOW + 5 * DAY_US, True, 800, "hot")
    await write(connection, [record(Kind.ALARMS, 1, encode_alarms((alarm,)))])
    letter = await only_letter(connection)
    assert letter.kind is LetterKind.ALARMS
    with pytest.raises(RetryRefused, match="too far in the future"):
        await retry(connection, letter.id)
    await retry(connection, letter.id, LATER)
    row = await fetch_one(connection, "SELECT asset_tag, code, ts FROM sensor_alarm")
    assert row == ("P-101", "HIGH", from_us(alarm.ts))


async def test_an_alarm_that_is_there_already_does_not_count_as_stored(
    connection: Connection, points: dict[str, int]
) -> None:
    high = SensorAlarm("P-101", "HIGH", NOW + 5 * DAY_US, True, 800, "hot")
    await write(connection, [record(Kind.ALARMS, 1, encode_alarms((high,)))])
    letter = await only_letter(connection)
    await write(connection, [record(Kind.ALARMS, 2, encode_alarms((high,)))], LATER)
    assert await retry(connection, letter.id, LATER) == Retried(0, 1, 0)


async def test_what_nobody_could_read_cannot_be_retried_and_is_told_why(
    connection: Connection, points: dict[str, int]
) -> None:
    await write(connection, [payload(1), record(Kind.READINGS, 2, b"nonsense")])
    letters = await find_dead_letters(connection)
    aside, broken = sorted(letters, key=lambda letter: letter.kind)
    with pytest.raises(RetryRefused, match="correct the source's file"):
        await retry(connection, aside.id)
    with pytest.raises(RetryRefused, match="no batch that this version can read"):
        await retry(connection, broken.id)


async def test_a_record_that_this_version_can_read_is_retried(
    connection: Connection, points: dict[str, int]
) -> None:
    await write(connection, [record(Kind.READINGS, 1, b"nonsense")])
    data = encode_readings(ReadingBatch.from_rows([("P-101.temp", NOW, 1.0, 0)]))
    await connection.execute("UPDATE dead_letter SET data = %s", [data])
    assert await retry(connection, (await only_letter(connection)).id) == Retried(1, 0, 0)


async def test_a_letter_is_given_up_with_a_reason_and_by_someone(
    connection: Connection, points: dict[str, int]
) -> None:
    await write(connection, [payload(1)])
    letter = await only_letter(connection)
    with pytest.raises(DiscardReasonMissing):
        await discard_dead_letter(connection, letter.id, by="kim", reason=" ")
    await discard_dead_letter(connection, letter.id, by="kim", reason="commissioning")
    settled, data = await get_dead_letter(connection, letter.id)
    assert (settled.state, settled.settled_by) == (LetterState.DISCARDED, "kim")
    assert (settled.settled_note, data) == ("commissioning", b"{")
    with pytest.raises(DeadLetterSettled, match="discarded by kim"):
        await discard_dead_letter(connection, letter.id, by="max", reason="me too")


async def test_a_killed_retry_leaves_neither_rows_nor_state(
    connection: Connection, points: dict[str, int]
) -> None:
    await write(connection, [readings(1, ("P-101.temp", NOW + 2 * DAY_US, 1.0, 0))])
    letter = await only_letter(connection)
    async with connection.transaction(force_rollback=True):
        await retry_dead_letter(connection, letter.id, by="kim", span=LATER)
    assert await stored(connection) == {}
    assert await retry(connection, letter.id, LATER) == Retried(1, 0, 0)


async def test_two_who_retry_at_once_store_it_once(
    connection: Connection, points: dict[str, int], database_url: str
) -> None:
    await write(connection, [readings(1, ("P-101.temp", NOW + 2 * DAY_US, 1.0, 0))])
    letter = await only_letter(connection)
    others = [await connect(database_url, autocommit=True) for _ in range(3)]
    results = await asyncio.gather(
        *(retry(other, letter.id, LATER) for other in others), return_exceptions=True
    )
    assert results.count(Retried(1, 0, 0)) == 1
    assert sum(isinstance(result, DeadLetterSettled) for result in results) == 2
    for other in others:
        await other.close()


async def test_the_writer_goes_on_after_a_retry_that_overtook_it(
    connection: Connection, points: dict[str, int]
) -> None:
    await write(connection, [readings(1, ("P-101.temp", NOW + 2 * DAY_US, 1.0, 0))])
    accept_columns(connection)
    async with connection.transaction():
        cursor = await store.lock_cursor(connection, "ingest", 0)
    writer = Writer(connection, reader="ingest", partition=0, cursor=cursor)
    known = {point.tag: point for point in await load_points(connection)}
    first = await writer.prepare(
        [open_record(readings(2, ("P-101.temp", NOW, 2.0, 0)))], known, LATER
    )
    await writer.write(first)
    await retry(connection, (await only_letter(connection)).id, LATER)
    again = readings(3, ("P-101.temp", NOW + 2 * DAY_US, 9.0, 0), ("P-101.temp", NOW + 1, 3.0, 0))
    await writer.write(await writer.prepare([open_record(again)], known, LATER))
    assert await stored(connection) == {
        ("P-101.temp", NOW): 2.0,
        ("P-101.temp", NOW + 1): 3.0,
        ("P-101.temp", NOW + 2 * DAY_US): 1.0,
    }


async def test_letters_are_found_by_what_they_are(
    connection: Connection, points: dict[str, int]
) -> None:
    ahead = readings(1, ("P-101.temp", NOW + 5 * DAY_US, 1.0, 0))
    await write(connection, [ahead, payload(2), payload(3, source="yard")])
    found = await find_dead_letters(connection, LetterFilter(source="yard"))
    assert [letter.address for letter in found] == ["plant/3/0"]
    found = await find_dead_letters(connection, LetterFilter(kind=LetterKind.READINGS))
    assert [letter.rows for letter in found] == [1]
    assert await find_dead_letters(connection, LetterFilter(state=LetterState.RETRIED)) == []
    assert await find_retriable(connection, LetterFilter()) == [found[0].id]
    assert await find_retriable(connection, LetterFilter(), after=found[0].id) == []


async def test_what_may_still_be_stored_is_kept_longer_than_what_only_tells(
    connection: Connection, points: dict[str, int]
) -> None:
    ahead = readings(1, ("P-101.temp", NOW + 5 * DAY_US, 1.0, 0))
    await write(connection, [ahead, payload(2), payload(3)])
    settings = IngestSettings(dead_letter_days=10)

    async def kinds_on(day: int) -> list[str]:
        await keep_letters(connection, settings, now_us=NOW + day * DAY_US, retention_days=100)
        return sorted(letter.kind for letter in await find_dead_letters(connection))

    assert await kinds_on(9) == ["payload", "payload", "readings"]
    assert await kinds_on(11) == ["readings"]
    assert await kinds_on(99) == ["readings"]
    assert await kinds_on(101) == []


async def test_one_source_that_floods_keeps_its_newest_and_none_of_anothers_go(
    connection: Connection, points: dict[str, int]
) -> None:
    await write(connection, [payload(1, source="yard"), payload(2, 9), payload(3, 1)])
    settings = IngestSettings(dead_letter_payloads=4)
    await keep_letters(connection, settings, now_us=NOW, retention_days=100)
    found = [letter.address for letter in await find_dead_letters(connection)]
    assert found == ["plant/3/0", "plant/2/8", "plant/2/7", "plant/2/6", "plant/1/0"]
