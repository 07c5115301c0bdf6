"""Records of the log as what the engine is fed; a batch that the log holds twice counts once."""

from dataclasses import replace

from conditions.engine import Part, Tick
from config.diagnostics import logger
from config.log import Kind, Record
from edge.reading import AlarmBatch
from edge.wire import WireError, decode_alarms, decode_readings

Edges = dict[str, tuple[str, int]]
"""edge -> (session, sequence) of its last batch."""

log = logger(__name__)


def is_new(record: Record, edges: Edges) -> bool:
    """Is the batch none that was taken in before? Notes it in `edges`."""
    batch = record.batch
    session, sequence = edges.get(batch.edge, ("", -1))
    if session == batch.session and batch.sequence <= sequence:
        return False
    edges[batch.edge] = (batch.session, batch.sequence)
    return True


def read_part(record: Record) -> Part | None:
    """What a record holds; None where it cannot be read (ingest keeps such records aside)."""
    try:
        if record.kind is Kind.READINGS:
            return decode_readings(record.data)
        if record.kind is Kind.ALARMS:
            return _storable(decode_alarms(record.data))
        # What the edge could not read concerns no rule; ingest keeps it.
        return None if record.kind is Kind.REJECTS else Tick(int(record.data))
    except (WireError, ValueError) as error:
        log.warning("record cannot be read", batch=str(record.batch), error=str(error))
        return None


def _storable(alarms: AlarmBatch) -> AlarmBatch:
    """The database's texts cannot hold the character NUL."""
    return tuple(
        replace(
            alarm,
            code=alarm.code.replace("\0", ""),
            message=alarm.message.replace("\0", ""),
            acknowledged_by=alarm.acknowledged_by.replace("\0", ""),
        )
        for alarm in alarms
    )
