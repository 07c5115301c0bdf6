"""Health of an OPC UA source: what every source counts, and what only this protocol tells."""

from dataclasses import dataclass, field, replace

from config.diagnostics import logger
from config.status import Part
from edge.health import Health

log = logger(__name__)


@dataclass(slots=True)
class OpcuaHealth(Health):
    """State and counts of one OPC UA source, over all of its runs."""

    missed: int = 0
    """Publications whose numbers say that they were sent, and that never came."""
    overflows: int = 0
    """How often events were lost at the server, as far as it can be seen."""
    notes: dict[str, str] = field(default_factory=dict)
    """What the server does not do as asked for, by tag; it is read all the same."""

    def note(self, tag: str, text: str) -> None:
        """The server does not do for a tag what the file asks for; says so once.

        An empty text takes the note back.
        """
        if not text:
            self.notes.pop(tag, None)
        elif self.notes.get(tag) != text:
            log.warning("not as asked for", source=self.source, tag=tag, reason=text)
            self.notes[tag] = text

    def part(self) -> Part:
        """The health as a part of the edge's status."""
        part = Health.part(self)
        notes = "; ".join(f"{tag}: {text}" for tag, text in sorted(self.notes.items())[:3])
        more = f"; {len(self.notes) - 3} more" if len(self.notes) > 3 else ""
        metrics = {
            **part.metrics,
            "publications_missed_total": float(self.missed),
            "event_overflows_total": float(self.overflows),
        }
        return replace(part, message=part.message or notes + more, metrics=metrics)
