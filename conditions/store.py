"""What conditions write of the engine: its snapshots, and whose a partition is."""

import json
from dataclasses import dataclass

from config.database import Connection, fetch_one
from config.log import Position

SELECT_SNAPSHOT = """
SELECT stream, sequence, edges, state FROM engine_snapshot WHERE partition = %s
"""

UPSERT_SNAPSHOT = """
INSERT INTO engine_snapshot (partition, stream, sequence, edges, state, taken_at)
VALUES (%s, %s, %s, %s, %s, now())
ON CONFLICT (partition) DO UPDATE
SET stream = excluded.stream, sequence = excluded.sequence, edges = excluded.edges,
    state = excluded.state, taken_at = excluded.taken_at
"""

# One engine for each partition: held by the session until its connection ends.
TRY_LOCK_PARTITION = "SELECT pg_try_advisory_lock(1868783971, %s)"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """State of the engine of a partition, and the log position that it stands for."""

    position: Position
    edges: dict[str, tuple[str, int]]
    state: bytes


async def try_lock_partition(connection: Connection, partition: int) -> bool:
    """Take a partition unless another session has it; ours until the connection ends."""
    row = await fetch_one(connection, TRY_LOCK_PARTITION, [partition])
    return bool(row and row[0])


async def load_snapshot(connection: Connection, partition: int) -> Snapshot | None:
    """The last snapshot of a partition."""
    row = await fetch_one(connection, SELECT_SNAPSHOT, [partition])
    if row is None:
        return None
    edges = {edge: (session, sequence) for edge, (session, sequence) in row[2].items()}
    return Snapshot(Position(row[0], row[1]), edges, bytes(row[3]))


async def save_snapshot(connection: Connection, partition: int, snapshot: Snapshot) -> None:
    """Put a snapshot in the place of the last one."""
    position, edges = snapshot.position, json.dumps(snapshot.edges)
    row = [partition, position.stream, position.sequence, edges, snapshot.state]
    await connection.execute(UPSERT_SNAPSHOT, row)
