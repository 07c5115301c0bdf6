"""PostgreSQL's binary COPY form of readings, made from columns without an object per reading.

A row is a count of fields, then each field as its length and its bytes, all big-endian; a length
of -1 is NULL and has no bytes. Times count microseconds from 2000-01-01 (PostgreSQL manual, COPY,
"Binary Format").
"""

import numpy as np
import numpy.typing as npt

from edge.reading import Float64s, Int32s, Int64s, UInt8s

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
EPOCH_US = 946_684_800_000_000
"""2000-01-01 UTC in microseconds since 1970."""

_ROW = np.dtype(
    [
        ("fields", ">i2"),
        ("point_length", ">i4"),
        ("point_id", ">i4"),
        ("ts_length", ">i4"),
        ("ts", ">i8"),
        ("value_length", ">i4"),
        ("value", ">f8"),
        ("quality_length", ">i4"),
        ("quality", ">i2"),
    ]
)
_VALUE_LENGTH, _VALUE = _ROW.fields["value_length"][1], _ROW.fields["value"][1]  # type: ignore[index]


def encode_rows(point_id: Int32s, ts: Int64s, value: Float64s, quality: UInt8s) -> bytes:
    """Rows of `reading` (point_id, ts, value, quality) without header and trailer.

    `ts` is in microseconds since 1970; a NaN becomes NULL.
    """
    rows = np.empty(len(ts), _ROW)
    rows["fields"] = 4
    rows["point_length"] = 4
    rows["point_id"] = point_id
    rows["ts_length"] = 8
    rows["ts"] = ts - EPOCH_US
    rows["value_length"] = 8
    rows["value"] = value
    rows["quality_length"] = 2
    rows["quality"] = quality
    missing = np.isnan(value)
    if not missing.any():
        return rows.tobytes()
    rows["value_length"][missing] = -1
    kept = np.ones((len(ts), _ROW.itemsize), np.bool_)
    kept[missing, _VALUE : _VALUE + 8] = False
    return rows.view(np.uint8).reshape(len(ts), _ROW.itemsize)[kept].tobytes()


def encode_array(column: npt.NDArray[np.generic], element_oid: int) -> bytes:
    """A column as a PostgreSQL array in binary form: fixed-width elements of one type, no NULL.

    The form is a head (dimensions, flags, type, length, lower bound), then elements like fields.
    """
    element = column.dtype.newbyteorder(">")
    packed = np.empty(len(column), [("length", ">i4"), ("element", element)])
    packed["length"] = element.itemsize
    packed["element"] = column
    head = np.array([1, 0, element_oid, len(column), 1], ">i4")
    return head.tobytes() + packed.tobytes()
