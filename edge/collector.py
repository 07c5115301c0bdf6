"""What a collector is, and where it puts what it reads."""

from collections.abc import Sequence
from typing import Protocol

from edge.filter import Report
from edge.health import Health
from edge.reading import AlarmBatch, ReadingBatch
from edge.rejected import Rejected


class Sink(Protocol):
    """Takes readings and alarms into the log."""

    async def put(self, readings: ReadingBatch, alarms: AlarmBatch = ()) -> None:
        """Return once the log has everything on disk: only then may the device be acknowledged.

        Waits while too much is waiting already, and for ever while the log is away; it raises
        nothing that a collector could heal. Cancelled, it is not known what the log has.
        """
        ...

    async def set_aside(self, rejected: Sequence[Rejected]) -> None:
        """Keep what could not be read; returns once the log has it on disk, as `put` does.

        Of a flood only the first of each minute are kept. Call it for all, and count them.
        """
        ...


class Collector(Protocol):
    """Reads one source."""

    @property
    def name(self) -> str:
        """The source's name."""
        ...

    async def run(self, sink: Sink) -> None:
        """Connect, read and put until cancelled or lost.

        Raises `SourceLost` when the source has to be connected anew: call it again later.
        """
        ...

    def health(self) -> Health:
        """How it goes, over all runs."""
        ...

    def report_of(self, tag: str) -> Report | None:
        """What is news of one of its points; None where every reading is."""
        ...
