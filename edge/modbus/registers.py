"""The words of Modbus: tables of registers, types of values, order of their bytes."""

from enum import StrEnum


class Table(StrEnum):
    """A device's four tables."""

    COIL = "coil"
    DISCRETE = "discrete"
    INPUT = "input"
    HOLDING = "holding"

    @property
    def holds_bits(self) -> bool:
        """Are its entries single bits (else 16-bit words)?"""
        return self in {Table.COIL, Table.DISCRETE}


class ValueType(StrEnum):
    """How the bits of one or more registers make a number."""

    BIT = "bit"
    UINT8_HIGH = "uint8_high"
    UINT8_LOW = "uint8_low"
    INT8_HIGH = "int8_high"
    INT8_LOW = "int8_low"
    UINT16 = "uint16"
    INT16 = "int16"
    UINT32 = "uint32"
    INT32 = "int32"
    FLOAT32 = "float32"
    UINT64 = "uint64"
    INT64 = "int64"
    FLOAT64 = "float64"
    FLOAT16 = "float16"
    BCD16 = "bcd16"
    BCD32 = "bcd32"
    STRING = "string"

    @property
    def registers(self) -> int:
        """Entries of the table that one value takes; of a string it is the least."""
        return {"32": 2, "64": 4}.get(self.value[-2:], 1)


class ByteOrder(StrEnum):
    """Order of a value's bytes on the wire, A the most significant; 64 bits go alike."""

    ABCD = "ABCD"
    DCBA = "DCBA"
    BADC = "BADC"
    CDAB = "CDAB"

    @property
    def swaps_words(self) -> bool:
        """Does the least significant word come first?"""
        return self in {ByteOrder.DCBA, ByteOrder.CDAB}

    @property
    def swaps_bytes(self) -> bool:
        """Does the least significant byte of each word come first?"""
        return self in {ByteOrder.DCBA, ByteOrder.BADC}


TABLE_SIZE = 65_536
"""Entries of each table."""
