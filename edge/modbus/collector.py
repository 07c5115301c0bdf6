"""Polls the devices behind one Modbus address, each point at its fixed interval."""

import asyncio
from collections.abc import Sequence, Set
from itertools import chain

from config.clock import ClockUs, now_us
from edge.collector import Sink
from edge.errors import DeviceSilent, SourceLost
from edge.filter import Report
from edge.health import Health
from edge.modbus.connection import ModbusConnection
from edge.modbus.device import DeviceReader, Poll
from edge.modbus.link import frame_s, numbers_requests
from edge.modbus.plan import Block
from edge.modbus.rest import first_look_s
from edge.modbus.rota import Rota
from edge.modbus.source import ModbusSource
from edge.modbus.writer import ModbusWriter
from edge.reading import ReadingBatch
from edge.stamps import Stamps


class ModbusCollector:
    """One Modbus source. The next poll is the acknowledgement: it waits until the log has the last.

    A device that falls silent gives one bad reading for each point. From then on it is asked after
    the others, when the log has what they said, and less and less often. Of several devices it is
    found out first who answers. One that is alone is asked once more, over a new connection, before
    it counts as silent. When no device answers, the source is lost.
    """

    def __init__(self, source: ModbusSource, *, clock: ClockUs = now_us) -> None:
        self.writer = ModbusWriter(source)
        self._source = source
        self._timeout_s = source.timeout_us / 1e6
        self._clock = clock
        self._stamps = Stamps()
        self._reports = source.reports
        self._devices = [
            DeviceReader(device, every_us=source.every_us, stamp=self._stamp)
            for device in source.devices
        ]
        self._alone = len(self._devices) == 1
        self._silence = ""
        asked = [device.asked_every_us.items() for device in self._devices]
        self._health = Health(
            source.name,
            device_of=source.devices_by_tag,
            asked_every_us=dict(chain.from_iterable(asked)),
        )
        self._intervals = frozenset[int]().union(*(each.intervals_us for each in self._devices))

    @property
    def name(self) -> str:
        """The source's name."""
        return self._source.name

    def health(self) -> Health:
        """How it goes, over all runs."""
        return self._health

    def report_of(self, tag: str) -> Report | None:
        """What is news of one of its points."""
        return self._reports.get(tag)

    async def run(self, sink: Sink) -> None:
        """Poll until cancelled. Raises `SourceLost` when no device answers."""
        for device in self._devices:
            device.rest.ask_at_once()
            device.start_anew()
        source = self._source
        async with ModbusConnection(
            source.link, source.tls, timeout_s=self._timeout_s
        ) as connection:
            self.writer.connection = connection
            try:
                await self._poll_for_ever(connection, sink)
            finally:
                self.writer.connection = None

    async def _poll_for_ever(self, connection: ModbusConnection, sink: Sink) -> None:
        loop = asyncio.get_running_loop()
        rota = Rota(self._intervals, start=loop.time())
        poll = self._first_look(connection)
        while True:
            due = rota.take(loop.time())
            answering = [device for device in self._devices if not device.rest.resting]
            await self._poll(answering, due, poll, sink)
            if poll.first_look:
                await self._wait_for_late_answers()
            await self._ask_silent(rota, connection, sink)
            if self._all_silent():
                raise SourceLost(self._silence if self._alone else "no device answers")
            poll = Poll(connection)
            self._health.connected()
            await asyncio.sleep(rota.finish(due, loop.time()) - loop.time())

    def _first_look(self, connection: ModbusConnection) -> Poll:
        """The first poll: with little patience, so that dead devices do not hold up the others.

        In RTU frames an answer that comes after all is known by its unit alone.
        """
        units = {device.unit for device in self._source.devices}
        if self._alone or len(units) < len(self._devices):
            return Poll(connection)
        look_s = first_look_s(self._timeout_s, frame_s=frame_s(self._source.link))
        return Poll(connection, look_s, first_look=True)

    async def _wait_for_late_answers(self) -> None:
        """Where nobody answered a first look, let the line fall silent before all are asked again."""
        if self._all_silent():
            latest = max(device.rest.until for device in self._devices)
            await asyncio.sleep(latest - asyncio.get_running_loop().time())
            for device in self._devices:
                device.rest.ask_at_once()

    async def _poll(
        self, devices: Sequence[DeviceReader], due: Set[int], poll: Poll, sink: Sink
    ) -> None:
        """Read the devices in turn, and put what they say and what their silence says."""
        poll.again = _longest_absent(devices, due, poll)
        try:
            for device in devices:
                await self._read(device, due, poll)
        except SourceLost as error:
            for device in self._devices:
                self._silent(device, str(error), poll)
            await self._put(sink, poll)
            raise
        await self._put(sink, poll)

    async def _ask_silent(self, rota: Rota, connection: ModbusConnection, sink: Sink) -> None:
        """Ask silent devices whose rest is over; those that fell silent last come first.

        While others answer, the first that stays silent is the last that is asked, and it has no
        more than the time that is left to the others' next tick.
        """
        loop = asyncio.get_running_loop()
        now = loop.time()
        rested = [each for each in self._devices if each.rest.resting and each.rest.until <= now]
        for device in sorted(rested, key=lambda device: device.rest.failures):
            alone = self._all_silent()
            spare_s = rota.next_after(loop.time()) - loop.time()
            poll = Poll(connection, None if alone else device.rest.patience_s(spare_s))
            await self._poll([device], device.intervals_us, poll, sink)
            if device.rest.resting and not alone:
                break

    def _all_silent(self) -> bool:
        return all(device.rest.resting for device in self._devices)

    async def _read(self, device: DeviceReader, due: Set[int], poll: Poll) -> None:
        try:
            await self._read_once_more(device, due, poll)
        except DeviceSilent as error:
            if poll.first_look:
                device.rest.passed_over(self._quiet_from(poll))
                device.start_anew()
            else:
                self._silent(device, str(error), poll)
        else:
            device.rest.answered()
            self._health.device_back(device.name)

    async def _read_once_more(self, device: DeviceReader, due: Set[int], poll: Poll) -> None:
        """Read a device; one that is alone and answered so far a second time, if it has to be."""
        try:
            await device.read(poll, due)
        except DeviceSilent:
            if not self._alone or device.rest.resting:
                raise
            self._health.reconnects += 1
            await device.read(poll, due)

    def _quiet_from(self, poll: Poll) -> float:
        """From when on no answer to the request that just failed is to be expected any more."""
        if numbers_requests(self._source.link):
            return 0.0
        left_s = self._timeout_s - (poll.patience_s or self._timeout_s)
        return asyncio.get_running_loop().time() + left_s

    def _silent(self, device: DeviceReader, message: str, poll: Poll) -> None:
        self._silence = f"{device.name}: {message}"
        # Where there is no other, the source says it, and once is enough.
        news = not device.rest.resting
        if not self._alone:
            news = self._health.device_lost(device.name, message)
        now = asyncio.get_running_loop().time()
        device.rest.silent(now, min(device.intervals_us) / 1e6)
        device.start_anew()
        if news:
            poll.readings.append(device.unreachable())

    def _stamp(self, device: str) -> int:
        return self._stamps.next(device, self._clock())

    async def _put(self, sink: Sink, poll: Poll) -> None:
        if poll.readings:
            readings, alarms = ReadingBatch.concatenate(poll.readings), tuple(poll.alarms)
            await sink.put(readings, alarms)
            self._health.count(readings, alarms)


def _longest_absent(devices: Sequence[DeviceReader], due: Set[int], poll: Poll) -> Block | None:
    """Of what the devices did not have, the part to ask for again: one in each poll at most."""
    found = [each.absent(poll.connection, due) for each in devices]
    waiting = [each for each in found if each is not None]
    return min(waiting, key=lambda each: each[0])[1] if waiting else None
