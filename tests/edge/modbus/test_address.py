"""Addresses as manuals print them: from 0, from 1, or as numbers that name their table."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.modbus.address import Base, locate
from edge.modbus.registers import Table

_FIRST_DIGITS = {Table.DISCRETE: 1, Table.INPUT: 3, Table.HOLDING: 4}


@given(st.sampled_from(list(_FIRST_DIGITS)), st.integers(1, 65_536))
def test_a_number_of_six_digits_reaches_every_register(table: Table, number: int) -> None:
    at = _FIRST_DIGITS[table] * 100_000 + number
    assert locate(at, base="modicon", table=Table.COIL) == (table, number - 1)
    assert locate(str(at), base="modicon", table=Table.COIL) == (table, number - 1)


@pytest.mark.parametrize(
    ("at", "base", "place"),
    [
        (0, 0, (Table.INPUT, 0)),
        (65_535, 0, (Table.INPUT, 65_535)),
        (1, 1, (Table.INPUT, 0)),
        (65_536, 1, (Table.INPUT, 65_535)),
        (40_001, 0, (Table.INPUT, 40_001)),
        (40_001, "modicon", (Table.HOLDING, 0)),
        (30_010, "modicon", (Table.INPUT, 9)),
        (19_999, "modicon", (Table.DISCRETE, 9_998)),
        ("00012", "modicon", (Table.COIL, 11)),
        ("065536", "modicon", (Table.COIL, 65_535)),
    ],
)
def test_an_address_is_counted_from_its_base(
    at: int | str, base: Base, place: tuple[Table, int]
) -> None:
    assert locate(at, base=base, table=Table.INPUT) == place


@pytest.mark.parametrize(
    ("at", "base", "message"),
    [
        (-1, 0, "not one of 0 to 65535"),
        (65_536, 0, "not one of 0 to 65535"),
        (0, 1, "not one of 1 to 65536"),
        ("40001", 0, "say `base: modicon`"),
        (10, "modicon", "Quote a coil's number: '00012'"),
        (20_001, "modicon", "no register's number"),
        (40_000, "modicon", "no register's number"),
        (465_537, "modicon", "no register's number"),
        ("0x10", "modicon", "no register's number"),
        (-40_001, "modicon", "no register's number"),
    ],
)
def test_an_address_that_cannot_be_is_refused(at: int | str, base: Base, message: str) -> None:
    with pytest.raises(ValueError, match=r"at is .* \| ") as refused:
        locate(at, base=base, table=Table.INPUT)
    assert message in str(refused.value)
