"""Columns of texts and numbers as times, values and qualities."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.clock import from_us, to_us
from edge.reading import Quality, Reason, quality_code
from ingest.importing.columns import read_qualities, read_times, read_values
from ingest.importing.layout import Reading, TimeUnit

BERLIN = Reading(time_zone="Europe/Berlin")
NOON = to_us(datetime(2026, 11, 23, 12, tzinfo=UTC))


def us(text: str, reading: Reading | None = None) -> int:
    times = read_times(pa.array([text]), reading or Reading())
    assert times.problems == {}
    return int(times.us[0])


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-23T12:00:00Z",
        "2026-11-23 13:00:00+01:00",
        "2026-11-23 13:00:00.000000+0100",
        "2026-11-23 12:00:00+00",
        "  2026-11-23T07:00:00-05:00 ",
    ],
)
def test_times_with_an_offset_are_that_instant(text: str) -> None:
    assert us(text) == NOON


def test_a_time_without_an_offset_is_in_the_zone_that_was_named() -> None:
    assert us("2026-11-23 13:00:00", BERLIN) == NOON
    assert us("2026-07-01 14:00:00", BERLIN) == to_us(datetime(2026, 7, 1, 12, tzinfo=UTC))


def test_a_time_without_an_offset_and_a_zone_is_refused() -> None:
    assert "--time-zone" in read_times(pa.array(["2026-11-23 13:00:00"]), Reading()).problems[0]


@pytest.mark.parametrize("text", ["2026-03-29 02:30:00", "2026-10-25 02:30:00"])
def test_an_hour_that_is_there_never_or_twice_is_refused(text: str) -> None:
    times = read_times(pa.array(["2026-03-29 01:30:00", text]), BERLIN)
    assert list(times.problems) == [1]
    assert "Europe/Berlin" in times.problems[1]


@pytest.mark.parametrize("text", ["", "yesterday", "2026-02-30T00:00:00Z", "12:00", "1e400"])
def test_what_is_no_time_is_refused_and_its_neighbours_stay(text: str) -> None:
    times = read_times(pa.array(["2026-11-23T12:00:00Z", text, "2026-11-23T12:00:00Z"]), BERLIN)
    assert list(times.problems) == [1]
    assert times.us[[0, 2]].tolist() == [NOON, NOON]


def test_times_with_and_without_offsets_may_be_mixed() -> None:
    times = read_times(pa.array(["2026-11-23T12:00:00Z", "2026-11-23T13:00:00"]), BERLIN)
    assert times.us.tolist() == [NOON, NOON]
    assert times.problems == {}


@pytest.mark.parametrize(
    ("unit", "number"),
    [
        (TimeUnit.SECONDS, NOON // 10**6),
        (TimeUnit.MILLISECONDS, NOON // 10**3),
        (TimeUnit.MICROSECONDS, NOON),
        (TimeUnit.NANOSECONDS, NOON * 10**3),
    ],
)
def test_numbers_count_from_1970(unit: TimeUnit, number: int) -> None:
    assert us(str(number), Reading(time_unit=unit)) == NOON
    column = pa.array([number], pa.int64())
    assert read_times(column, Reading(time_unit=unit)).us.tolist() == [NOON]


def test_parts_of_a_second_are_kept() -> None:
    assert us(f"{NOON // 10**6}.25", Reading(time_unit=TimeUnit.SECONDS)) == NOON + 250_000


@pytest.mark.parametrize("text", ["", "soon", "1e300", "nan", str(2**63 - 1)])
def test_numbers_that_are_no_time_are_refused(text: str) -> None:
    column = pa.array(["1", text])
    times = read_times(column, Reading(time_unit=TimeUnit.SECONDS))
    assert list(times.problems) == [1]
    assert times.us[0] == 1_000_000


def test_numbers_without_a_unit_are_refused() -> None:
    assert "--time-unit" in read_times(pa.array([1.0]), Reading()).problems[0]


@given(st.lists(st.integers(-(2**55), 2**55), max_size=20))
def test_timestamps_of_a_typed_file_come_as_they_are(numbers: list[int]) -> None:
    column = pa.array(numbers, pa.timestamp("us", "UTC"))
    assert read_times(column, Reading()).us.tolist() == numbers


@given(st.integers(0, 4 * 10**15), st.integers(-12 * 60, 12 * 60))
def test_any_iso_time_is_read_as_python_reads_it(moment: int, minutes: int) -> None:
    shifted = from_us(moment) + timedelta(minutes=minutes)
    sign, offset = "+" if minutes >= 0 else "-", abs(minutes)
    text = f"{shifted:%Y-%m-%dT%H:%M:%S.%f}{sign}{offset // 60:02}:{offset % 60:02}"
    assert us(text) == to_us(datetime.fromisoformat(text))


class TestValues:
    def test_numbers_are_read_and_empty_ones_named(self) -> None:
        values = read_values(pa.array(["1.5", "", " 2e3 ", None]), Reading())
        assert values.value[[0, 2]].tolist() == [1.5, 2000.0]
        assert values.empty.tolist() == [1, 3]
        assert values.wrong.tolist() == []

    def test_what_is_no_number_is_named(self) -> None:
        values = read_values(pa.array(["1", "off", "3", "1,5"]), Reading())
        assert values.wrong.tolist() == [1, 3]
        assert values.value[[0, 2]].tolist() == [1.0, 3.0]

    def test_a_comma_may_be_the_decimal_sign(self) -> None:
        assert read_values(pa.array(["1,5"]), Reading(decimal=",")).value.tolist() == [1.5]

    def test_typed_columns_are_taken_as_they_are(self) -> None:
        assert read_values(pa.array([True, False]), Reading()).value.tolist() == [1.0, 0.0]
        values = read_values(pa.array([1, None], pa.int32()), Reading())
        assert values.empty.tolist() == [1]

    @given(st.lists(st.floats(allow_nan=False), min_size=1, max_size=20))
    def test_any_number_that_python_writes_is_read(self, numbers: list[float]) -> None:
        values = read_values(pa.array([repr(number) for number in numbers]), Reading())
        assert values.value.tolist() == numbers

    @given(st.lists(st.text(max_size=5), min_size=1, max_size=20))
    def test_any_text_is_a_number_or_named(self, texts: list[str]) -> None:
        values = read_values(pa.array(texts), Reading())
        named = {*values.empty.tolist(), *values.wrong.tolist()}
        for row in set(range(len(texts))) - named:
            assert np.array_equal(values.value[row], float(texts[row]), equal_nan=True)


def test_qualities_are_words_or_numbers() -> None:
    words = ["good", "Bad/range", "uncertain (clock)", "", "128", "fine", "bad/luck", "300"]
    quality, wrong = read_qualities(pa.array(words))
    assert quality[:5].tolist() == [
        0,
        quality_code(Quality.BAD, Reason.RANGE),
        quality_code(Quality.UNCERTAIN, Reason.CLOCK),
        0,
        128,
    ]
    assert wrong.tolist() == [5, 6, 7]
