"""Words off the wire to numbers and texts, by type and byte order. Pure.

What cannot be read as a number (a digit above nine in BCD) becomes NaN.
"""

import numpy as np
import numpy.typing as npt

from edge.modbus.registers import ByteOrder, ValueType
from edge.reading import Float64s

Words = npt.NDArray[np.uint16]

DTYPES = {
    ValueType.BIT: ">u2",
    ValueType.UINT16: ">u2",
    ValueType.INT16: ">i2",
    ValueType.UINT32: ">u4",
    ValueType.INT32: ">i4",
    ValueType.UINT64: ">u8",
    ValueType.INT64: ">i8",
    ValueType.FLOAT16: ">f2",
    ValueType.FLOAT32: ">f4",
    ValueType.FLOAT64: ">f8",
}
"""Number of each type with its most significant byte first."""

_HALVES = {
    ValueType.UINT8_HIGH: (8, np.uint8),
    ValueType.UINT8_LOW: (0, np.uint8),
    ValueType.INT8_HIGH: (8, np.int8),
    ValueType.INT8_LOW: (0, np.int8),
}
_LARGEST_DIGIT = 9


def numbers(words: Words, kind: ValueType, order: ByteOrder) -> Float64s:
    """One number from each row of `words` (rows, words per number), as they came off the wire.

    Halves of a register are its high and low byte on the wire, whatever the order.
    """
    if kind in _HALVES:
        shift, dtype = _HALVES[kind]
        return (words[:, 0] >> shift).astype(np.uint8).view(dtype).astype(np.float64)
    in_order = ordered(words, order)
    if kind in {ValueType.BCD16, ValueType.BCD32}:
        return _decimal(in_order)
    with np.errstate(invalid="ignore"):
        return in_order.view(DTYPES[kind])[:, 0].astype(np.float64)


def text(words: Words, order: ByteOrder) -> str:
    """The text of one string's registers, without the noughts and blanks at its end.

    The order says which byte of a register is first; registers follow each other as they stand.
    """
    whole = words.byteswap() if order.swaps_bytes else words
    sent = whole.astype(">u2").tobytes()
    return sent.split(b"\0", 1)[0].decode("utf-8", "replace").rstrip()


def ordered(words: Words, order: ByteOrder) -> npt.NDArray[np.uint16]:
    """Words off the wire with the most significant word and byte first, or such words for the wire.

    Each row is one number of its full width; doing it twice changes nothing.
    """
    if order.swaps_words:
        words = words[:, ::-1]
    if order.swaps_bytes:
        words = words.byteswap()
    return np.ascontiguousarray(words.astype(">u2"))


def _decimal(words: npt.NDArray[np.uint16]) -> Float64s:
    """Four digits from each word, the first the most significant."""
    shifts = np.array([12, 8, 4, 0], np.uint16)
    digits = (words.astype(np.uint16)[:, :, None] >> shifts & 0xF).reshape(len(words), -1)
    weights = 10.0 ** np.arange(digits.shape[1] - 1, -1, -1)
    number: Float64s = digits @ weights
    return np.where((digits > _LARGEST_DIGIT).any(axis=1), np.nan, number)
