"""Readings of one point in columns, and which of them count."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from edge.reading import Float64s, Int64s, Quality, UInt8s


class Believed(IntEnum):
    """Which readings count: those whose quality byte is below this number."""

    GOOD = int(Quality.UNCERTAIN)
    NOT_BAD = int(Quality.BAD)
    ALL = 256


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Readings of one point in time order: `ts` in µs since 1970, NaN where there is no number."""

    ts: Int64s
    value: Float64s
    quality: UInt8s

    def __len__(self) -> int:
        return len(self.ts)

    @classmethod
    def concatenate(cls, first: "Series", second: "Series") -> "Series":
        """The readings of both."""
        return cls(
            np.concatenate([first.ts, second.ts]),
            np.concatenate([first.value, second.value]),
            np.concatenate([first.quality, second.quality]),
        )

    def take(self, rows: npt.NDArray[np.bool_] | slice) -> "Series":
        """Some of the readings."""
        return Series(self.ts[rows], self.value[rows], self.quality[rows])

    def counted(self, believed: Believed) -> "Series":
        """The readings that count: of a quality that is believed, and with a number."""
        return self.take((self.quality < int(believed)) & ~np.isnan(self.value))
