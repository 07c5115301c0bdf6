"""Changes are read from their binary form as asyncua reads them, whatever stands among them."""

import math
import struct
from contextlib import suppress
from typing import Any

import pytest
from asyncua import ua
from asyncua.common.utils import Buffer
from asyncua.ua import VariantType
from asyncua.ua.ua_binary import struct_from_binary, struct_to_binary, variant_to_binary
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from edge.opcua.changes import Changes, Kind, changes_of

INTEGERS = {
    VariantType.SByte: (-(2**7), 2**7 - 1),
    VariantType.Byte: (0, 2**8 - 1),
    VariantType.Int16: (-(2**15), 2**15 - 1),
    VariantType.UInt16: (0, 2**16 - 1),
    VariantType.Int32: (-(2**31), 2**31 - 1),
    VariantType.UInt32: (0, 2**32 - 1),
    VariantType.Int64: (-(2**63), 2**63 - 1),
    VariantType.UInt64: (0, 2**64 - 1),
}
TICKS = st.integers(1, 2**62)
"""Times in 100 ns since 1601."""


def variants() -> st.SearchStrategy[ua.Variant]:
    numbers = [
        st.builds(ua.Variant, st.integers(*limits), st.just(kind))
        for kind, limits in INTEGERS.items()
    ]
    return st.one_of(
        *numbers,
        st.builds(ua.Variant, st.booleans(), st.just(VariantType.Boolean)),
        st.builds(ua.Variant, st.floats(width=32), st.just(VariantType.Float)),
        st.builds(ua.Variant, st.floats(), st.just(VariantType.Double)),
        st.builds(ua.Variant, st.text(max_size=5), st.just(VariantType.String)),
        st.builds(ua.Variant, st.lists(st.floats(), max_size=3), st.just(VariantType.Double)),
        st.just(ua.Variant(None)),
    )


Fields = dict[str, Any]

# How long examples take to make says nothing of what is tested.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def fields() -> st.SearchStrategy[Fields]:
    """A change, each field of its DataValue there or not."""
    return st.fixed_dictionaries(
        {"handle": st.integers(0, 2**32 - 1)},
        optional={
            "value": variants(),
            "status": st.integers(0, 2**32 - 1),
            "source": TICKS,
            "source_picoseconds": st.integers(0, 9_999),
            "server": TICKS,
            "server_picoseconds": st.integers(0, 9_999),
        },
    )


def encoded(changes: list[Fields]) -> bytes:
    """A DataChangeNotification as Part 6 has it, independent of any library but for the Variant."""
    parts = [struct.pack("<i", len(changes))]
    for change in changes:
        mask, rest = 0, b""
        for bit, name, form in (
            (0x01, "value", ""),
            (0x02, "status", "<I"),
            (0x04, "source", "<q"),
            (0x10, "source_picoseconds", "<H"),
            (0x08, "server", "<q"),
            (0x20, "server_picoseconds", "<H"),
        ):
            if name in change:
                mask |= bit
                value = change[name]
                rest += struct.pack(form, value) if form else variant_to_binary(value)
        parts.append(struct.pack("<IB", change["handle"], mask) + rest)
    return b"".join([*parts, struct.pack("<i", -1)])


def wanted(change: Fields) -> tuple[Any, ...]:
    """What `changes_of` should give of it."""
    value = change["value"].Value if "value" in change else None
    number = isinstance(value, bool | int | float)
    kind = Kind.NUMBER if number else Kind.NOTHING if value is None else Kind.OTHER
    return (
        change["handle"],
        float(value) if number else math.nan,
        kind,
        *(change.get(name, 0) for name in ("status", "source", "server")),
    )


def same(found: Changes, expected: list[tuple[Any, ...]]) -> bool:
    def plain(row: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(None if value != value else value for value in row)

    return [plain(row) for row in found.tolist()] == [plain(row) for row in expected]


@unhurried
@given(st.lists(fields()))
@example([{"handle": 1, "value": ua.Variant("a")}, {"handle": 2, "value": ua.Variant(2.0)}])
def test_every_change_is_read_whatever_stands_beside_it(changes: list[Fields]) -> None:
    assert same(changes_of(encoded(changes)), [wanted(change) for change in changes])


def data_values() -> st.SearchStrategy[ua.DataValue]:
    """Without picoseconds, whose place asyncua mistakes."""
    moments = st.none() | st.integers(0, 2**52).map(lambda us: ua.win_epoch_to_datetime(10 * us))
    codes = st.none() | st.integers(0, 2**32 - 1).map(lambda code: ua.StatusCode(ua.UInt32(code)))
    return st.builds(
        ua.DataValue,
        variants(),
        StatusCode=codes,
        SourceTimestamp=moments,
        ServerTimestamp=moments,
    )


@unhurried
@given(st.lists(st.tuples(st.integers(0, 2**32 - 1), data_values())))
def test_changes_are_read_as_asyncua_reads_them(values: list[tuple[int, ua.DataValue]]) -> None:
    items = [ua.MonitoredItemNotification(handle, value) for handle, value in values]
    body = struct_to_binary(ua.DataChangeNotification(items))
    theirs = struct_from_binary(ua.DataChangeNotification, Buffer(body)).MonitoredItems
    assert same(changes_of(body), [as_asyncua_has_it(each) for each in theirs])


def as_asyncua_has_it(change: ua.MonitoredItemNotification) -> tuple[Any, ...]:
    data = change.Value
    told: Fields = {"handle": change.ClientHandle, "value": data.Value}
    if data.StatusCode is not None:
        told["status"] = data.StatusCode.value
    for name, moment in (("source", data.SourceTimestamp), ("server", data.ServerTimestamp)):
        if moment is not None:
            told[name] = ua.datetime_to_win_epoch(moment)
    return wanted(told)


def test_a_boolean_that_is_neither_0_nor_1_is_true() -> None:
    body = struct.pack("<iIBBB", 1, 7, 0x01, 1, 200)
    assert changes_of(body)["value"].tolist() == [1.0]


@unhurried
@given(st.lists(fields(), min_size=1), st.data())
def test_a_notification_that_ends_too_soon_is_refused(
    changes: list[Fields], data: st.DataObject
) -> None:
    body = encoded(changes)[:-4]
    cut = data.draw(st.integers(0, len(body) - 1))
    with pytest.raises(Exception):  # noqa: B017, PT011 - of any kind, as its docstring says
        changes_of(body[:cut])


@unhurried
@given(st.binary())
def test_no_bytes_take_more_than_an_exception(body: bytes) -> None:
    with suppress(Exception):  # of any kind, as its docstring says
        changes_of(body)
