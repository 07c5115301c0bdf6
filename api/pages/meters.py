"""Meters of an asset as its page shows them: life to date, and a bar for each of the last days."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from config.clock import from_us
from config.database import Connection
from ingest.meters import DayUsage, MeterState, daily_usage, meter_state
from ingest.point import Point, PointKind

_DAYS = 30
# Each meter costs some queries; an asset has one or two.
_MOST = 6


@dataclass(frozen=True, slots=True)
class MeterShown:
    """A meter and its last 30 days, the last of them today."""

    point: Point
    state: MeterState
    days: Sequence[DayUsage]

    @property
    def most(self) -> float:
        """The day with the most usage, which has the highest bar; never 0."""
        return max((day.usage for day in self.days), default=0.0) or 1.0


async def meters_of(
    connection: Connection, points: Sequence[Point], now_us: int
) -> list[MeterShown]:
    """The meters among an asset's points, those that have counted something."""
    found = list[MeterShown]()
    for point in [point for point in points if point.kind is PointKind.COUNTER][:_MOST]:
        state = await meter_state(connection, point.id, from_us(now_us))
        if state.life_to_date is not None:
            first = state.day - timedelta(days=_DAYS - 1)
            days = await daily_usage(connection, point.id, first, state.day)
            found.append(MeterShown(point, state, days))
    return found
