"""Days of a meter counted on from those that are stored."""

from config.clock import to_us
from config.database import Connection
from ingest.history.edges import day_edges
from ingest.meter.days import MeterDay, count_days, edges_from
from ingest.meter.gathering import gather
from ingest.meter.store import Stored, first_moment, holding_facts


async def count_from(
    connection: Connection, point_id: int, stored: Stored, *, bounds: tuple[int, int]
) -> list[MeterDay]:
    """The days of [start, end), counted on from the last one that is stored."""
    start_us, end_us = bounds
    edges = edges_from(start_us, end_us, stored.zone)
    facts = await holding_facts(connection, point_id, start_us, end_us)
    rows = await gather(
        connection,
        point_id,
        edges=edges,
        end_us=end_us,
        rules=stored.rules,
        facts_us=[to_us(fact.at) for fact in facts],
    )
    last = stored.days[-1] if stored.days else None
    return list(count_days(last, rows, facts, edges=edges, zone=stored.zone, rules=stored.rules))


async def beginning(connection: Connection, point_id: int, stored: Stored) -> int | None:
    """Midnight of the day of the first reading or fact, in µs since 1970; None without any."""
    first = await first_moment(connection, point_id)
    if first is None:
        return None
    first_us = to_us(first)
    return int(day_edges(first_us, first_us + 1, days=1, zone=stored.zone)[0])
