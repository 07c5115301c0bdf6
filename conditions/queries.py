"""What the engine needs to start: rules, points, assets, parameters."""

from typing import LiteralString

from psycopg.rows import TupleRow

from conditions.binding import ActiveRule, Asset, Plant
from conditions.rule_file import rule_from_definition
from conditions.rule_life import RuleState
from conditions.variant import variant
from config.database import Connection, fetch_one
from config.diagnostics import logger
from config.partition import partition_of
from ingest.points import load_points

log = logger(__name__)


SELECT_ACTIVE_RULES = """
SELECT id, version, state, definition, file, line FROM rule_version
WHERE state IN ('active', 'shadow') ORDER BY rule, version
"""

SELECT_ASSETS = """
SELECT a.id, a.tag, c.code, s.time_zone
FROM asset a JOIN asset_class c ON c.id = a.class_id JOIN site s ON s.id = a.site_id
WHERE a.retired_at IS NULL
"""

SELECT_OVERRIDES = """
SELECT a.tag, p.name, p.value FROM rule_parameter p JOIN asset a ON a.id = p.asset_id
"""

# Changes with nearly everything that rules are bound to; what it misses is notified.
SELECT_FINGERPRINT = """
SELECT (SELECT max(id) FROM rule_version),
       (SELECT count(*) FILTER (WHERE state = 'active') || '/'
               || count(*) FILTER (WHERE state = 'shadow') FROM rule_version),
       (SELECT count(*) FILTER (WHERE retired_at IS NULL) || '/' || coalesce(max(id), 0) FROM point),
       (SELECT count(*) FILTER (WHERE retired_at IS NULL) || '/' || coalesce(max(id), 0) FROM asset),
       (SELECT count(*) || '/' || coalesce(sum(value), 0) FROM rule_parameter)
"""


async def load_plant(connection: Connection, *, partition: int, partitions: int) -> Plant:
    """All that the engine of a partition binds its rules to."""

    def ours(asset: str) -> bool:
        return partition_of(asset, partitions) == partition

    assets = [Asset(*row) for row in await _fetch_all(connection, SELECT_ASSETS)]
    overrides = await _fetch_all(connection, SELECT_OVERRIDES)
    return Plant(
        rules=[
            rule
            for row in await _fetch_all(connection, SELECT_ACTIVE_RULES)
            if (rule := _active_rule(row)) is not None
        ],
        points=[point for point in await load_points(connection) if ours(point.asset)],
        assets={asset.tag: asset for asset in assets if ours(asset.tag)},
        parameters={(asset, name): value for asset, name, value in overrides if ours(asset)},
    )


async def fingerprint(connection: Connection) -> TupleRow | None:
    """Something that is another when rules, points, assets or parameters have changed."""
    return await fetch_one(connection, SELECT_FINGERPRINT)


async def _fetch_all(connection: Connection, sql: LiteralString) -> list[TupleRow]:
    return await (await connection.execute(sql)).fetchall()


def _active_rule(row: TupleRow) -> ActiveRule | None:
    version_id, version, state, definition, file, line = row
    try:
        rule = rule_from_definition(definition, file=file, line=line)
    except ValueError as error:
        log.warning("a stored rule cannot be read", file=file, line=line, error=str(error))
        return None
    if state == RuleState.SHADOW:
        rule = variant(rule, str(version))
    return ActiveRule(rule, version, version_id)
