"""One device: its plan of blocks, and what each answer, refusal or silence means as readings."""

import asyncio
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass, field

import numpy as np

from config.diagnostics import logger
from edge.errors import DeviceRefused
from edge.modbus.absent import AbsentParts, Moment
from edge.modbus.connection import ModbusConnection
from edge.modbus.decode import BlockDecoder
from edge.modbus.device_plan import plan_device
from edge.modbus.halving import Answer, find_readable
from edge.modbus.plan import AlarmBit, Block, Value
from edge.modbus.rest import Rest
from edge.modbus.source import ModbusDevice
from edge.reading import Float64s, Quality, ReadingBatch, Reason, SensorAlarm, UInt8s, quality_code

_ILLEGAL_ADDRESS = 2

log = logger(__name__)


@dataclass(slots=True)
class Poll:
    """One asking of devices: over what, how long for each, and what came of it."""

    connection: ModbusConnection
    patience_s: float | None = None
    """Longest wait for an answer, where that is less than the connection's own."""
    first_look: bool = False
    """Is it only to be found out who answers?"""
    again: Block | None = None
    """The one part that is asked for again, though its device did not have it."""
    readings: list[ReadingBatch] = field(default_factory=list)
    alarms: list[SensorAlarm] = field(default_factory=list)


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """A block as planned, or a part of one that the device does not have as a whole."""

    block: Block
    origin: Block
    """The block as planned."""
    decoder: BlockDecoder
    planned: bool
    readable: bool
    points: tuple[int, ...]
    """Places of the values that are readings."""
    alarms: tuple[tuple[int, AlarmBit], ...]


class DeviceReader:
    """Reads one device block by block; `stamp` gives its times of receipt."""

    def __init__(self, device: ModbusDevice, *, every_us: int, stamp: Callable[[str], int]) -> None:
        self.name = device.name
        self.rest = Rest()
        self._unit = device.unit
        self._stamp = stamp
        self._groups = plan_device(device, every_us=every_us)
        self._parts: dict[int, list[_Part]] = {}
        self._absent = AbsentParts()
        self._refused: set[Block] = set()
        self._active: dict[str, bool] = {}
        self.start_anew()

    @property
    def intervals_us(self) -> frozenset[int]:
        """The intervals at which its points are read."""
        return frozenset(self._parts)

    @property
    def asked_every_us(self) -> dict[str, int]:
        """The interval at which each of its points is read."""
        return {
            value.tag: group.every_us
            for group in self._groups
            for block in group.blocks
            for value in block.values
            if value.alarm is None
        }

    def start_anew(self) -> None:
        """Forget which registers it does not have: it may come back as another device."""
        self._absent.forget()
        self._parts = {
            group.every_us: [_planned(block) for block in group.blocks] for group in self._groups
        }

    async def read(self, poll: Poll, due: Set[int]) -> None:
        """Read the points whose intervals are `due` into `poll`, a block at a time.

        Raises `SourceLost` and `DeviceSilent`; what was read before stays in `poll`.
        """
        for every_us, parts in self._parts.items():
            if every_us in due:
                read = [await self._read_part(poll, part) for part in parts]
                left = [part for parts in read for part in parts]
                self._parts[every_us] = left if poll.again is None else _rejoined(left)

    def absent(self, connection: ModbusConnection, due: Set[int]) -> tuple[float, Block] | None:
        """What of the intervals that are `due` is to be asked for again; see `AbsentParts.next`."""
        blocks = (
            part.block
            for every_us, parts in self._parts.items()
            for part in parts
            if every_us in due and not part.readable
        )
        return self._absent.next(blocks, _moment(connection))

    def unreachable(self) -> ReadingBatch:
        """A bad reading of every point, to stand for the silence that begins."""
        blocks = [block for group in self._groups for block in group.blocks]
        values = [value for block in blocks for value in block.values]
        return _bad(values, self._stamp(self.name), Reason.COMMUNICATION)

    async def _read_part(self, poll: Poll, part: _Part) -> list[_Part]:
        """Read a part; what is to be read in its place from now on."""
        if not part.readable:
            return await self._read_absent(poll, part)
        try:
            return await self._read_readable(poll, part)
        except DeviceRefused as refusal:
            self._say_refused(part.block, refusal)
            reason = Reason.CONFIGURATION if refusal.code == _ILLEGAL_ADDRESS else Reason.DEVICE
            poll.readings.append(_bad(part.block.values, self._stamp(self.name), reason))
        return [part]

    async def _read_readable(self, poll: Poll, part: _Part) -> list[_Part]:
        try:
            answer = await self._ask(poll, part.block)
        except DeviceRefused as refusal:
            if refusal.code == _ILLEGAL_ADDRESS and part.planned:
                return await self._find_readable(poll, part.block)
            raise
        self._refused.discard(part.block)
        self._take(poll, part, answer)
        return [part]

    async def _read_absent(self, poll: Poll, part: _Part) -> list[_Part]:
        """What the device did not have: if it has now, the block is read as planned again."""
        answer = await self._ask_again(poll, part.block) if part.block is poll.again else None
        self._take(poll, part, answer)
        if answer is None:
            return [part]
        tags = [value.tag for value in part.block.values]
        log.info("device has registers again", device=self.name, tags=tags)
        return [_planned(part.origin)]

    async def _ask_again(self, poll: Poll, block: Block) -> Answer:
        try:
            return await self._ask(poll, block)
        except DeviceRefused:
            self._absent.refused(block, _moment(poll.connection))
            return None

    async def _find_readable(self, poll: Poll, block: Block) -> list[_Part]:
        async def ask(part: Block) -> Answer:
            try:
                return await self._ask(poll, part)
            except DeviceRefused as refusal:
                if refusal.code == _ILLEGAL_ADDRESS:
                    return None
                raise

        parts: list[_Part] = []
        for found, answer in await find_readable(block, ask):
            parts.append(_part(found, block, planned=False, readable=answer is not None))
            self._take(poll, parts[-1], answer)
            if answer is None:
                self._absent.refused(found, _moment(poll.connection))
        self._say_unreadable(parts)
        return parts

    async def _ask(self, poll: Poll, block: Block) -> Sequence[int] | Sequence[bool]:
        return await poll.connection.read(self._unit, block, patience_s=poll.patience_s)

    def _take(self, poll: Poll, part: _Part, answer: Answer) -> None:
        ts = self._stamp(self.name)
        values = part.block.values
        if answer is None:
            poll.readings.append(_bad(values, ts, Reason.CONFIGURATION))
            return
        value, quality = part.decoder.decode(answer)
        poll.alarms += self._alarm_changes(part, ts, value, quality)
        places = list(part.points)
        index = np.arange(len(places), dtype=np.int32)
        times = np.full(len(places), ts, np.int64)
        tags = tuple(values[place].tag for place in places)
        poll.readings.append(ReadingBatch(tags, index, times, value[places], quality[places]))

    def _alarm_changes(
        self, part: _Part, ts: int, value: Float64s, quality: UInt8s
    ) -> Iterator[SensorAlarm]:
        """The alarms that changed, and at first all of them; what cannot be read has not changed."""
        for place, alarm in part.alarms:
            active = bool(value[place]) is alarm.active
            if quality[place] == Quality.GOOD and self._active.get(alarm.code) is not active:
                self._active[alarm.code] = active
                yield SensorAlarm(
                    alarm.asset, alarm.code, ts, active, alarm.severity, alarm.message
                )

    def _say_refused(self, block: Block, refusal: DeviceRefused) -> None:
        if block not in self._refused:
            self._refused.add(block)
            log.warning(
                "device refuses registers",
                device=self.name,
                table=str(block.table),
                start=block.start,
                count=block.count,
                code=refusal.code,
            )

    def _say_unreadable(self, parts: Sequence[_Part]) -> None:
        tags = [value.tag for part in parts if not part.readable for value in part.block.values]
        if tags:
            log.warning("device does not have registers", device=self.name, tags=tags)


def _moment(connection: ModbusConnection) -> Moment:
    return Moment(asyncio.get_running_loop().time(), connection.opened)


def _rejoined(parts: Sequence[_Part]) -> list[_Part]:
    """Without the parts of a block that is read as planned again."""
    whole = {id(part.origin) for part in parts if part.planned}
    return [part for part in parts if part.planned or id(part.origin) not in whole]


def _planned(block: Block) -> _Part:
    return _part(block, block, planned=True, readable=True)


def _part(block: Block, origin: Block, *, planned: bool, readable: bool) -> _Part:
    values = block.values
    points = tuple(place for place, value in enumerate(values) if value.alarm is None)
    alarms = tuple((place, each.alarm) for place, each in enumerate(values) if each.alarm)
    return _Part(
        block, origin, BlockDecoder(block.start, values), planned, readable, points, alarms
    )


def _bad(values: Sequence[Value], ts: int, reason: Reason) -> ReadingBatch:
    code = quality_code(Quality.BAD, reason)
    points = [value for value in values if value.alarm is None]
    return ReadingBatch.from_rows((point.tag, ts, float("nan"), code) for point in points)
