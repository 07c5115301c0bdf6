"""What a reader of the log has taken in, and so what it must not take in again."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from config.log import Position, Record


@dataclass(frozen=True, slots=True)
class Cursor:
    """Position of the last record taken in, and the last batch of each edge: (session, sequence).

    The position tells a record read twice; the batch tells one that the log holds twice, as after
    a publication that was repeated later than the log remembers.
    """

    position: Position = field(default_factory=Position)
    edges: Mapping[str, tuple[str, int]] = field(default_factory=dict)

    def holds(self, record: Record) -> bool:
        """Has this record been taken in?"""
        return self._passed(record) or self._has_batch(record)

    def after(self, record: Record) -> "Cursor":
        """The cursor once `record` has been taken in as well."""
        if self._passed(record):
            return self
        if self._has_batch(record):
            return Cursor(record.position, self.edges)
        batch = record.batch
        return Cursor(record.position, {**self.edges, batch.edge: (batch.session, batch.sequence)})

    def _passed(self, record: Record) -> bool:
        own, other = self.position, record.position
        return own.stream == other.stream and other.sequence <= own.sequence

    def _has_batch(self, record: Record) -> bool:
        session, sequence = self.edges.get(record.batch.edge, ("", -1))
        return record.batch.session == session and record.batch.sequence <= sequence
