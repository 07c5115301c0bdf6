"""How a source stands: its state and counts, kept by its collector and supervisor."""

from dataclasses import dataclass, field
from enum import StrEnum

from config.diagnostics import logger
from config.status import Part
from edge.reading import AlarmBatch, Quality, ReadingBatch

log = logger(__name__)


class State(StrEnum):
    """How a source stands."""

    CONNECTING = "connecting"
    CONNECTED = "connected"
    FAILED = "failed"


@dataclass(slots=True)
class Health:
    """State and counts of one source, over all of its runs."""

    source: str
    state: State = State.CONNECTING
    message: str = ""
    readings: int = 0
    bad: int = 0
    alarms: int = 0
    reconnects: int = 0
    rejected: int = 0
    """Payloads and values that could not be read."""
    not_kept: int = 0
    """Rejected ones that were not kept aside, because their source sent too many of them."""
    unchanged: int = 0
    """Readings that told nothing new and were not sent."""
    last_reading_us: int = 0
    lost_devices: set[str] = field(default_factory=set)
    counts: dict[str, float] = field(default_factory=dict)
    """Metrics of this protocol alone."""
    _loss_said: bool = False

    def connected(self) -> None:
        """The source answers; says so where its loss was said."""
        if self._loss_said:
            log.info("source is back", source=self.source, reconnects=self.reconnects)
        self._loss_said = False
        self.state, self.message = State.CONNECTED, ""

    def failed(self, message: str) -> None:
        """The source is away; says so once until it is back."""
        if not self._loss_said:
            log.warning("source lost, trying until it is back", source=self.source, error=message)
        self._loss_said = True
        self.reconnects += 1
        self.state, self.message = State.FAILED, message

    def device_lost(self, device: str, message: str) -> bool:
        """A device behind the source is away; says so once. Is that news?"""
        news = device not in self.lost_devices
        if news:
            log.warning("device lost", source=self.source, device=device, error=message)
            self.lost_devices.add(device)
        return news

    def device_back(self, device: str) -> None:
        """A device behind the source answers; says so where its loss was said."""
        if device in self.lost_devices:
            log.info("device is back", source=self.source, device=device)
            self.lost_devices.discard(device)

    def count(self, readings: ReadingBatch, alarms: AlarmBatch = ()) -> None:
        """Count what was read and is done with: the log has it, or it told nothing new."""
        self.alarms += len(alarms)
        if len(readings):
            self.readings += len(readings)
            self.bad += int((readings.quality >= Quality.BAD).sum())
            self.last_reading_us = max(self.last_reading_us, int(readings.ts.max()))

    def part(self) -> Part:
        """The health as a part of the edge's status."""
        message = self.message
        if not message and self.lost_devices:
            message = f"no answer from {', '.join(sorted(self.lost_devices))}"
        metrics = {
            "readings_total": float(self.readings),
            "bad_total": float(self.bad),
            "alarms_total": float(self.alarms),
            "reconnects_total": float(self.reconnects),
            "rejected_total": float(self.rejected),
            "rejected_not_kept_total": float(self.not_kept),
            "unchanged_total": float(self.unchanged),
            "last_reading_ts_seconds": self.last_reading_us / 1e6,
            **self.counts,
        }
        return Part(str(self.state), message, metrics)
