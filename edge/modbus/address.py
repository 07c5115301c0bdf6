"""Addresses as manuals print them, to the table and the address on the wire. Pure."""

import re
from typing import Literal

from edge.modbus.registers import TABLE_SIZE, Table

Base = Literal[0, 1, "modicon"]
"""What the first register of a table is called: 0, 1, or 40001 and its like."""

_NUMBER = re.compile(r"[0134](?:\d{4}|\d{5})")
_TABLES = {"0": Table.COIL, "1": Table.DISCRETE, "3": Table.INPUT, "4": Table.HOLDING}
_FIRST_NUMBER_IN_DIGITS = 10_001


def locate(at: int | str, *, base: Base, table: Table) -> tuple[Table, int]:
    """Table and address on the wire, from 0, of `at` counted from `base`.

    A Modicon number names its table itself. Raises `ValueError` with problem and remedy.
    """
    if base == "modicon":
        return _locate_number(at)
    number = at if isinstance(at, int) else None
    if number is None:
        raise ValueError(
            f"at is the text {at!r} | Write a number; for numbers such as 40001 say `base: modicon`"
        )
    if not base <= number < TABLE_SIZE + base:
        last = TABLE_SIZE - 1 + base
        raise ValueError(f"at is {at}, not one of {base} to {last} | Correct `at` or `base`")
    return table, number - base


def _locate_number(at: int | str) -> tuple[Table, int]:
    if isinstance(at, int) and 0 <= at < _FIRST_NUMBER_IN_DIGITS:
        # YAML takes the leading nought of 00012 for octal and gives 10.
        raise ValueError(
            f"at is {at}, which may have lost noughts | Quote a coil's number: '00012'"
        )
    text = str(at)
    number = int(text[1:]) if _NUMBER.fullmatch(text) else 0
    if not 1 <= number <= TABLE_SIZE:
        raise ValueError(
            f"at is {text}, which is no register's number | Coils are 00001 up, discrete inputs "
            "10001, input registers 30001, holding registers 40001; or with six digits, to 465536"
        )
    return _TABLES[text[0]], number - 1
