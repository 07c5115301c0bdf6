"""Readings into files that an import reads again."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from config.clock import from_us, to_us
from config.database import Connection
from edge.reading import Quality, Reason, quality_code
from ingest.chunks import DAY_US, ensure_days
from ingest.errors import ExportRefused
from ingest.exporting import Exported, export_readings, quality_word
from ingest.importing.columns import read_qualities
from ingest.importing.layout import Reading
from ingest.importing.service import Mode, Plan, import_file
from ingest.points import load_points
from ingest.sorting import Span

pytestmark = pytest.mark.store

NOON = to_us(datetime(2026, 11, 23, 12, tzinfo=UTC))
ALL = Span(0, NOON + 10**12)


@pytest.fixture
async def readings(connection: Connection, points: dict[str, int]) -> list[tuple[object, ...]]:
    """Readings of two points, one of them bad and without a number."""
    rows = [
        (points["P-101.temp"], from_us(NOON), 20.123456789012345, 0),
        (points["P-101.temp"], from_us(NOON + 1), None, quality_code(Quality.BAD, Reason.GAP)),
        (points["P-102.temp"], from_us(NOON - 5), -1e-300, 0x3F),
    ]
    await ensure_days(connection, [NOON // DAY_US])
    await connection.cursor().executemany("INSERT INTO reading VALUES (%s, %s, %s, %s)", rows)
    return sorted(rows, key=repr)


async def export(
    connection: Connection, path: Path, start_us: int = 0, end_us: int = NOON + DAY_US
) -> Exported:
    points = await load_points(connection)
    return await export_readings(connection, path, points, start_us=start_us, end_us=end_us)


@pytest.mark.parametrize("name", ["a.csv", "a.parquet"])
async def test_what_is_exported_is_imported_bit_for_bit(
    connection: Connection,
    database_url: str,
    readings: list[tuple[object, ...]],
    tmp_path: Path,
    name: str,
) -> None:
    path = tmp_path / name
    assert await export(connection, path) == Exported(rows=3, points=2)
    await connection.execute("DELETE FROM reading")
    plan = Plan(path, Reading(), tmp_path / "rejects.csv", ALL)
    imported = await import_file(database_url, plan, mode=Mode.STORE)
    assert imported.progress.stored == 3
    cursor = await connection.execute("SELECT point_id, ts, value, quality FROM reading")
    assert sorted(await cursor.fetchall(), key=repr) == readings


@pytest.mark.usefixtures("readings")
async def test_the_span_leaves_out_its_start(connection: Connection, tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    await export(connection, path, start_us=NOON, end_us=NOON + 1)
    [row] = pq.read_table(path).to_pylist()
    assert (row["tag"], row["time"], row["quality"]) == ("P-101.temp", from_us(NOON + 1), "bad/gap")


async def test_a_file_of_no_readings_has_its_columns(
    connection: Connection, tmp_path: Path
) -> None:
    path = tmp_path / "a.csv"
    assert await export(connection, path) == Exported(rows=0, points=0)
    assert path.read_text() == '"time","tag","value","unit","quality"\n'


@pytest.mark.parametrize("name", ["a.xlsx", "missing/a.csv"])
async def test_a_file_that_cannot_be_written_is_refused_and_leaves_nothing(
    connection: Connection, tmp_path: Path, name: str
) -> None:
    with pytest.raises(ExportRefused, match=name):
        await export(connection, tmp_path / name)
    assert not list(os.scandir(tmp_path))


def test_every_quality_has_a_word_that_is_read_again() -> None:
    words = [quality_word(code) for code in range(192)]
    quality, wrong = read_qualities(pa.array(words))
    assert wrong.tolist() == []
    assert quality.tolist() == list(range(192))
