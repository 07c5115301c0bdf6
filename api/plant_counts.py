"""How much waits for somebody, counted."""

from dataclasses import dataclass

from conditions.event_queries import count_open_events
from config.database import Connection, fetch_one
from ingest.dead_letters import count_dead_letters
from maintenance.orders.queries import count_by_state
from maintenance.orders.work_order import OPEN_STATES

COUNT_UNKNOWN_TAGS = "SELECT count(DISTINCT tag) FROM unknown_tag"


@dataclass(frozen=True, slots=True)
class PlantCounts:
    """What is open or could not be placed."""

    dead_letters: int
    unknown_tags: int
    open_events: int
    open_orders: int


async def plant_counts(connection: Connection) -> PlantCounts:
    """The counts of this moment."""
    unknown = await fetch_one(connection, COUNT_UNKNOWN_TAGS)
    orders = await count_by_state(connection)
    return PlantCounts(
        dead_letters=await count_dead_letters(connection),
        unknown_tags=int(unknown[0]) if unknown else 0,
        open_events=await count_open_events(connection),
        open_orders=sum(count for state, count in orders.items() if state in OPEN_STATES),
    )
