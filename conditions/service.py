"""Commands on events; each runs in the caller's transaction."""

from conditions import store
from conditions.errors import EventNotFound
from config.database import Connection


async def acknowledge(connection: Connection, event_id: int, by: str) -> None:
    """Note that a person has seen an event; the first one stays. Raises `EventNotFound`."""
    if not await store.acknowledge(connection, event_id, by):
        raise EventNotFound(f"there is no condition event {event_id}")
