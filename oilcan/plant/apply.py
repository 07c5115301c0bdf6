"""Bring the database in line with a plant: one transaction, all or nothing."""

from dataclasses import replace

import psycopg

from conditions.rule_service import ParameterDiff, RuleDiff, apply_parameters, apply_rules
from config.database import Connection, connect
from config.difference import Change, ChangeKind
from config.errors import DatabaseUnavailable
from config.migrate import require_schema
from ingest.point_service import apply_points
from ingest.unknown import bind_unknown
from maintenance.register.service import apply_register
from oilcan.plant.diff import ApplyMode as ApplyMode
from oilcan.plant.diff import PlantDiff
from oilcan.plant.plant import Plant
from oilcan.plant.sections import apply_sections

# Whoever applies a plant holds it to the end: two at once take turns.
_LOCK_KEY = 0x706C616E74  # "plant"

LOCK_PLANT = "SELECT pg_advisory_xact_lock(%s)"


async def apply_plant(
    database_url: str, plant: Plant, *, mode: ApplyMode = ApplyMode.COMMIT
) -> PlantDiff:
    """Make the plant the live one: what it no longer has is retired, never deleted.

    A second time it changes nothing. A dry run gives the same answer and is rolled back. Raises
    `DatabaseUnavailable` or `DatabaseOutdated`.
    """
    connection = await connect(database_url, autocommit=True)
    try:
        await require_schema(connection)
        async with connection.transaction(force_rollback=mode is ApplyMode.DRY_RUN):
            await connection.execute(LOCK_PLANT, [_LOCK_KEY])
            difference = await _apply(connection, plant)
        return replace(difference, mode=mode)
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable(f"the database was lost: {error}") from error
    finally:
        await connection.close()


async def _apply(connection: Connection, plant: Plant) -> PlantDiff:
    register = await apply_register(connection, plant.register)
    points = await apply_points(connection, plant.points)
    rules = await apply_rules(connection, plant.rules)
    parameters = await apply_parameters(connection, plant.parameters)
    work = await apply_sections(connection, plant.work)
    return PlantDiff(
        mode=ApplyMode.COMMIT,
        changes=(
            *register.changes,
            *points.changes,
            *_changes("rule", rules, rules.retired),
            *_changes("parameter", parameters, parameters.removed),
            *work.changes,
        ),
        unchanged=register.unchanged
        + points.unchanged
        + len(rules.unchanged)
        + len(parameters.unchanged)
        + work.unchanged,
        bound=await bind_unknown(connection),
    )


def _changes(what: str, diff: RuleDiff | ParameterDiff, gone: list[str]) -> list[Change]:
    named = (
        (ChangeKind.ADDED, diff.added),
        (ChangeKind.CHANGED, diff.changed),
        (ChangeKind.RETIRED, gone),
    )
    return [Change(kind, what, name) for kind, names in named for name in names]
