"""A tag is found among the register's points, however many are asked for at once."""

import pyarrow as pa
import pytest

from ingest.point import Point, PointKind
from ingest.point_columns import PointColumns


def point(number: int, tag: str) -> Point:
    return Point(number, tag, 1, "A", "c", "r", "", "1", PointKind.GAUGE, None, None, None, None)


@pytest.mark.parametrize("asked", [1, 1_000])
def test_a_tag_has_the_slot_of_its_point_and_a_strange_one_has_none(asked: int) -> None:
    columns = PointColumns.of([point(number, f"A.{number}") for number in range(1_000, 0, -1)])
    slots = columns.find(pa.array(["A.7", "B.7"] * asked))
    assert columns.id[slots[0]] == 7
    assert slots.tolist() == [6, -1] * asked


def test_without_points_no_tag_is_found() -> None:
    columns = PointColumns.of(())
    assert len(columns) == 0
    assert columns.find(pa.array(["A.7"])).tolist() == [-1]
    assert columns.find(pa.array([], pa.utf8())).tolist() == []
