"""How transactions that write readings get along where no unique index keeps them from doubles.

That is level 3 (docs/decisions/0011). The writer of a partition knows the latest time of each of its
points, and copies what is newer without looking. Whoever else writes readings is a guest: alone while
it writes, and it counts up an epoch, so that a writer that knows times of an earlier epoch looks first.
"""

from dataclasses import dataclass

from psycopg.rows import TupleRow

from config.database import Connection, fetch_one


@dataclass(frozen=True, slots=True)
class Footing:
    """What a transaction may rely on: `guarded`, a unique index refuses what is there already."""

    guarded: bool
    epoch: int


JOIN_AS_OWNER = "SELECT guarded, epoch FROM join_reading_writers(guest => false)"

JOIN_AS_GUEST = "SELECT guarded, epoch FROM join_reading_writers(guest => true)"

SELECT_EPOCH = "SELECT epoch FROM reading_epoch"


async def join_as_owner(connection: Connection) -> Footing:
    """Begin to write readings, as the one writer of their points; until the transaction ends."""
    return _footing(await fetch_one(connection, JOIN_AS_OWNER))


async def join_as_guest(connection: Connection) -> Footing:
    """Begin to write readings of points that may have a writer; until the transaction ends.

    To be called after partitions are made, and before hours are marked: in this order nobody waits
    for each other.
    """
    return _footing(await fetch_one(connection, JOIN_AS_GUEST))


async def current_epoch(connection: Connection) -> int:
    """The epoch that everything read from now on belongs to, if not to a later one."""
    row = await fetch_one(connection, SELECT_EPOCH)
    return int(row[0]) if row else 0


def _footing(row: TupleRow | None) -> Footing:
    assert row is not None  # noqa: S101 - the function always gives a row
    return Footing(guarded=row[0], epoch=row[1])
