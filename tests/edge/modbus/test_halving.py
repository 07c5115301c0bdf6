"""A refused block is halved until what the device does not have stands alone."""

from hypothesis import given
from hypothesis import strategies as st

from edge.modbus.halving import Answer, find_readable
from edge.modbus.plan import Block, Value, block_of, halves
from edge.modbus.registers import Table, ValueType


def block(*values: tuple[int, ValueType]) -> Block:
    ordered = sorted(values, key=lambda value: (value[0], value[1].registers))
    return block_of([Value(f"A.{at}", Table.HOLDING, at, kind) for at, kind in ordered])


class Device:
    """Answers with addresses; refuses a block that touches what it does not have."""

    def __init__(self, *missing: int) -> None:
        self.missing = set(missing)
        self.asked: list[tuple[int, int]] = []

    async def ask(self, part: Block) -> Answer:
        self.asked.append((part.start, part.count))
        held = range(part.start, part.end)
        return None if self.missing & set(held) else list(held)


async def parts(device: Device, refused: Block) -> list[tuple[int, int, bool]]:
    found = await find_readable(refused, device.ask)
    return [(part.start, part.count, answer is not None) for part, answer in found]


WORDS = block(*((at, ValueType.UINT16) for at in range(8)))


async def test_one_missing_register_is_found_and_its_neighbours_are_read_together() -> None:
    assert await parts(Device(5), WORDS) == [(0, 5, True), (5, 1, False), (6, 2, True)]


async def test_a_missing_register_between_values_splits_the_block_in_two() -> None:
    gapped = block((0, ValueType.UINT16), (1, ValueType.UINT16), (3, ValueType.FLOAT32))
    assert await parts(Device(2), gapped) == [(0, 2, True), (3, 2, True)]


async def test_values_that_share_registers_stand_or_fall_together() -> None:
    status = block_of(
        [Value(f"A.{bit}", Table.HOLDING, 0, bit=bit) for bit in range(16)]
        + [Value("A.x", Table.HOLDING, 1)]
    )
    device = Device(0)
    assert await parts(device, status) == [(0, 1, False), (1, 1, True)]
    assert device.asked == [(0, 1), (1, 1)]


async def test_a_device_that_has_none_is_asked_for_each_value_once() -> None:
    device = Device(*range(8))
    assert await parts(device, WORDS) == [(at, 1, False) for at in range(8)]
    assert len(device.asked) == len(set(device.asked)) == 14


@given(
    st.lists(
        st.tuples(st.integers(0, 60), st.sampled_from([ValueType.UINT16, ValueType.FLOAT64])),
        min_size=1,
        max_size=20,
        unique_by=lambda value: value[0],
    ),
    st.sets(st.integers(0, 64), min_size=1),
)
async def test_every_value_that_is_there_is_read(
    values: list[tuple[int, ValueType]], missing: set[int]
) -> None:
    refused = block(*values)
    device = Device(*missing)
    found = await find_readable(refused, device.ask)
    assert [value for part, _ in found for value in part.values] == list(refused.values)
    for part, answer in found:
        held = set(range(part.start, part.end))
        if answer is None:
            assert halves(part) == []
            assert held & missing or part == refused
        else:
            assert not held & missing
            assert list(answer) == sorted(held)
