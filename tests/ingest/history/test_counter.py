"""What a counter has counted: over rollovers, resets and gaps, by hand and by an oracle."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.history.buckets import of_readings
from ingest.history.counter import Counter, gains, increase

EDGES = np.array([0, 100, 200], np.int64)


def counted(values: list[float], counter: Counter) -> float:
    """What the readings count from first to last."""
    return float(gains(np.array(values, np.float64), counter).sum())


@pytest.mark.parametrize(
    ("values", "counter", "expected"),
    [
        ([10, 15, 15, 22], Counter(), 12),
        # A 16-bit register: 65535 is followed by 0.
        ([65_530, 65_535, 0, 4], Counter(rollover=65_535), 10),
        ([9_999.5, 0.5], Counter(rollover=9_999.9, resolution=0.1), 1.0),
        # Replaced or switched off: it began at 0 again.
        ([500, 3, 8], Counter(), 8),
        ([500, 3, 8], Counter(rollover=65_535), 8),
        # The last digit flutters; nothing was counted twice.
        ([100.0, 99.9, 100.1], Counter(resolution=0.1), 0.1),
        ([100.0, 99.9, 100.0, 99.9, 100.0], Counter(resolution=0.1), 0.0),
        ([100, 97, 99, 101], Counter(jitter=3), 1),
        # Just rolled over, it flutters back.
        ([65_534, 0, 65_535, 1], Counter(rollover=65_535, resolution=1), 3),
        # Ever lower in small steps: no reset, nothing was counted.
        ([100.0, 99.9, 99.8, 99.7], Counter(resolution=0.1), 0),
        ([5, -1], Counter(), 0),
    ],
)
def test_a_counter_counts_on(values: list[float], counter: Counter, expected: float) -> None:
    assert counted(values, counter) == pytest.approx(expected)


def test_a_step_belongs_to_the_bucket_of_its_later_reading() -> None:
    parts = of_readings(np.array([10, 90, 150], np.int64), np.array([1.0, 3.0, 10.0]))
    assert increase(parts, EDGES, Counter()).tolist() == [2.0, 7.0]


def test_a_bucket_without_a_reading_says_nothing() -> None:
    parts = of_readings(np.array([10], np.int64), np.array([1.0]))
    np.testing.assert_array_equal(increase(parts, EDGES, Counter()), [0.0, np.nan])


@given(st.lists(st.integers(0, 400), max_size=40), st.integers(1_000, 5_000))
def test_a_rolling_counter_counts_as_if_it_never_rolled(rises: list[int], rollover: int) -> None:
    true = np.cumsum([7, *rises]).astype(np.float64)
    shown = (true % (rollover + 1)).tolist()
    assert counted(shown, Counter(rollover=float(rollover))) == sum(rises)
