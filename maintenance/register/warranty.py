"""Warranties of assets: who answers for a fault until when."""

from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import TupleRow

from config.database import Connection, fetch_one
from maintenance.register.asset import KeptIn
from maintenance.register.warranty_terms import WarrantyTerms

IN_FORCE = """
SELECT w.id, w.vendor, w.starts_on, w.ends_on, w.terms, w.kept_in
  FROM warranty w
  JOIN asset ON asset.id = w.asset_id
  JOIN site ON site.id = asset.site_id
 WHERE w.asset_id = %(asset_id)s AND w.withdrawn_at IS NULL
   AND (%(at)s AT TIME ZONE site.time_zone)::date BETWEEN w.starts_on AND w.ends_on
 ORDER BY w.ends_on DESC, w.id
 LIMIT 1
"""

OF_ASSET = """
SELECT id, vendor, starts_on, ends_on, terms, kept_in FROM warranty
 WHERE asset_id = %s AND withdrawn_at IS NULL ORDER BY ends_on DESC, id
"""


@dataclass(frozen=True, slots=True)
class Warranty:
    """A warranty of an asset, as it is kept."""

    id: int
    terms: WarrantyTerms
    kept_in: KeptIn


async def warranty_of(connection: Connection, asset_id: int, at: datetime) -> Warranty | None:
    """The warranty that holds for an asset at a moment, the longest of several; None without one."""
    row = await fetch_one(connection, IN_FORCE, {"asset_id": asset_id, "at": at})
    return _warranty(row) if row else None


async def warranties_of(connection: Connection, asset_id: int) -> list[Warranty]:
    """Every warranty of an asset, those that are over too, the one that ends last first."""
    cursor = await connection.execute(OF_ASSET, [asset_id])
    return [_warranty(row) for row in await cursor.fetchall()]


def _warranty(row: TupleRow) -> Warranty:
    identity, vendor, starts_on, ends_on, terms, kept_in = row
    return Warranty(identity, WarrantyTerms(vendor, starts_on, ends_on, terms), KeptIn(kept_in))
