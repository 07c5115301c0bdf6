"""Readings of points into a file, CSV or Parquet, in the layout that an import reads."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.csv as csv
import pyarrow.parquet as pq

from config.database import Connection
from edge.reading import Reason, UInt8s, split_quality
from ingest.errors import ExportRefused
from ingest.history.raw import raw
from ingest.history.series import Series

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ingest.point import Point

_ROWS_AT_ONCE = 200_000
SCHEMA = pa.schema(
    [
        pa.field("time", pa.timestamp("us", "UTC"), nullable=False),
        pa.field("tag", pa.dictionary(pa.int32(), pa.utf8()), nullable=False),
        pa.field("value", pa.float64()),
        pa.field("unit", pa.dictionary(pa.int32(), pa.utf8()), nullable=False),
        pa.field("quality", pa.dictionary(pa.int32(), pa.utf8()), nullable=False),
    ]
)
"""Columns of an exported file; the import passes over `unit`."""

Write = Callable[[pa.RecordBatch], None]


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written, and of how many points."""

    rows: int
    points: int


async def export_readings(
    connection: Connection,
    path: Path,
    points: Sequence["Point"],
    *,
    start_us: int,
    end_us: int,
    on_point: Callable[[], None] = lambda: None,
) -> Exported:
    """Write the readings in (start, end] by point and time; the name's ending says the form.

    The file takes its name when it is whole. What is stored meanwhile is not in it. `on_point` is
    called after each point. Raises `ExportRefused`.
    """
    rows, found = 0, 0
    with _writing(path) as write:
        # One snapshot for all of it.
        async with connection.transaction():
            await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            for point in points:
                before = rows
                async for series in _pieces(connection, point.id, start_us, end_us):
                    write(as_record(point, series))
                    rows += len(series)
                found += rows > before
                on_point()
    return Exported(rows, found)


def as_record(point: "Point", series: Series) -> pa.RecordBatch:
    """Readings of one point as rows of `SCHEMA`."""
    return pa.RecordBatch.from_arrays(
        [
            pa.array(series.ts, pa.timestamp("us", "UTC")),
            _constant(point.tag, len(series)),
            pa.array(series.value, mask=np.isnan(series.value)),
            _constant(point.unit, len(series)),
            _words(series.quality),
        ],
        schema=SCHEMA,
    )


def quality_word(code: int) -> str:
    """A quality byte as `good`, `uncertain/clock`, `bad/range`."""
    quality, reason = split_quality(code)
    if not isinstance(reason, Reason):
        return str(code)
    name = quality.name.lower()
    return name if reason is Reason.NONE else f"{name}/{reason.name.lower()}"


async def _pieces(
    connection: Connection, point_id: int, start_us: int, end_us: int
) -> AsyncIterator[Series]:
    while True:
        series = await raw(
            connection, point_id, start_us=start_us, end_us=end_us, limit=_ROWS_AT_ONCE
        )
        if len(series):
            yield series
            start_us = int(series.ts[-1])
        if len(series) < _ROWS_AT_ONCE:
            return


@contextmanager
def _writing(path: Path) -> "Iterator[Write]":
    """A writer of the form that the name's ending says; the file appears when the block ends well."""
    part = path.with_name(path.name + ".part")
    try:
        with _writer(path, part) as writer:
            yield writer.write_batch
        part.replace(path)
    except OSError as error:
        raise ExportRefused(f"{path}: {error.strerror or error}") from error
    finally:
        part.unlink(missing_ok=True)


def _writer(path: Path, part: Path) -> "csv.CSVWriter | pq.ParquetWriter":
    match path.suffix.lower():
        case ".csv":
            plain = pa.schema([field.with_type(_plain(field.type)) for field in SCHEMA])
            return csv.CSVWriter(str(part), plain)
        case ".parquet" | ".pq":
            return pq.ParquetWriter(str(part), SCHEMA, compression="zstd")
    raise ExportRefused(f"{path}: the name of the file has to end in .csv or .parquet")


def _plain(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _constant(text: str, rows: int) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(np.zeros(rows, np.int32), pa.array([text]))


def _words(quality: UInt8s) -> pa.DictionaryArray:
    codes, index = np.unique(quality, return_inverse=True)
    words = pa.array([quality_word(int(code)) for code in codes], pa.utf8())
    return pa.DictionaryArray.from_arrays(index.astype(np.int32), words)
