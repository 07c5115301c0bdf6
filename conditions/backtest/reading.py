"""History for a backtest: readings of an asset's points in the order of their times, in batches of
bounded size, however long the range is and however different the points' rates are."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass

import numpy as np

from conditions.backtest.merge import Tagged, merge
from config.clock import monotonic
from config.database import Connection
from edge.reading import ReadingBatch
from ingest.history.raw import raw_chunks
from ingest.history.series import Series
from ingest.point import Point

ROWS = 250_000
"""Readings of a point that are held at a time."""


@dataclass(slots=True)
class Stopwatch:
    """Seconds that went by reading from the database and putting in order."""

    reading_s: float = 0.0
    ordering_s: float = 0.0


@dataclass(slots=True)
class _Source:
    """A point's history as it comes; `rest` was read and not handed on yet."""

    tag: str
    chunks: AsyncGenerator[Series, None]
    rest: Series
    rows: int
    more: bool = True

    async def fill(self) -> None:
        """Have something to hand on, if there is more."""
        while self.more and len(self.rest) == 0:
            self.rest = await anext(self.chunks)
            self.more = len(self.rest) >= self.rows

    def take_until(self, horizon: int | None) -> Tagged:
        """What comes up to and with `horizon`; the rest is kept."""
        rest = self.rest
        cut = len(rest) if horizon is None else int(rest.ts.searchsorted(horizon, "right"))
        self.rest = rest.take(slice(cut, None))
        return Tagged(self.tag, rest.take(slice(None, cut)))


async def read_history(
    connection: Connection,
    points: Sequence[Point],
    *,
    start_us: int,
    end_us: int,
    watch: Stopwatch,
    rows: int = ROWS,
) -> AsyncIterator[ReadingBatch]:
    """The readings of some points in (start, end] by time, up to `rows` of each at a time."""
    sources = [
        _Source(
            point.tag,
            raw_chunks(connection, point.id, start_us=start_us, end_us=end_us, rows=rows),
            Series(np.empty(0, np.int64), np.empty(0), np.empty(0, np.uint8)),
            rows,
        )
        for point in points
    ]
    while True:
        started = monotonic()
        for source in sources:
            await source.fill()
        watch.reading_s += monotonic() - started
        held = [source for source in sources if len(source.rest)]
        if not held:
            return
        started = monotonic()
        # Behind the last row of a point that has more, others may still have to come first.
        horizon = min((int(source.rest.ts[-1]) for source in held if source.more), default=None)
        batch = merge([source.take_until(horizon) for source in held])
        watch.ordering_s += monotonic() - started
        yield batch
