"""What plans do by the clock, each in transactions of its own."""

from config.clock import ClockUs
from config.database import Connection
from config.settings import Settings
from maintenance.plans.closing import close_occurrences
from maintenance.plans.generation import generate
from maintenance.plans.releasing import release_due
from maintenance.plans.watching import take_events, watch_meters

# Other jobs wait meanwhile.
_AT_ONCE = 500


async def follow_orders(connection: Connection, settings: Settings, clock: ClockUs) -> None:
    """Close what is done, take in events, and release what may be."""
    await close_occurrences(connection, clock=clock)
    await take_events(connection, clock=clock)
    await release_due(connection, clock=clock)


async def plan_ahead(connection: Connection, settings: Settings, clock: ClockUs) -> None:
    """Generate plans that are new, were changed, or have not been generated since last night."""
    await generate(connection, clock=clock, most=_AT_ONCE)


async def follow_meters(connection: Connection, settings: Settings, clock: ClockUs) -> None:
    """Forecast the counts that are near."""
    await watch_meters(connection, clock=clock)
