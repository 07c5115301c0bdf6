"""Points in files: units that exist, ranges the right way round, numbers that are numbers."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ingest.point_file import PointShape

NUMBERS = st.floats(-1e6, 1e6)


def test_nothing_needs_to_be_given() -> None:
    assert PointShape.model_validate({}).unit is None


def test_a_unit_without_dimension_may_be_written_as_a_number() -> None:
    assert PointShape.model_validate({"unit": 1}).unit == "1"


@pytest.mark.parametrize(
    "point",
    [
        {"unit": "furlon"},
        {"unit": ""},
        {"resolution": 0},
        {"resolution": -1},
        {"rollover": 0},
        {"low": float("nan")},
        {"high": float("inf")},
        {"low": True},
        {"kind": "meter"},
        {"colour": "red"},
    ],
)
def test_a_wrong_value_is_refused(point: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        PointShape.model_validate(point)


@given(NUMBERS, NUMBERS)
def test_a_range_is_accepted_the_right_way_round_alone(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert PointShape(low=low, high=high).high == high
    if low < high:
        with pytest.raises(ValidationError, match="Exchange the two"):
            PointShape(low=high, high=low)
