"""A meter by the day: usage, corrections and life to date, from readings and facts; pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

import numpy as np

from config.clock import from_us, to_us
from edge.reading import Float64s, Int64s
from ingest.history.edges import day_edges
from ingest.meter.counting import Count, Counting, Notice, NoticeKind
from ingest.meter.fact import Fact, FactKind
from ingest.meter.rules import Rules

# A day of nothing but noise is told by its first notices and their number.
_MOST_NOTICES = 20


@dataclass(frozen=True, slots=True)
class MeterDay:
    """A day of the site's time zone with a reading or a fact, and where the meter stood at its end.

    `usage` is what was counted, `corrected` what people added; `life_to_date` and `count` hold at
    the end, `ends_us`.
    """

    day: date
    ends_us: int
    usage: float
    corrected: float
    life_to_date: float
    count: Count | None
    notices: tuple[Notice, ...] = ()
    kept_out: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Readings that count, in time order; `ts` in µs since 1970."""

    ts: Int64s
    value: Float64s

    def between(self, start_us: int, end_us: int) -> "Rows":
        """The rows in [start, end)."""
        first, last = np.searchsorted(self.ts, [start_us, end_us])
        return Rows(self.ts[first:last], self.value[first:last])


@dataclass(slots=True)
class _Day:
    """A day that is being counted; life to date is `base` and what was counted in it."""

    counting: Counting
    base: float
    corrected: float = 0.0

    @property
    def life(self) -> float:
        return self.base + self.counting.usage

    def apply(self, fact: Fact) -> None:
        amount = fact.amount or 0.0
        if fact.kind is FactKind.REPLACEMENT:
            self.counting.replace_meter(
                to_us(fact.at), end=fact.end_count, start=fact.start_count or 0.0
            )
        elif fact.kind is FactKind.INITIAL:
            self.base = amount - self.counting.usage
        elif fact.kind is FactKind.CORRECTION:
            self.base += amount
            self.corrected += amount


def edges_from(start_us: int, end_us: int, zone: ZoneInfo) -> Int64s:
    """Where days begin and end that hold [start, end); the first may begin within a day."""
    edges = day_edges(start_us, max(end_us, start_us + 1), days=1, zone=zone)
    return np.concatenate([[start_us], edges[edges > start_us]]).astype(np.int64)


def count_days(
    last: MeterDay | None,
    rows: Rows,
    facts: Sequence[Fact],
    *,
    edges: Int64s,
    zone: ZoneInfo,
    rules: Rules,
) -> Iterator[MeterDay]:
    """Count on from the day before: each day between the edges that has a row or a fact.

    `facts` are those that hold, by time.
    """
    count, life = (last.count, last.life_to_date) if last else (None, 0.0)
    for start_us, end_us in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        part = rows.between(start_us, end_us)
        said = [fact for fact in facts if start_us <= to_us(fact.at) < end_us]
        if not said and not len(part.ts):
            continue
        day = _counted(_Day(Counting(rules, count), life), part, said)
        count, life = day.counting.count, day.life
        yield _closed(day, from_us(start_us).astimezone(zone).date(), end_us)


def _counted(day: _Day, rows: Rows, facts: Sequence[Fact]) -> _Day:
    for fact in facts:
        at = int(np.searchsorted(rows.ts, to_us(fact.at)))
        day.counting.add(rows.ts[:at], rows.value[:at])
        day.apply(fact)
        rows = Rows(rows.ts[at:], rows.value[at:])
    day.counting.add(rows.ts, rows.value)
    return day


def _closed(day: _Day, label: date, ends_us: int) -> MeterDay:
    notices = day.counting.notices
    return MeterDay(
        day=label,
        ends_us=ends_us,
        usage=day.counting.usage,
        corrected=day.corrected,
        life_to_date=day.life,
        count=day.counting.count,
        notices=tuple(notices[:_MOST_NOTICES]),
        kept_out=sum(notice.kind is not NoticeKind.RESET for notice in notices),
    )
