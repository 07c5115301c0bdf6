"""Which requests read a device's values: registers gathered into as few blocks as its limits allow.

Pure. A block never mixes tables (function codes) and never splits a value.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from edge.modbus.registers import ByteOrder, Table, ValueType

_BITS_PER_WORD = 16


def most_entries(table: Table, max_words: int) -> int:
    """Entries of a table that fit one request of `max_words`."""
    return max_words * (_BITS_PER_WORD if table.holds_bits else 1)


@dataclass(frozen=True, slots=True)
class AlarmBit:
    """What a value says that is an alarm, not a reading; `severity` is OPC UA's 1 to 1000."""

    asset: str
    code: str
    severity: int
    message: str
    active: bool
    """The state of the bit while the alarm is active."""


@dataclass(frozen=True, slots=True)
class Value:
    """One value in a device's registers, and the tag that it becomes."""

    tag: str
    table: Table
    at: int
    type: ValueType = ValueType.UINT16
    order: ByteOrder = ByteOrder.ABCD
    bit: int | None = None
    scale: float = 1.0
    offset: float = 0.0
    length: int | None = None
    """Registers of a string."""
    enum: tuple[tuple[int | str, float], ...] = ()
    """Reading for each raw number or text; others are no reading. Empty: the raw number counts."""
    alarm: AlarmBit | None = None

    @property
    def registers(self) -> int:
        """Entries of the table that it takes."""
        return self.length or self.type.registers

    @property
    def end(self) -> int:
        """The address after its last register."""
        return self.at + self.registers


@dataclass(frozen=True, slots=True)
class Block:
    """One request, and the values that its answer holds, by address."""

    table: Table
    start: int
    count: int
    values: tuple[Value, ...]

    @property
    def end(self) -> int:
        """The address after its last register."""
        return self.start + self.count


def plan(values: Iterable[Value], *, max_gap: int, max_words: int) -> list[Block]:
    """The fewest blocks that hold all values, by table and address.

    Neighbours join while at most `max_gap` registers lie unused between them and the block holds at
    most `max_words`; of bits, sixteen count as a word.
    """
    blocks: list[Block] = []
    for value in sorted(values, key=lambda value: (value.table, value.at, value.end)):
        size = _BITS_PER_WORD if value.table.holds_bits else 1
        last = blocks[-1] if blocks else None
        joins = (
            last is not None
            and last.table is value.table
            and value.at - last.end <= max_gap * size
            and max(value.end, last.end) - last.start <= most_entries(value.table, max_words)
        )
        if last is not None and joins:
            count = max(value.end, last.end) - last.start
            blocks[-1] = Block(last.table, last.start, count, (*last.values, value))
        else:
            blocks.append(Block(value.table, value.at, value.end - value.at, (value,)))
    return blocks


def block_of(values: Sequence[Value]) -> Block:
    """The block that holds `values`, of one table and in order of address, and no more."""
    start, end = values[0].at, max(value.end for value in values)
    return Block(values[0].table, start, end - start, tuple(values))


def halves(block: Block) -> list[Block]:
    """The block in two, cut where no value is split; none where it cannot be cut."""
    cuts: list[int] = []
    end = 0
    for place, value in enumerate(block.values):
        if place and value.at >= end:
            cuts.append(place)
        end = max(end, value.end)
    if not cuts:
        return []
    cut = cuts[len(cuts) // 2]
    return [block_of(block.values[:cut]), block_of(block.values[cut:])]
