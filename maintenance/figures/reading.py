"""How figures read: the part of the plant that they are taken over, and rows as dictionaries."""

from collections.abc import Mapping
from typing import Any, Final, LiteralString

from config.database import Connection, fetch_dicts
from maintenance.figures.figure import Period, Row, Scope

_scope: Final[LiteralString] = """
WITH RECURSIVE below AS (
    SELECT id FROM asset WHERE tag = %(below)s
    UNION ALL
    SELECT part.id FROM asset part JOIN below ON part.parent_id = below.id
), scope AS NOT MATERIALIZED (
    SELECT asset.id, asset.tag, asset.created_at, asset.retired_at, asset.site_id
    FROM asset
    WHERE (%(site)s::text IS NULL
           OR asset.site_id = (SELECT id FROM site WHERE code = %(site)s))
      AND (%(asset_class)s::text IS NULL
           OR asset.class_id = (SELECT id FROM asset_class WHERE code = %(asset_class)s))
      AND (%(below)s::text IS NULL OR asset.id IN (SELECT id FROM below))
)
"""


def of_scope(rest: LiteralString) -> LiteralString:
    """A statement over the assets of a part of the plant, which are `scope` in it.

    `rest` goes on with `, name AS (` or with `SELECT`.
    """
    return _scope + rest


def given(scope: Scope, period: Period) -> dict[str, Any]:
    """Parameters of a statement that is `of_scope`."""
    return {
        "site": scope.site,
        "asset_class": scope.asset_class,
        "below": scope.below,
        "start": period.start,
        "end": period.end,
        "most": scope.most_rows,
    }


async def rows_of(
    connection: Connection, sql: LiteralString, parameters: Mapping[str, Any]
) -> list[Row]:
    """All rows of a statement, planned for its period: one plan for a week and a year fits neither."""
    return list(await fetch_dicts(connection, sql, parameters, prepare=False))


async def row_of(connection: Connection, sql: LiteralString, parameters: Mapping[str, Any]) -> Row:
    """The one row of a statement that aggregates."""
    (row,) = await rows_of(connection, sql, parameters)
    return row
