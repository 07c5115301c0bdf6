"""Open a file of readings and give its rows a block at a time, each with the line it stands on."""

import hashlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as csv
import pyarrow.parquet as pq

from edge.reading import Int64s
from ingest.errors import ImportRefused

_BLOCK_BYTES = 4 * 1024**2
_BLOCK_CELLS = 200_000
_ENCODING_MARK = "\ufeff"


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Some rows of a file: `line[i]` is where row i stands; `broken` has rows of another width."""

    rows: pa.RecordBatch
    line: Int64s
    broken: dict[int, str]
    last_line: int


@dataclass(slots=True, eq=False)
class ReadingFile:
    """An open file of readings. `lines` count from 1, a CSV file's header included."""

    path: Path
    columns: list[str]
    _blocks: Iterator[Block] = field(repr=False)
    _raw: pa.NativeFile = field(repr=False)
    size: int = 0

    def blocks(self) -> Iterator[Block]:
        """The rows, once. Raises `ImportRefused` where the file is damaged."""
        try:
            yield from self._blocks
        except (pa.ArrowException, OSError) as error:
            raise ImportRefused(f"{self.path}: {error}") from error

    @property
    def bytes_read(self) -> int:
        """How far the file has been read, for showing progress."""
        with suppress(ValueError, OSError):
            return int(self._raw.tell())
        return self.size


def open_reading_file(path: Path, *, delimiter: str = ",") -> ReadingFile:
    """Open a CSV file, also one packed by gzip, or a Parquet file. Raises `ImportRefused`."""
    try:
        raw = pa.OSFile(str(path))
        if path.suffix.lower() in (".parquet", ".pq"):
            file = pq.ParquetFile(raw)
            names = list(file.schema_arrow.names)
            return ReadingFile(path, names, _parquet_blocks(file), raw, path.stat().st_size)
        return _open_csv(path, raw, delimiter)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise ImportRefused(f"{path}: {error}") from error


def digest_of(path: Path, manner: str) -> str:
    """SHA-256 of a file's content and of the manner in which it is read. Raises `ImportRefused`."""
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256")
    except OSError as error:
        raise ImportRefused(f"{path}: {error.strerror}") from error
    digest.update(manner.encode())
    return digest.hexdigest()


def _open_csv(path: Path, raw: pa.NativeFile, delimiter: str) -> ReadingFile:
    names = _header(path, delimiter)
    broken: dict[int, str] = {}

    def set_aside(row: csv.InvalidRow) -> str:
        said = f"{row.expected_columns} columns are expected, there are {row.actual_columns}"
        broken[row.number] = f"{said}: {row.text[:200]}"
        return "skip"

    packed = path.suffix.lower() == ".gz"
    reader = csv.open_csv(
        pa.CompressedInputStream(raw, "gzip") if packed else raw,
        # Rows have numbers only where one thread reads.
        read_options=csv.ReadOptions(
            use_threads=False, block_size=_BLOCK_BYTES, column_names=names, skip_rows=1
        ),
        parse_options=csv.ParseOptions(
            delimiter=delimiter, invalid_row_handler=set_aside, ignore_empty_lines=False
        ),
        convert_options=csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
        ),
    )
    return ReadingFile(path, names, _csv_blocks(reader, broken), raw, path.stat().st_size)


def _header(path: Path, delimiter: str) -> list[str]:
    """Names of a CSV file's columns, read by themselves: pyarrow would take any first line."""
    with pa.input_stream(str(path), compression="detect") as stream:
        line = stream.read(1024**2).split(b"\n", 1)[0].decode("utf-8")
    names = [name.strip().strip('"') for name in line.lstrip(_ENCODING_MARK).split(delimiter)]
    if names == [""]:
        raise ImportRefused(f"{path}: there is nothing in it; the first line names the columns")
    if len(names) == 1:
        raise ImportRefused(
            f"{path}:1: there is one column, {names[0]!r}: say what parts columns with --delimiter"
        )
    return names


def _csv_blocks(reader: csv.CSVStreamingReader, broken: dict[int, str]) -> Iterator[Block]:
    before = 1
    for rows in reader:
        line = _lines(before, len(rows), broken)
        last = int(line[-1]) if len(line) else before
        while last + 1 in broken:
            last += 1
        mine = {number: text for number, text in broken.items() if before < number <= last}
        yield Block(rows, line, mine, last)
        before = last


def _lines(before: int, count: int, broken: dict[int, str]) -> Int64s:
    """The next `count` lines behind `before` that are not broken."""
    skipped = sum(1 for number in broken if number > before)
    lines = np.arange(before + 1, before + 1 + count + skipped, dtype=np.int64)
    if skipped:
        lines = lines[~np.isin(lines, list(broken))]
    return lines[:count]


def _parquet_blocks(file: pq.ParquetFile) -> Iterator[Block]:
    before = 0
    size = max(1, _BLOCK_CELLS // max(1, len(file.schema_arrow.names) - 1))
    for rows in file.iter_batches(batch_size=size):
        line = np.arange(before + 1, before + 1 + len(rows), dtype=np.int64)
        before += len(rows)
        yield Block(rows, line, {}, before)
