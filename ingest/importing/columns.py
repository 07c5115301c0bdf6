"""Columns of a file as times, values and qualities; what cannot be read is named, not guessed. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from edge.reading import Float64s, Int64s, Quality, Reason, UInt8s, quality_code
from ingest.importing.layout import Reading, TimeUnit

Numbers = npt.NDArray[np.intp]

_PER_SECOND = {
    TimeUnit.SECONDS: 1,
    TimeUnit.MILLISECONDS: 1_000,
    TimeUnit.MICROSECONDS: 1_000_000,
    TimeUnit.NANOSECONDS: 1_000_000_000,
}
_ZONED = pc.MatchSubstringOptions(r"(?i)(z|[+-]\d{2}(:?\d{2})?)\s*$")
# Far beyond what is stored, and far from what int64 microseconds hold.
_MOST_SECONDS = 1e12


@dataclass(frozen=True, slots=True, eq=False)
class Times:
    """Times in µs since 1970, and why those that cannot be read could not be, by row."""

    us: Int64s
    problems: dict[int, str]


@dataclass(frozen=True, slots=True, eq=False)
class Values:
    """Numbers, NaN where there is none; rows that are empty or say NaN, and rows that are no numbers."""

    value: Float64s
    empty: Numbers
    wrong: Numbers


def read_times(column: pa.Array, reading: Reading) -> Times:
    """Times of a column of texts, numbers or timestamps."""
    if pa.types.is_timestamp(column.type):
        return _stamps(column, reading)
    if reading.time_unit is not None:
        return _counted(column, reading.time_unit)
    if not _is_text(column.type):
        reason = f"{column.type} says no time: give the unit of the number with --time-unit"
        return Times(np.zeros(len(column), np.int64), dict.fromkeys(range(len(column)), reason))
    return _texts(_trimmed(column), reading)


def read_values(column: pa.Array, reading: Reading) -> Values:
    """Numbers of a column of texts, numbers or booleans."""
    if not _is_text(column.type):
        numbers = _floats(column.cast(pa.float64(), safe=False))
        return Values(numbers, np.flatnonzero(np.isnan(numbers)), np.zeros(0, np.intp))
    text = _trimmed(column)
    if reading.decimal != ".":
        text = pc.call_function(
            "replace_substring", [text], pc.ReplaceSubstringOptions(reading.decimal, ".")
        )
    empty = _missing(text) | np.asarray(
        pc.call_function("equal", [text, ""]).fill_null(fill_value=True)
    )
    text = pc.call_function("if_else", [pa.array(empty), pa.scalar(None, pa.string()), text])
    numbers, wrong = lenient(text, lambda some: _floats(some.cast(pa.float64())))
    return Values(numbers, np.flatnonzero(np.isnan(numbers)), wrong)


def read_qualities(column: pa.Array) -> tuple[UInt8s, Numbers]:
    """Quality bytes of words like `good` and `bad/range`, or of numbers; rows that are neither."""
    text = column.cast(pa.string()).dictionary_encode()
    codes = [_quality(word or "") for word in text.dictionary.to_pylist()]
    table = np.array([-1 if code is None else code for code in codes] + [0], np.int16)
    index = np.asarray(text.indices.fill_null(len(codes)))
    found = table[index]
    return np.maximum(found, 0).astype(np.uint8), np.flatnonzero(found < 0)


def lenient(
    column: pa.Array, convert: Callable[[pa.Array], npt.NDArray[Any]]
) -> tuple[npt.NDArray[Any], Numbers]:
    """Convert a column by halves until only what cannot be converted is left out, as zeros.

    Returns the numbers, and the rows that are left out.
    """
    try:
        return convert(column), np.zeros(0, np.intp)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        if len(column) == 1:
            return np.zeros(1, np.int64), np.zeros(1, np.intp)
    half = len(column) // 2
    first, wrong = lenient(column[:half], convert)
    second, more = lenient(column[half:], convert)
    return np.concatenate([first, second]), np.concatenate([wrong, more + half])


def _texts(text: pa.Array, reading: Reading) -> Times:
    """ISO 8601, with an offset or in the zone that the person named."""
    zoned = np.asarray(
        pc.call_function("match_substring_regex", [text], _ZONED).fill_null(fill_value=False)
    )
    if zoned.all():
        return _zoned(text)
    if not zoned.any():
        return _naive(text, reading)
    us = np.zeros(len(text), np.int64)
    problems: dict[int, str] = {}
    for mask, times in (
        (zoned, _zoned(text.filter(pa.array(zoned)))),
        (~zoned, _naive(text.filter(pa.array(~zoned)), reading)),
    ):
        rows = np.flatnonzero(mask)
        us[rows] = times.us
        problems |= {int(rows[row]): problem for row, problem in times.problems.items()}
    return Times(us, problems)


def _zoned(text: pa.Array) -> Times:
    us, wrong = lenient(text, lambda some: _micros(some.cast(pa.timestamp("us", "UTC"))))
    return Times(us, dict.fromkeys(wrong.tolist(), _NO_TIME))


def _naive(text: pa.Array, reading: Reading) -> Times:
    local, wrong = lenient(text, lambda some: _micros(some.cast(pa.timestamp("us"))))
    problems = dict.fromkeys(wrong.tolist(), _NO_TIME)
    times = _stamps(pa.array(local, pa.timestamp("us")), reading)
    return Times(times.us, times.problems | problems)


def _stamps(column: pa.Array, reading: Reading) -> Times:
    """Timestamps; those without a zone are in the one that the person named."""
    missing = dict.fromkeys(np.flatnonzero(_missing(column)).tolist(), _NO_TIME)
    if column.type.tz is not None:
        return Times(_micros(column.cast(pa.timestamp("us", "UTC"), safe=False)), missing)
    if reading.time_zone is None:
        reason = "the time names no zone: add its offset, or give --time-zone"
        problems = dict.fromkeys(range(len(column)), reason) | missing
        return Times(np.zeros(len(column), np.int64), problems)
    zone = pc.AssumeTimezoneOptions(reading.time_zone)
    us, wrong = lenient(
        column.cast(pa.timestamp("us"), safe=False),
        lambda some: _micros(pc.call_function("assume_timezone", [some], zone)),
    )
    reason = (
        f"that time is not there, or there twice, where the clocks of {reading.time_zone} change"
    )
    return Times(us, dict.fromkeys(wrong.tolist(), reason) | missing)


def _counted(column: pa.Array, unit: TimeUnit) -> Times:
    """Numbers of a unit since 1970; whole ones keep every digit."""
    if _is_text(column.type):
        column = _trimmed(column)
    whole, broken = lenient(column, lambda some: _whole(some, _PER_SECOND[unit]))
    problems = dict.fromkeys(broken.tolist(), f"it is no number of {unit} since 1970")
    return Times(whole.astype(np.int64), problems)


def _whole(column: pa.Array, per_second: int) -> Int64s:
    if column.null_count:
        raise pa.ArrowInvalid("no time")
    try:
        numbers = np.asarray(column.cast(pa.int64()))
    except pa.ArrowInvalid:
        seconds = np.asarray(column.cast(pa.float64())) / per_second
        if not (np.abs(seconds) < _MOST_SECONDS).all():
            raise
        return np.round(seconds * 1e6).astype(np.int64)
    if (np.abs(numbers // per_second) > _MOST_SECONDS).any():
        raise pa.ArrowInvalid("beyond what can be stored")
    if per_second > 1_000_000:
        return numbers // (per_second // 1_000_000)
    return numbers * (1_000_000 // per_second)


@lru_cache(maxsize=1_024)
def _quality(word: str) -> int | None:
    """The quality byte of `good`, `bad/range`, `bad (range)` or a number from 0 to 255."""
    word = word.strip().lower()
    if not word:
        return 0
    if word.isdecimal():
        return int(word) if int(word) <= 255 else None
    name, _, reason = word.replace("(", "/").rstrip(")").partition("/")
    quality = Quality.__members__.get(name.strip().upper())
    why = Reason.__members__.get(reason.strip().upper() or "NONE")
    return None if quality is None or why is None else quality_code(quality, why)


def _is_text(kind: pa.DataType) -> bool:
    value = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(value) or pa.types.is_large_string(value))


def _trimmed(column: pa.Array) -> pa.Array:
    return pc.call_function("utf8_trim_whitespace", [column.cast(pa.string())])


def _missing(column: pa.Array) -> npt.NDArray[np.bool_]:
    return np.asarray(column.is_null())


def _floats(column: pa.Array) -> Float64s:
    return np.asarray(column.fill_null(np.nan)).astype(np.float64, copy=False)


def _micros(column: pa.Array) -> Int64s:
    return np.asarray(column.cast(pa.int64()).fill_null(0))


_NO_TIME = "it is no time like 2026-11-23T10:00:00+01:00"
