"""The points of the register as columns, so that a batch is bound to them without a look at each."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from edge.reading import Float64s, Int32s

if TYPE_CHECKING:
    from ingest.point import Point

# Arrow builds a table of all names for each question: worth it where many are asked for.
_ALL_AT_ONCE = 16


@dataclass(frozen=True, slots=True, eq=False)
class PointColumns:
    """Points in the order of their ids; a point's place in the columns is its slot.

    `low` and `high` are NaN where there is no bound.
    """

    id: Int32s
    low: Float64s
    high: Float64s
    tags: Any
    """Arrow array of utf8."""
    slots: Mapping[str, int]

    def __len__(self) -> int:
        return len(self.id)

    @classmethod
    def of(cls, points: Iterable["Point"]) -> "PointColumns":
        """The columns of some points."""
        ordered = sorted(points, key=lambda point: point.id)
        tags = [point.tag for point in ordered]
        return cls(
            np.array([point.id for point in ordered], np.int32),
            np.array([_or_nan(point.low) for point in ordered], np.float64),
            np.array([_or_nan(point.high) for point in ordered], np.float64),
            pa.array(tags, pa.utf8()),
            {tag: slot for slot, tag in enumerate(tags)},
        )

    def find(self, tags: Any) -> Int32s:
        """The slot of each tag of an Arrow array; -1 where no point has it."""
        if len(tags) * _ALL_AT_ONCE < len(self):
            found = [self.slots.get(tag, -1) for tag in tags.to_pylist()]
            return np.array(found, np.int32)
        places: Any = pc.call_function("index_in", [tags], pc.SetLookupOptions(self.tags))
        slots: Int32s = places.fill_null(-1).to_numpy()
        return slots


def _or_nan(bound: float | None) -> float:
    return np.nan if bound is None else bound
