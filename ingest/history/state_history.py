"""How long a point stood in each of its states, over ranges of any length, a chunk at a time."""

from config.database import Connection
from ingest.history.raw import CHUNK_ROWS, raw_chunks
from ingest.history.series import Series
from ingest.history.states import StateTime, add_times, state_times
from ingest.history.summed import Policy


async def states(
    connection: Connection,
    point_id: int,
    *,
    start_us: int,
    end_us: int,
    policy: Policy,
    rows: int = CHUNK_ROWS,
) -> dict[float, StateTime]:
    """Time in each state in [start, end), the lowest first; seconds that nobody knows are in none."""
    found: dict[float, StateTime] = {}
    before: Series | None = None
    chunks = raw_chunks(
        connection,
        point_id,
        start_us=start_us - policy.gap_us - 1,
        end_us=end_us + policy.gap_us,
        rows=rows,
    )
    async for chunk in chunks:
        counted = chunk.counted(policy.believed)
        piece = counted if before is None else Series.concatenate(before, counted)
        times = state_times(piece, start_us=start_us, end_us=end_us, gap_us=policy.gap_us)
        found = add_times(found, times)
        before = piece.take(slice(-1, None))
    return found
