"""A meter as it is shown: where it stands, its pace, what was noticed and what people recorded."""

from datetime import datetime

from api.bodies.meter import FactBody, MeterBody, in_doubt, notices_of
from config.clock import from_us
from config.database import Connection
from ingest.meter.store import facts_of
from ingest.meters import average_usage, meter_state, recent_days
from ingest.point import Point

_MONTH = 30
_SHOWN = 10


async def gather_meter(connection: Connection, point: Point, now: datetime) -> MeterBody:
    """The meter of a point at a moment. Raises `NotAMeter`."""
    state = await meter_state(connection, point.id, now)
    facts = await facts_of(connection, point.id, limit=_SHOWN)
    return MeterBody(
        tag=point.tag,
        unit=point.unit,
        life_to_date=state.life_to_date,
        day=state.day,
        today=state.today,
        average=await average_usage(connection, point.id, _MONTH, now),
        counts=state.count.held if state.count else None,
        seen_at=from_us(state.count.seen_us) if state.count else None,
        in_doubt=in_doubt(state.count),
        notices=notices_of(await recent_days(connection, point.id, _MONTH, now)),
        facts=[FactBody.model_validate(fact) for fact in facts],
    )
