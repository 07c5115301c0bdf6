"""Files of readings into the store."""

from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from config.clock import from_us, to_us
from config.database import Connection, connect
from ingest.errors import ImportRefused
from ingest.importing.files import digest_of
from ingest.importing.layout import Reading
from ingest.importing.service import Imported, Mode, Plan, import_file
from ingest.sorting import Span

pytestmark = [pytest.mark.store, pytest.mark.usefixtures("points")]

DAY = to_us(datetime(2026, 11, 23, tzinfo=UTC))
SPAN = Span(to_us(datetime(2016, 1, 1, tzinfo=UTC)), to_us(datetime(2027, 1, 1, tzinfo=UTC)))
LONG = """time,tag,value,quality
2026-11-23T00:00:00Z,P-101.temp,20.5,
2026-11-23T00:00:01Z,P-101.vib,400,good
2026-11-23T00:00:02Z,P-102.temp,,bad/device
"""


def written(folder: Path, text: str, name: str = "a.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


async def run(
    url: str, path: Path, reading: Reading | None = None, mode: Mode = Mode.STORE
) -> Imported:
    plan = Plan(path, reading or Reading(), path.with_suffix(".rejects.csv"), SPAN)
    return await import_file(url, plan, mode=mode)


async def stored(connection: Connection) -> list[tuple[str, int, float | None, int]]:
    cursor = await connection.execute(
        "SELECT p.tag, r.ts, r.value, r.quality FROM reading r JOIN point p ON p.id = r.point_id"
        " ORDER BY r.ts, p.tag"
    )
    return [
        (tag, to_us(ts) - DAY, value, quality)
        for tag, ts, value, quality in await cursor.fetchall()
    ]


async def test_a_long_file_is_stored_and_judged(
    connection: Connection, database_url: str, tmp_path: Path
) -> None:
    imported = await run(database_url, written(tmp_path, LONG))
    assert await stored(connection) == [
        ("P-101.temp", 0, 20.5, 0),
        ("P-101.vib", 1_000_000, 400.0, 130),
        ("P-102.temp", 2_000_000, None, 131),
    ]
    assert (imported.progress.stored, imported.progress.rejected) == (3, 0)
    assert imported.bounds == (DAY, DAY + 2_000_000)
    assert imported.rejects is None


async def test_a_wide_file_is_stored(
    connection: Connection, database_url: str, tmp_path: Path
) -> None:
    text = "time,T1,P-101.vib\n2026-11-23 01:00,20,\n2026-11-23 02:00,,3\n"
    reading = Reading(time_zone="Europe/Berlin", tags={"T1": "P-101.temp"})
    imported = await run(database_url, written(tmp_path, text), reading)
    assert [row[:3] for row in await stored(connection)] == [
        ("P-101.temp", 0, 20.0),
        ("P-101.vib", 3_600_000_000, 3.0),
    ]
    assert imported.points == 2


async def test_a_parquet_file_is_stored(
    connection: Connection, database_url: str, tmp_path: Path
) -> None:
    path = tmp_path / "a.parquet"
    table = {
        "time": pa.array([DAY, DAY + 1], pa.timestamp("us", "UTC")),
        "tag": pa.array(["P-101.temp", "P-101.temp"]).dictionary_encode(),
        "value": pa.array([1, 2], pa.int32()),
    }
    pq.write_table(pa.table(table), path)
    await run(database_url, path)
    assert await stored(connection) == [("P-101.temp", 0, 1.0, 0), ("P-101.temp", 1, 2.0, 0)]


async def test_what_cannot_be_taken_is_kept_and_can_be_corrected(
    connection: Connection, database_url: str, tmp_path: Path
) -> None:
    text = (
        "time,tag,value\n"
        "2026-11-23T00:00:00Z,P-101.temp,20\n"
        "2026-11-23T00:00:01Z,P-999.temp,21\n"
        "noon,P-101.temp,22\n"
        "2026-11-23T00:00:03Z,P-101.temp,warm\n"
        "2026-11-23T00:00:04Z\n"
        "1999-01-01T00:00:00Z,P-101.temp,23\n"
        "2199-01-01T00:00:00Z,P-101.temp,24\n"
        "2026-11-23T00:00:05Z,P-101.temp,25\n"
    )
    imported = await run(database_url, written(tmp_path, text))
    assert (imported.progress.stored, imported.progress.rejected) == (2, 6)
    assert imported.rejects is not None
    rejects = imported.rejects.read_text(encoding="utf-8")
    assert rejects.splitlines()[:3] == [
        "time,tag,value,quality,line,problem",
        "2026-11-23T00:00:01Z,P-999.temp,21,,3,there is no such point",
        "noon,P-101.temp,22,,4,it is no time like 2026-11-23T10:00:00+01:00",
    ]
    assert ",8,too far in the future" in rejects
    corrected = rejects.replace("P-999", "P-102").replace("warm", "22")
    again = await run(database_url, written(tmp_path, corrected, "corrected.csv"))
    assert (again.progress.stored, again.progress.rejected) == (2, 4)


async def test_what_is_there_already_stays_as_it_is(
    connection: Connection, database_url: str, tmp_path: Path
) -> None:
    await run(database_url, written(tmp_path, LONG))
    more = LONG.replace("20.5", "99") + "2026-11-23T00:00:00Z,P-102.temp,7,\n"
    imported = await run(database_url, written(tmp_path, more, "b.csv"))
    assert (imported.progress.stored, imported.progress.known) == (1, 3)
    assert ("P-101.temp", 0, 20.5, 0) in await stored(connection)


async def test_a_file_is_taken_in_once(
    connection: Connection, database_url: str, tmp_path: Path
) -> None:
    await run(database_url, written(tmp_path, LONG))
    await connection.execute("DELETE FROM reading")
    imported = await run(database_url, written(tmp_path, LONG, "renamed.csv"))
    assert imported.again
    assert await stored(connection) == []


async def test_a_dry_run_stores_nothing_and_shows_the_rejects(
    connection: Connection, database_url: str, tmp_path: Path
) -> None:
    text = LONG + "noon,P-101.temp,1,\n"
    imported = await run(database_url, written(tmp_path, text), mode=Mode.DRY_RUN)
    assert await stored(connection) == []
    assert (imported.progress.stored, imported.progress.rejected) == (3, 1)
    assert not (await run(database_url, written(tmp_path, text))).again


async def test_a_column_of_no_point_refuses_the_file(
    connection: Connection, database_url: str, tmp_path: Path
) -> None:
    path = written(tmp_path, "time,P-101.tmep\n2026-11-23T00:00:00Z,1\n")
    with pytest.raises(ImportRefused, match=r"a.csv:1: .*'P-101.tmep': Did you mean 'P-101.temp'"):
        await run(database_url, path)


async def test_readings_scattered_over_years_are_stored(
    connection: Connection, database_url: str, tmp_path: Path
) -> None:
    times = [DAY - day * 86_400_000_000 for day in range(0, 1_500, 10)]
    rows = [f"{from_us(us).isoformat()},P-101.temp,{n}" for n, us in enumerate(times)]
    imported = await run(database_url, written(tmp_path, "time,tag,value\n" + "\n".join(rows)))
    assert imported.progress.stored == 150
    assert len(await stored(connection)) == 150


async def test_a_broken_import_goes_on_where_it_stopped(
    connection: Connection, database_url: str, tmp_path: Path
) -> None:
    rows = [
        f"{from_us(DAY + n * 1_000_000).isoformat()},{'P-101.temp' if n % 40_000 else 'X.y'},{n}"
        for n in range(160_000)
    ]
    path = written(tmp_path, "time,tag,value\n" + "\n".join(rows))
    plan = Plan(path, Reading(), tmp_path / "rejects.csv", SPAN)

    def break_off(_read: int, _size: int) -> None:
        raise psycopg.OperationalError("the line was cut")

    with pytest.raises(psycopg.OperationalError):
        await import_file(database_url, plan, mode=Mode.STORE, on_bytes=break_off)
    half = len(await stored(connection))
    assert 0 < half < 159_996
    with plan.rejects.open("a") as file:
        file.write("what a run wrote before it was killed\n")
    imported = await import_file(database_url, plan, mode=Mode.STORE)
    assert (imported.progress.stored, imported.progress.known) == (159_996, 0)
    assert len(await stored(connection)) == 159_996
    rejected = plan.rejects.read_text().splitlines()
    assert [row.split(",")[4] for row in rejected[1:]] == ["2", "40002", "80002", "120002"]


async def test_two_imports_of_one_file_do_not_meet(
    connection: Connection, database_url: str, tmp_path: Path
) -> None:
    path = written(tmp_path, LONG)
    plan = Plan(path, Reading(), tmp_path / "rejects.csv", SPAN)
    lock = "SELECT pg_advisory_lock(hashtextextended('import ' || %s, 0))"
    async with await connect(database_url) as other:
        await other.execute(lock, [digest_of(path, plan.reading.manner)])
        with pytest.raises(ImportRefused, match="by another process"):
            await import_file(database_url, plan, mode=Mode.STORE)
