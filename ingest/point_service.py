"""Bring the points in line with what is wanted; runs in the caller's transaction."""

from collections.abc import Iterable

from config.database import Connection
from config.difference import Difference, compare
from ingest import point_store
from ingest.point_file import PointDefinition


async def apply_points(
    connection: Connection, wanted: Iterable[PointDefinition]
) -> Difference[PointDefinition]:
    """Make `wanted` the live points: others are retired, and revived should they come back.

    Their assets are in the register already. Workers hear of a change on channel `register`.
    """
    by_tag = {point.tag: point for point in wanted}
    difference = compare("point", by_tag, await point_store.stored_points(connection))
    if difference.write:
        await point_store.write_points(connection, difference.write)
    if difference.retire:
        await point_store.retire_points(connection, difference.retire)
    if difference.changes:
        await point_store.notify_register(connection)
    return difference
