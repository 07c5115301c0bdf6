"""Where the meters of assets stand, as plans ask for it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, LiteralString

from config.database import Connection
from ingest.meter_usage import stored_usage
from ingest.meters import daily_usage, life_to_date
from maintenance.plans.chain import Usage
from maintenance.plans.meter_forecast import HISTORY_DAYS

METERS: Final[LiteralString] = """
SELECT p.asset_id, p.role, p.id
FROM unnest(%(assets)s::integer[], %(roles)s::text[]) AS wanted (asset_id, role)
JOIN point p ON p.asset_id = wanted.asset_id AND p.role = wanted.role AND p.kind = 'counter'
"""

_DAY = timedelta(days=1)
# Older than that, days are behind for a reason, and are counted from the readings.
_FRESH = timedelta(days=3)

AssetMeter = tuple[int, str]
"""Id of the asset, and the role of the counter on it."""


@dataclass(frozen=True, slots=True)
class Meters:
    """Usage of the meters that were asked for; `missing` has those that no asset has."""

    usage: Mapping[AssetMeter, Usage]
    missing: frozenset[AssetMeter]

    def of(self, asset_id: int) -> dict[str, Usage]:
        """An asset's meters by role."""
        return {role: use for (owner, role), use in self.usage.items() if owner == asset_id}


async def usage_of(
    connection: Connection, wanted: Collection[AssetMeter], *, at: datetime
) -> Meters:
    """Usage from the days that are stored; what is not is counted meter by meter."""
    points = await _points(connection, wanted)
    stored = await stored_usage(connection, sorted(points.values()), at=at, days=HISTORY_DAYS)
    found = dict[AssetMeter, Usage]()
    for meter, point in points.items():
        kept = stored.get(point)
        if kept is not None and kept.at >= at - _FRESH:
            found[meter] = Usage(kept.life_to_date, kept.at, kept.daily)
        else:
            found[meter] = await present_usage(connection, point, at=at)
    return Meters(found, frozenset(set(wanted) - points.keys()))


async def present_of(
    connection: Connection, wanted: Collection[AssetMeter], *, at: datetime
) -> Meters:
    """Usage up to this moment, meter by meter."""
    points = await _points(connection, wanted)
    usage = {
        meter: await present_usage(connection, point, at=at) for meter, point in points.items()
    }
    return Meters(usage, frozenset(set(wanted) - points.keys()))


async def present_usage(connection: Connection, point: int, *, at: datetime) -> Usage:
    """Where a meter stands at a moment, and what it did on the full days before."""
    life = await life_to_date(connection, point, at)
    if life is None:
        return Usage(None, at)
    last = at.date() - _DAY
    days = await daily_usage(connection, point, last - (HISTORY_DAYS - 1) * _DAY, last)
    known = [number for number, day in enumerate(days) if day.seen or day.life_to_date is not None]
    # The first day of a meter is a part of one.
    daily = tuple(day.usage for day in days[known[0] + 1 :]) if known else ()
    return Usage(life, at, daily)


async def count_at(
    connection: Connection, meters: Sequence[AssetMeter], at: datetime
) -> dict[AssetMeter, float | None]:
    """Life to date at a moment that is over."""
    points = await _points(connection, meters)
    return {meter: await life_to_date(connection, point, at) for meter, point in points.items()}


async def _points(connection: Connection, wanted: Collection[AssetMeter]) -> dict[AssetMeter, int]:
    meters = sorted(set(wanted))
    if not meters:
        return {}
    given = {"assets": [asset for asset, _ in meters], "roles": [role for _, role in meters]}
    cursor = await connection.execute(METERS, given)
    return {(asset, role): point for asset, role, point in await cursor.fetchall()}
