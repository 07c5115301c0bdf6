"""One point's line for a chart so many pixels wide: what is seen is kept, however long the range.

Peaks survive (MinMaxLTTB, arXiv 2305.00332): two points for each pixel are enough to draw its
extent. A stretch without readings is a break in the line.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from tsdownsample import MinMaxLTTBDownsampler

from config.database import Connection
from edge.reading import Float64s, Int64s
from ingest.history.buckets import Buckets
from ingest.history.edges import HOUR_US, MINUTE_US
from ingest.history.raw import raw
from ingest.history.series import Believed
from ingest.history.summed import Source, default_policy, narrow_buckets

# Readings that a chart is drawn from at most; beyond them their minutes serve.
_MOST_READINGS = 200_000
_POINTS_PER_PIXEL = 2
# The least that the method makes: both ends and one between.
_FEWEST = 3


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """Points of a line in time order: `ts` in µs since 1970; NaN breaks the line."""

    ts: Int64s
    value: Float64s
    source: Source

    def __len__(self) -> int:
        return len(self.ts)


async def chart(
    connection: Connection, point_id: int, *, start_us: int, end_us: int, pixels: int
) -> Line:
    """The line of the readings in (start, end] that are not bad, at most three points a pixel.

    Hours or minutes serve where at least one falls on each pixel.
    """
    policy = await default_policy(connection)
    pixel_us = (end_us - start_us) // pixels
    gap_us = max(policy.gap_us, 2 * pixel_us)
    source = Source.HOURS if pixel_us >= HOUR_US else Source.MINUTES
    if pixel_us < MINUTE_US:
        series = await raw(
            connection, point_id, start_us=start_us, end_us=end_us, limit=_MOST_READINGS
        )
        if len(series) < _MOST_READINGS:
            seen = series.counted(Believed.NOT_BAD)
            return Line(*thin(seen.ts, seen.value, pixels=pixels, gap_us=gap_us), Source.READINGS)
    width_us = HOUR_US if source is Source.HOURS else MINUTE_US
    buckets = await narrow_buckets(
        connection,
        point_id,
        start_us=start_us // width_us * width_us,
        end_us=-(-end_us // width_us) * width_us,
        source=source,
    )
    return Line(*thin(*outline(buckets), pixels=pixels, gap_us=gap_us), source)


def outline(buckets: Buckets) -> tuple[Int64s, Float64s]:
    """First, least, greatest and last of each bucket as points of a line; the middle two midway."""
    middle = (buckets.first_ts + buckets.last_ts) // 2
    ts = np.stack([buckets.first_ts, middle, middle, buckets.last_ts], axis=1)
    value = np.stack([buckets.first, buckets.min, buckets.max, buckets.last], axis=1)
    kept = np.ones_like(ts, np.bool_)
    kept[buckets.count == 1, 1:] = False
    return ts[kept], value[kept]


def thin(ts: Int64s, value: Float64s, *, pixels: int, gap_us: int) -> tuple[Int64s, Float64s]:
    """A line of few enough points for so many pixels, with a NaN in each stretch beyond the gap."""
    breaks = np.flatnonzero(np.diff(ts) > gap_us) + 1
    bounds = np.concatenate([[0], breaks, [len(ts)]])
    kept = [
        part + _pick(ts[part:stop], value[part:stop], _share(stop - part, len(ts), pixels))
        for part, stop in pairwise(bounds.tolist())
    ]
    rows = np.concatenate(kept)
    holes = np.cumsum([len(part) for part in kept[:-1]], dtype=np.intp)
    before = ts[breaks - 1] + 1
    return np.insert(ts[rows], holes, before), np.insert(value[rows], holes, np.nan)


def _share(size: int, total: int, pixels: int) -> int:
    """How many points of a line a part of it may keep."""
    return max(2, round(size / max(total, 1) * pixels * _POINTS_PER_PIXEL))


def _pick(ts: Int64s, value: Float64s, count: int) -> npt.NDArray[np.intp]:
    if len(ts) <= count:
        return np.arange(len(ts))
    if count < _FEWEST:
        return np.array([0, len(ts) - 1])
    downsampler: Any = MinMaxLTTBDownsampler
    return np.asarray(downsampler().downsample(ts, value, n_out=count), np.intp)
