"""What a file's columns mean."""

import pytest

from ingest.errors import ImportRefused
from ingest.importing.layout import Long, Reading, Wide, find_layout, unknown_columns


def test_time_tag_and_value_make_the_long_layout() -> None:
    assert find_layout(["time", "tag", "value"], Reading()) == Long("time", "tag", "value", None)


def test_names_are_found_in_any_case_and_order() -> None:
    layout = find_layout(["Value", "QUALITY", "Tag", "Timestamp"], Reading())
    assert layout == Long("Timestamp", "Tag", "Value", "QUALITY")


def test_time_and_other_columns_make_the_wide_layout() -> None:
    layout = find_layout(["ts", "P-101.temp", "P-101.vib"], Reading())
    assert layout == Wide("ts", {"P-101.temp": "P-101.temp", "P-101.vib": "P-101.vib"})


def test_columns_can_be_given_tags_and_left_out() -> None:
    reading = Reading(tags={"T1": "P-101.temp"}, skip=frozenset({"operator"}))
    assert find_layout(["time", "T1", "operator"], reading) == Wide("time", {"T1": "P-101.temp"})


def test_the_time_column_can_be_named() -> None:
    layout = find_layout(["when", "T1"], Reading(time_column="when"))
    assert layout == Wide("when", {"T1": "T1"})


@pytest.mark.parametrize(
    ("columns", "reading", "said"),
    [
        (["when", "tag", "value"], Reading(), "--time-column"),
        (["time", "tag", "value"], Reading(time_column="when"), "no column 'when' but 'time'"),
        (["time", "a", "a"], Reading(), "'a' is there twice"),
        (["time"], Reading(), "no column beside 'time'"),
    ],
)
def test_columns_that_mean_nothing_are_refused(
    columns: list[str], reading: Reading, said: str
) -> None:
    with pytest.raises(ImportRefused, match=said):
        find_layout(columns, reading)


def test_columns_of_no_point_are_named() -> None:
    layout = Wide("time", {"T1": "P-101.temp", "T2": "P-101.tmep"})
    assert unknown_columns(layout, {"P-101.temp": None}) == ["T2"]
