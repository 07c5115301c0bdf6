"""A block of a file as readings, and what of it cannot be one. Pure."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from edge.reading import Float64s, Int64s, Quality, ReadingBatch, UInt8s
from ingest.importing.columns import read_qualities, read_times, read_values
from ingest.importing.files import Block
from ingest.importing.layout import Layout, Long, Reading, Wide

_NO_NUMBER = "the value is no number"
_NO_VALUE = "there is no value"
_NO_QUALITY = "quality is good, uncertain or bad, with a reason like bad/range"


@dataclass(frozen=True, slots=True)
class Reject:
    """A reading of the file that cannot be taken, as it stood there, and why."""

    line: int
    time: str
    tag: str
    value: str
    quality: str
    problem: str


@dataclass(frozen=True, slots=True, eq=False)
class Chunk:
    """The readings of a block, the cell of the block that each came from, and the rejects."""

    readings: ReadingBatch
    row: npt.NDArray[np.intp]
    rejects: list[Reject]
    block: Block
    layout: Layout

    def reject(self, reading: int, problem: str) -> Reject:
        """One of the readings as a reject."""
        tag = self.readings.tags[int(self.readings.tag_index[reading])]
        return _reject(self.block, self.layout, int(self.row[reading]), tag, problem)


def read_block(block: Block, layout: Layout, reading: Reading) -> Chunk:
    """The readings of a block."""
    times = read_times(block.rows.column(layout.time), reading)
    bad_times = dict(times.problems)
    blank = _blank(block.rows)
    if isinstance(layout, Long):
        parts = _long(block, layout, reading)
    else:
        parts = _wide(block, layout, reading)
    chosen = _join(parts, times.us, set(bad_times), blank)
    rejects = [
        Reject(line, "", "", "", "", problem) for line, problem in sorted(block.broken.items())
    ]
    rejects += [
        _reject(block, layout, row, "", problem)
        for row, problem in sorted(bad_times.items())
        if row not in blank
    ]
    rejects += [
        _reject(block, layout, row, part.tag_at(row), problem)
        for part in parts
        for row, problem in sorted(part.problems.items())
        if row not in blank and row not in bad_times
    ]
    return Chunk(*chosen, rejects=rejects, block=block, layout=layout)


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """Readings of a block's rows: of one tag each row, or of one tag in all of them."""

    tags: tuple[str, ...]
    tag_index: npt.NDArray[np.int32]
    value: Float64s
    quality: UInt8s
    absent: npt.NDArray[np.intp]
    problems: dict[int, str]

    def tag_at(self, row: int) -> str:
        return self.tags[int(self.tag_index[row])]


def _long(block: Block, layout: Long, reading: Reading) -> list[_Part]:
    column = block.rows.column(layout.tag).cast(pa.string()).dictionary_encode()
    names = [(name or "").strip() for name in column.dictionary.to_pylist()] + [""]
    index = np.asarray(column.indices.fill_null(len(names) - 1)).astype(np.int32)
    values = read_values(block.rows.column(layout.value), reading)
    problems = dict.fromkeys(values.wrong.tolist(), _NO_NUMBER)
    quality = np.zeros(len(index), np.uint8)
    if layout.quality is not None:
        quality, wrong = read_qualities(block.rows.column(layout.quality))
        problems |= dict.fromkeys(wrong.tolist(), _NO_QUALITY)
    # A bad reading may have no number; any other without one says nothing.
    nothing = values.empty[quality[values.empty] < Quality.BAD]
    problems |= dict.fromkeys(nothing.tolist(), _NO_VALUE)
    tags = tuple(reading.tag_of(name) for name in names)
    absent = np.zeros(0, np.intp)
    return [_Part(tags, index, values.value, quality, absent, problems)]


def _wide(block: Block, layout: Wide, reading: Reading) -> list[_Part]:
    return [_column(block, name, tag, reading) for name, tag in layout.tag_of.items()]


def _column(block: Block, name: str, tag: str, reading: Reading) -> _Part:
    """One tag's column; an empty cell is no reading."""
    values = read_values(block.rows.column(name), reading)
    rows = len(block.rows)
    problems = dict.fromkeys(values.wrong.tolist(), _NO_NUMBER)
    index, quality = np.zeros(rows, np.int32), np.zeros(rows, np.uint8)
    return _Part((tag,), index, values.value, quality, values.empty, problems)


def _join(
    parts: list[_Part], us: Int64s, bad_times: set[int], blank: set[int]
) -> tuple[ReadingBatch, npt.NDArray[np.intp]]:
    """What is left of the parts as one batch, in the file's order of rows for each part."""
    batches, rows = [], []
    for part in parts:
        kept = np.ones(len(us), np.bool_)
        kept[part.absent] = False
        kept[[*part.problems, *bad_times, *blank]] = False
        row = np.flatnonzero(kept)
        batches.append(
            ReadingBatch(
                part.tags, part.tag_index[row], us[row], part.value[row], part.quality[row]
            )
        )
        rows.append(row)
    return ReadingBatch.concatenate(batches), np.concatenate(rows)


def _blank(rows: pa.RecordBatch) -> set[int]:
    """Rows of a text file in which nothing stands at all: empty lines."""
    blank = np.ones(len(rows), np.bool_)
    for column in rows.columns:
        if not pa.types.is_string(column.type):
            return set()
        blank &= np.asarray(pc.call_function("equal", [column, ""]).fill_null(fill_value=True))
        if not blank.any():
            return set()
    return set(np.flatnonzero(blank).tolist())


def _reject(block: Block, layout: Layout, row: int, tag: str, problem: str) -> Reject:
    cell: dict[str, Any] = {
        name: block.rows.column(name)[row].as_py() for name in _cells(layout, tag)
    }
    texts = {name: "" if value is None else str(value) for name, value in cell.items()}
    line = int(block.line[row])
    if isinstance(layout, Long):
        quality = texts[layout.quality] if layout.quality else ""
        said = texts[layout.time], texts[layout.tag], texts[layout.value], quality
        return Reject(line, *said, problem)
    value = next((texts[name] for name in texts if name != layout.time), "")
    return Reject(line, texts[layout.time], tag, value, "", problem)


def _cells(layout: Layout, tag: str) -> list[str]:
    """Names of the columns that a reject shows."""
    if isinstance(layout, Long):
        named = [layout.time, layout.tag, layout.value]
        return [*named, layout.quality] if layout.quality else named
    return [layout.time, *(name for name, of in layout.tag_of.items() if of == tag)][:2]
