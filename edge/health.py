"""How a source stands: its state and counts, kept by its collector and supervisor."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from config.clock import now_us
from config.diagnostics import logger
from config.status import Part
from edge.clock_offset import Clocks
from edge.reading import REASON_MASK, AlarmBatch, Quality, ReadingBatch, Reason, UInt8s

_MOST_DEVICES = 1_000

log = logger(__name__)


class State(StrEnum):
    """How a source stands."""

    CONNECTING = "connecting"
    CONNECTED = "connected"
    FAILED = "failed"


@dataclass(slots=True)
class DeviceHealth:
    """State and counts of one device behind a source, over all runs of that source."""

    state: State = State.CONNECTED
    message: str = ""
    readings: int = 0
    bad: int = 0
    distrusted: int = 0
    """Readings that have the time of receipt, because the source's own was not believed."""
    losses: int = 0
    last_reading_us: int = 0
    last_received_us: int = 0

    def part(self, offset_s: float | None) -> Part:
        """The health as a part of the source's; `offset_s` is its clock's, where that is known."""
        metrics = {"losses_total": float(self.losses)}
        if self.last_reading_us:
            metrics |= {
                "readings_total": float(self.readings),
                "bad_total": float(self.bad),
                "clock_distrusted_total": float(self.distrusted),
                "last_reading_timestamp_seconds": self.last_reading_us / 1e6,
                "last_received_timestamp_seconds": self.last_received_us / 1e6,
            }
        if offset_s is not None:
            metrics["clock_offset_seconds"] = offset_s
        return Part(str(self.state), self.message, metrics)


@dataclass(slots=True)
class Health:
    """State and counts of one source, over all of its runs."""

    source: str
    state: State = State.CONNECTING
    message: str = ""
    readings: int = 0
    bad: int = 0
    distrusted: int = 0
    """Readings that have the time of receipt, because the source's own was not believed."""
    alarms: int = 0
    reconnects: int = 0
    rejected: int = 0
    """Payloads and values that could not be read."""
    not_kept: int = 0
    """Rejected ones that were not kept aside, because their source sent too many of them."""
    unchanged: int = 0
    """Readings that told nothing new and were not sent."""
    gaps: int = 0
    """Times over which a point's readings are missing, told by a reading with the reason `gap`."""
    last_reading_us: int = 0
    last_received_us: int = 0
    lost_devices: set[str] = field(default_factory=set)
    device_of: Mapping[str, str] = field(default_factory=dict)
    """The device that each tag is read from, where the source's file says so."""
    devices: dict[str, DeviceHealth] = field(default_factory=dict)
    clocks: Clocks = field(default_factory=Clocks)
    asked_every_us: Mapping[str, int] = field(default_factory=dict)
    """How often each point is asked for; those that send by themselves are not here."""
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
            if (one := self._device(device)) is not None:
                one.state, one.message, one.losses = State.FAILED, message, one.losses + 1
        return news

    def device_back(self, device: str) -> None:
        """A device behind the source answers; says so where its loss was said."""
        if device in self.lost_devices:
            log.info("device is back", source=self.source, device=device)
            self.lost_devices.discard(device)
        if (one := self._device(device)) is not None:
            one.state, one.message = State.CONNECTED, ""

    def count(self, readings: ReadingBatch, alarms: AlarmBatch = ()) -> None:
        """Count what was read and is done with: the log has it, or it told nothing new."""
        self.alarms += len(alarms)
        if len(readings):
            self.readings += len(readings)
            self.bad += int((readings.quality >= Quality.BAD).sum())
            self.distrusted += int(_distrusted(readings.quality).sum())
            self.last_received_us = now_us()
            self.last_reading_us = max(self.last_reading_us, int(readings.ts.max()))
            if self.device_of:
                self._count_by_device(readings)

    def part(self) -> Part:
        """The health as a part of the edge's status."""
        message = self.message
        if not message and self.lost_devices:
            message = f"no answer from {', '.join(sorted(self.lost_devices))}"
        metrics = {
            "readings_total": float(self.readings),
            "bad_total": float(self.bad),
            "clock_distrusted_total": float(self.distrusted),
            "alarms_total": float(self.alarms),
            "reconnects_total": float(self.reconnects),
            "rejected_total": float(self.rejected),
            "rejected_not_kept_total": float(self.not_kept),
            "unchanged_total": float(self.unchanged),
            # A full log keeps the source waiting instead: there is no road on which one is dropped.
            "dropped_total": 0.0,
            "gaps_total": float(self.gaps),
            **self.counts,
        }
        if self.last_reading_us:
            metrics["last_reading_timestamp_seconds"] = self.last_reading_us / 1e6
            metrics["last_received_timestamp_seconds"] = self.last_received_us / 1e6
        if (offset := self.clocks.furthest_s()) is not None:
            metrics["clock_offset_seconds"] = offset
        return Part(str(self.state), message, metrics, self._device_parts())

    def _device(self, name: str) -> DeviceHealth | None:
        """The device of that name; None where there are too many to be told of one by one."""
        if name not in self.devices and len(self.devices) < _MOST_DEVICES:
            self.devices[name] = DeviceHealth()
        return self.devices.get(name)

    def _count_by_device(self, readings: ReadingBatch) -> None:
        numbers: dict[str, int] = {}
        of_tag = [
            numbers.setdefault(self.device_of.get(tag, tag), len(numbers)) for tag in readings.tags
        ]
        of_row = np.array(of_tag, np.intp)[readings.tag_index]
        counts = np.bincount(of_row, minlength=len(numbers))
        bad = np.bincount(of_row[readings.quality >= Quality.BAD], minlength=len(numbers))
        off = np.bincount(of_row[_distrusted(readings.quality)], minlength=len(numbers))
        latest = np.zeros(len(numbers), np.int64)
        np.maximum.at(latest, of_row, readings.ts)
        for name, number in numbers.items():
            if counts[number] and (one := self._device(name)) is not None:
                one.readings += int(counts[number])
                one.bad += int(bad[number])
                one.distrusted += int(off[number])
                one.last_received_us = self.last_received_us
                one.last_reading_us = max(one.last_reading_us, int(latest[number]))

    def _device_parts(self) -> dict[str, Part]:
        offsets = self.clocks.offsets_s()
        # The clock of the source itself has no name: its offset is the source's own metric.
        names = sorted({*self.devices, *offsets} - {""})
        parts = {
            name: self.devices.get(name, DeviceHealth()).part(offsets.get(name)) for name in names
        }
        if self.state is State.CONNECTED:
            return parts
        # Nothing is heard of a device while its source is away, whatever it said last.
        return {
            name: replace(part, state=str(self.state), message=self.message)
            for name, part in parts.items()
        }


def _distrusted(quality: UInt8s) -> npt.NDArray[np.bool_]:
    """Which readings have the time of receipt, because the source's own was not believed."""
    found: npt.NDArray[np.bool_] = (quality & REASON_MASK) == Reason.CLOCK
    return found
