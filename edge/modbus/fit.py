"""Whether values can be what a device's map says: types, limits, and registers used twice. Pure.

Each answer is `problem | remedy`, or None.
"""

from collections.abc import Sequence

from edge.modbus.plan import Value, most_entries
from edge.modbus.registers import TABLE_SIZE, ValueType

_WITH_BITS = frozenset({ValueType.BIT, ValueType.UINT16, ValueType.INT16})
_MADE_OF_WORDS = frozenset({ValueType.UINT32, ValueType.INT32, ValueType.UINT64, ValueType.INT64})


def misfit(value: Value, *, max_words: int) -> str | None:
    """What is wrong with one value by itself."""
    return (
        _wrong_type(value)
        or _wrong_string(value)
        or _wrong_enum(value)
        or _wrong_size(value, max_words)
    )


def contradiction(values: Sequence[Value]) -> str | None:
    """Two values that cannot both be right, since they share registers in ways that exclude.

    A word and its bits, or a whole number of 32 or 64 bits and its words, may be read side by side.
    """
    ordered = sorted(values, key=lambda value: (value.table, value.at, -value.end))
    for place, one in enumerate(ordered):
        for other in ordered[place + 1 :]:
            if other.table is not one.table or other.at >= one.end:
                break
            if _exclude(one, other):
                return (
                    f"{one.tag} ({one.type} at {one.at}) and {other.tag} ({other.type} at "
                    f"{other.at}, counted from 0) share registers | Correct `at` or `type` of one"
                )
    return None


def _wrong_type(value: Value) -> str | None:
    table, kind = value.table, value.type
    if table.holds_bits and kind is not ValueType.BIT:
        return f"type {kind} does not fit table {table} | Use type bit"
    if table.holds_bits and value.bit is not None:
        return f"`bit` does not fit table {table} | Drop `bit`; each entry is one bit"
    if not table.holds_bits and kind is ValueType.BIT and value.bit is None:
        remedy = "Add `bit: 0..15`, or use uint16 or another word type"
        return f"type bit in table {table} does not say which | {remedy}"
    if value.bit is not None and kind not in _WITH_BITS:
        return f"`bit` does not fit type {kind} | Use uint16 at the word that holds the bit"
    return None


def _wrong_string(value: Value) -> str | None:
    if value.type is not ValueType.STRING:
        return "`length` fits strings only | Drop it" if value.length is not None else None
    if value.length is None:
        return "a string does not say how long it is | Add `length:`, the registers it takes"
    if not value.enum:
        remedy = "Give `enum:` with a number for each text, or leave the point out"
        return f"a string is no number | {remedy}"
    return None


def _wrong_enum(value: Value) -> str | None:
    if value.enum and (value.scale, value.offset) != (1.0, 0.0):
        return "`enum` gives the reading itself | Drop `scale` and `offset`"
    wanted = str if value.type is ValueType.STRING else int
    for raw, _ in value.enum:
        if not isinstance(raw, wanted):
            kind = "a text" if wanted is str else "a whole number"
            return f"`enum` has {raw!r}, but type {value.type} gives {kind} | Write it as {kind}"
    return None


def _wrong_size(value: Value, max_words: int) -> str | None:
    if value.end > TABLE_SIZE:
        what = f"type {value.type} at {value.at} (counted from 0)"
        return f"{what} goes past register 65535 | Correct `at` or `type`"
    if value.registers > most_entries(value.table, max_words):
        return (
            f"type {value.type} takes {value.registers} registers, but `max_words` is {max_words}, "
            "which would split it | Raise `max_words`"
        )
    return None


def _exclude(one: Value, other: Value) -> bool:
    """Do two overlapping values exclude each other? `one` starts first and, if both do, is longer."""
    if (one.at, one.end) == (other.at, other.end):
        return one.registers > 1 and (one.type, one.order) != (other.type, other.order)
    return other.end > one.end or one.type not in _MADE_OF_WORDS
