"""Changes of values from OPC UA's binary form (Part 6, 5.2.2.17) into columns. Pure.

A server that is asked for thousands of items sends them in one notification. What differs from one
change to the next is its form: which fields there are, and of which type the value is. So a first
pass finds where each change begins, and NumPy then reads all changes of one form at once. Only a
value that is no single number (text, array, structure) is decoded by itself, by asyncua.
"""

import struct
from collections.abc import Mapping, Sequence
from enum import IntEnum
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
from asyncua.common.utils import Buffer
from asyncua.ua.ua_binary import variant_from_binary

CHANGE = np.dtype(
    [
        ("handle", np.uint32),
        ("value", np.float64),
        ("kind", np.uint8),
        ("status", np.uint32),
        ("source", np.int64),
        ("server", np.int64),
    ]
)
"""One change: the item's handle, the value (NaN where it is no number), its kind, the status code,
and the times of source and server in 100 ns since 1601, 0 where there is none."""

Changes = npt.NDArray[np.void]
"""An array of `CHANGE`, in the order in which the server tells them."""


class Kind(IntEnum):
    """What a value is."""

    NUMBER = 0
    NOTHING = 1
    OTHER = 2
    """Text, a structure, more than one number: nothing that a point could keep."""


_COUNT = struct.Struct("<i")
_HANDLE = struct.Struct("<I")
_HAS_VALUE = 0x01
_FIELDS = 0x3F
_NUMBERS = ("?", "i1", "u1", "<i2", "<u2", "<i4", "<u4", "<i8", "<u8", "<f4", "<f8")
"""The types of a Variant that are numbers, from 1, Boolean, to 11, Double."""
_BEHIND_VALUE = (
    (0x02, "status", "<u4"),
    (0x04, "source", "<i8"),
    (0x10, "source_picoseconds", "<u2"),
    (0x08, "server", "<i8"),
    (0x20, "server_picoseconds", "<u2"),
)
"""The fields that may follow the value, in their order, and the bit that says that one does."""


def _layout(fields: int, variant: int) -> np.dtype[np.void]:
    """How a DataValue lies in memory from behind its first byte on."""
    value = [("variant", "u1"), ("value", _NUMBERS[variant - 1])] if fields & _HAS_VALUE else []
    return np.dtype(value + [(name, kind) for bit, name, kind in _BEHIND_VALUE if fields & bit])


def _form(fields: int, variant: int) -> int:
    """One number for the fields that there are and the type of the value."""
    return fields | variant << 8 if fields & _HAS_VALUE else fields


_LAYOUTS: Mapping[int, np.dtype[np.void]] = MappingProxyType(
    {
        _form(fields, variant): _layout(fields, variant)
        for fields in range(_FIELDS + 1)
        for variant in range(1, len(_NUMBERS) + 1)
    }
)
_SIZES: Mapping[int, int] = MappingProxyType(
    {form: layout.itemsize for form, layout in _LAYOUTS.items()}
)


def changes_of(body: bytes) -> Changes:
    """The changes in the body of a DataChangeNotification.

    Raises all kinds of errors where the body is not as it should be.
    """
    (count,) = _COUNT.unpack_from(body)
    places, behind, forms = [], [], []
    others: list[tuple[int, float, Kind]] = []
    at = _COUNT.size
    for number in range(count):
        places.append(at)
        at += _HANDLE.size + 1
        form = body[at - 1] & _FIELDS
        if form & _HAS_VALUE:
            form |= body[at] << 8
            if form not in _SIZES:
                value, kind, at = _other(body, at)
                others.append((number, value, kind))
                form &= _FIELDS - _HAS_VALUE
        behind.append(at)
        forms.append(form)
        at += _SIZES[form]
    if at > len(body):
        raise IndexError("the notification ends within a change")
    changes = _gathered(np.frombuffer(body, np.uint8), places, behind, forms)
    for number, value, kind in others:
        changes["value"][number], changes["kind"][number] = value, kind
    return changes


def _gathered(
    body: npt.NDArray[np.uint8], places: Sequence[int], behind: Sequence[int], forms: Sequence[int]
) -> Changes:
    """The changes whose handles stand at `places` and whose fields of a form stand at `behind`."""
    changes = np.zeros(len(places), CHANGE)
    if not len(changes):
        return changes
    handle = np.dtype([("handle", "<u4")])
    changes["handle"] = _records(body, np.array(places), handle)["handle"]
    of_change, starts = np.array(forms), np.array(behind)
    for form in np.unique(of_change).tolist():
        rows = np.flatnonzero(of_change == form)
        layout = _LAYOUTS[form]
        if layout.itemsize:
            records = _records(body, starts[rows], layout)
            for name in CHANGE.fields.keys() & layout.fields.keys():  # type: ignore[union-attr]
                changes[name][rows] = records[name]
        if not form & _HAS_VALUE:
            changes["value"][rows], changes["kind"][rows] = np.nan, Kind.NOTHING
    return changes


def _records(
    body: npt.NDArray[np.uint8], starts: npt.NDArray[np.int_], layout: np.dtype[np.void]
) -> Changes:
    found = body[starts[:, np.newaxis] + np.arange(layout.itemsize)]
    records: Changes = found.view(layout)[:, 0]
    return records


def _other(body: bytes, at: int) -> tuple[float, Kind, int]:
    """The Variant at a place that is no single number, as (value, kind, its end)."""
    buffer = Buffer(body, at)
    variant = variant_from_binary(buffer)
    kind = Kind.NOTHING if variant.Value is None else Kind.OTHER
    return np.nan, kind, buffer.cur_pos
