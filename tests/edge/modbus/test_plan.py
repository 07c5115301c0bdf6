"""The planner reads every value whole, in few requests, within the device's limits."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from edge.modbus.plan import Block, Value, plan
from edge.modbus.registers import Table, ValueType

_WORD_TYPES = [kind for kind in ValueType if kind is not ValueType.BIT]


@st.composite
def values(draw: st.DrawFn) -> Value:
    table = draw(st.sampled_from(Table))
    kind = ValueType.BIT if table.holds_bits else draw(st.sampled_from(_WORD_TYPES))
    at = draw(st.integers(0, 400))
    return Value(f"A.{draw(st.integers(0, 10**6))}", table, at, kind)


def word(at: int, kind: ValueType = ValueType.UINT16, table: Table = Table.HOLDING) -> Value:
    return Value(f"A.{at}", table, at, kind)


def spans(blocks: list[Block]) -> list[tuple[Table, int, int]]:
    return [(block.table, block.start, block.count) for block in blocks]


@given(st.lists(values(), max_size=60), st.integers(0, 20), st.integers(4, 125))
def test_every_value_stands_whole_in_one_block_of_its_table(
    wanted: list[Value], max_gap: int, max_words: int
) -> None:
    blocks = plan(wanted, max_gap=max_gap, max_words=max_words)
    planned = [value for block in blocks for value in block.values]
    assert sorted(planned, key=repr) == sorted(wanted, key=repr)
    for block in blocks:
        assert all(value.table is block.table for value in block.values)
        assert all(block.start <= v.at and v.end <= block.end for v in block.values)
        assert block.count <= max_words * (16 if block.table.holds_bits else 1)


@given(st.lists(values(), max_size=60), st.integers(0, 20), st.integers(4, 125))
def test_neighbouring_blocks_could_not_have_been_one(
    wanted: list[Value], max_gap: int, max_words: int
) -> None:
    blocks = plan(wanted, max_gap=max_gap, max_words=max_words)
    for one, other in pairwise(blocks):
        if one.table is other.table:
            size = 16 if one.table.holds_bits else 1
            first = other.values[0]
            too_far = first.at - one.end > max_gap * size
            assert too_far or max(first.end, one.end) - one.start > max_words * size


def test_a_gap_up_to_the_limit_is_read_along() -> None:
    near = plan([word(0), word(9)], max_gap=8, max_words=120)
    far = plan([word(0), word(10)], max_gap=8, max_words=120)
    assert spans(near) == [(Table.HOLDING, 0, 10)]
    assert spans(far) == [(Table.HOLDING, 0, 1), (Table.HOLDING, 10, 1)]


def test_a_value_is_not_split_at_the_end_of_a_block() -> None:
    blocks = plan([word(at, ValueType.FLOAT64) for at in range(0, 12, 4)], max_gap=0, max_words=10)
    assert spans(blocks) == [(Table.HOLDING, 0, 8), (Table.HOLDING, 8, 4)]


def test_input_and_holding_registers_are_not_mixed() -> None:
    blocks = plan([word(0), word(1, table=Table.INPUT)], max_gap=8, max_words=120)
    assert {block.table for block in blocks} == {Table.HOLDING, Table.INPUT}


def test_eighty_neighbours_are_one_request() -> None:
    wanted = [word(at, ValueType.FLOAT32) for at in range(0, 80, 2)]
    assert spans(plan(wanted, max_gap=8, max_words=120)) == [(Table.HOLDING, 0, 80)]


def test_sixteen_bits_count_as_a_word() -> None:
    coils = [word(at, ValueType.BIT, Table.COIL) for at in (0, 100, 1919)]
    assert spans(plan(coils, max_gap=120, max_words=120)) == [(Table.COIL, 0, 1920)]
