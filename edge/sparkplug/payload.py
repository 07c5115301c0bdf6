"""Payloads of Sparkplug B, decoded as far as a host needs them, and encoded. Pure."""

import math
import zlib
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from google.protobuf.message import DecodeError

from edge.errors import PayloadError
from edge.sparkplug.schema import payload_class

_Payload: Any = payload_class()
_QUALITY = "Quality"
# A convention of the Sparkplug 2.2 clients: the body holds the payload proper.
_COMPRESSED = "SPBV1.0_COMPRESSED"
_ZLIB_OR_GZIP = 32 + zlib.MAX_WBITS
_LARGEST = 16 * 1024**2
BD_SEQ = "bdSeq"


class DataType(IntEnum):
    """What a metric's value is (Sparkplug 3.0, section 6.4.16)."""

    UNKNOWN = 0
    INT8 = 1
    INT16 = 2
    INT32 = 3
    INT64 = 4
    UINT8 = 5
    UINT16 = 6
    UINT32 = 7
    UINT64 = 8
    FLOAT = 9
    DOUBLE = 10
    BOOLEAN = 11
    STRING = 12
    DATETIME = 13
    TEXT = 14
    UUID = 15
    DATASET = 16
    BYTES = 17
    FILE = 18
    TEMPLATE = 19
    PROPERTYSET = 20
    PROPERTYSETLIST = 21
    INT8_ARRAY = 22
    INT16_ARRAY = 23
    INT32_ARRAY = 24
    INT64_ARRAY = 25
    UINT8_ARRAY = 26
    UINT16_ARRAY = 27
    UINT32_ARRAY = 28
    UINT64_ARRAY = 29
    FLOAT_ARRAY = 30
    DOUBLE_ARRAY = 31
    BOOLEAN_ARRAY = 32
    STRING_ARRAY = 33
    DATETIME_ARRAY = 34


_BITS = {
    DataType.INT8: 8,
    DataType.INT16: 16,
    DataType.INT32: 32,
    DataType.INT64: 64,
    DataType.UINT8: 8,
    DataType.UINT16: 16,
    DataType.UINT32: 32,
    DataType.UINT64: 64,
}
_SIGNED = frozenset({DataType.INT8, DataType.INT16, DataType.INT32, DataType.INT64})
_LONG = frozenset({DataType.INT64, DataType.UINT64, DataType.DATETIME})
_TEXT = frozenset({DataType.STRING, DataType.TEXT, DataType.UUID})
NUMERIC = frozenset({*_BITS, DataType.FLOAT, DataType.DOUBLE, DataType.BOOLEAN})
"""The types whose values are readings."""

_KNOWN = frozenset(DataType)
_INTEGER_FIELDS = frozenset({"int_value", "long_value"})
_SELF_DESCRIBED = {
    "float_value": DataType.FLOAT,
    "double_value": DataType.DOUBLE,
    "boolean_value": DataType.BOOLEAN,
}

Value = float | bool | str | bytes


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric as it is carried: whole numbers unsigned, read them with `number_of`.

    `name` is missing where only the alias is sent, `datatype` is UNKNOWN's 0 where a birth said it.
    `carrier` is the field that holds the value; of data sets and templates nothing else is kept.
    Times are milliseconds since 1970 UTC.
    """

    name: str | None = None
    alias: int | None = None
    timestamp: int | None = None
    datatype: int = DataType.UNKNOWN
    carrier: str | None = None
    value: Value | None = None
    is_null: bool = False
    is_historical: bool = False
    is_transient: bool = False
    quality: int | None = None


@dataclass(frozen=True, slots=True)
class Payload:
    """A message's content; times are milliseconds since 1970 UTC."""

    metrics: tuple[Metric, ...] = ()
    timestamp: int | None = None
    seq: int | None = None

    def bd_seq(self) -> int | None:
        """The number of the connection that a birth or death is about."""
        for metric in self.metrics:
            if metric.name == BD_SEQ and isinstance(metric.value, int):
                return metric.value
        return None


def decode_message(data: bytes) -> Payload:
    """The payload in what a node sent, compressed or not. Raises `PayloadError`."""
    if not data:
        # What a broker sends where somebody cleared a retained message.
        raise PayloadError("the payload is empty")
    try:
        message = _Payload.FromString(data)
        if message.uuid != _COMPRESSED:
            return _payload(message)
    except (DecodeError, UnicodeDecodeError) as error:
        raise PayloadError("the payload is not Sparkplug B") from error
    return decode(_inflated(message.body))


def _inflated(data: bytes) -> bytes:
    """What was compressed by DEFLATE or GZIP, within bounds. Raises `PayloadError`."""
    inflating = zlib.decompressobj(_ZLIB_OR_GZIP)
    try:
        found = inflating.decompress(data, _LARGEST)
    except zlib.error as error:
        raise PayloadError("the payload is not compressed as it says") from error
    if inflating.unconsumed_tail or not inflating.eof:
        raise PayloadError("the compressed payload is cut off, or too large")
    return found


def decode(data: bytes) -> Payload:
    """The payload in `data`. Raises `PayloadError`."""
    try:
        return _payload(_Payload.FromString(data))
    except (DecodeError, UnicodeDecodeError) as error:
        raise PayloadError("the payload is not Sparkplug B") from error


def _payload(message: Any) -> Payload:
    return Payload(
        tuple([_metric(each) for each in message.metrics]),
        message.timestamp if message.HasField("timestamp") else None,
        message.seq if message.HasField("seq") else None,
    )


def _metric(message: Any) -> Metric:
    carrier = message.WhichOneof("value")
    structured = carrier in {None, "dataset_value", "template_value"}
    return Metric(
        _name(message) if message.HasField("name") else None,
        message.alias if message.HasField("alias") else None,
        message.timestamp if message.HasField("timestamp") else None,
        message.datatype,
        carrier,
        None if structured else getattr(message, carrier),
        message.is_null,
        message.is_historical,
        message.is_transient,
        _quality(message.properties) if message.HasField("properties") else None,
    )


def _name(message: Any) -> str:
    # The library gives a text that is not UTF-8 as it came, as bytes.
    if not isinstance(message.name, str):
        raise PayloadError("the name of a metric is not text")
    return message.name


def _quality(properties: Any) -> int | None:
    """The property `Quality`, by which hosts and edge nodes tell how good a value is."""
    for key, value in zip(properties.keys, properties.values, strict=False):
        carrier = value.WhichOneof("value")
        if key == _QUALITY and carrier in _INTEGER_FIELDS:
            return int(getattr(value, carrier))
    return None


def datatype_of(metric: Metric) -> int:
    """The type that the metric itself tells, if only by the field of its value; 0 for none."""
    return metric.datatype or _SELF_DESCRIBED.get(metric.carrier or "", DataType.UNKNOWN)


def number_of(metric: Metric, datatype: int) -> float | None:
    """The metric's value as a number of the given type; None where that cannot be told.

    Signed numbers are carried as two's complement, of the type's own width or of 32 or 64 bits:
    edge nodes differ. A whole number whose type nobody said is none.
    """
    value = metric.value
    if not isinstance(value, bool | int | float):
        return None
    if metric.carrier in _SELF_DESCRIBED:
        return float(value)
    bits = _BITS.get(DataType(datatype)) if datatype in _KNOWN else None
    if bits is None:
        return float(value != 0) if datatype == DataType.BOOLEAN else None
    whole = int(value) & ((1 << bits) - 1)
    if datatype in _SIGNED and whole >> (bits - 1):
        whole -= 1 << bits
    return float(whole)


def encode(payload: Payload) -> bytes:
    """The payload as bytes. Raises `ValueError` for a value that its type cannot hold."""
    message = _Payload()
    if payload.timestamp is not None:
        message.timestamp = payload.timestamp
    if payload.seq is not None:
        message.seq = payload.seq
    for metric in payload.metrics:
        _write(metric, message.metrics.add())
    data: bytes = message.SerializeToString()
    return data


def _write(metric: Metric, message: Any) -> None:
    given = {
        "name": metric.name,
        "alias": metric.alias,
        "timestamp": metric.timestamp,
        "datatype": metric.datatype or None,
        "is_null": metric.is_null or None,
        "is_historical": metric.is_historical or None,
        "is_transient": metric.is_transient or None,
        metric.carrier or "": metric.value,
    }
    for name, value in given.items():
        if value is not None:
            setattr(message, name, value)
    if metric.quality is not None:
        message.properties.keys.append(_QUALITY)
        message.properties.values.add(type=DataType.INT32, int_value=metric.quality)


def metric_of(name: str | None, datatype: DataType, value: Value) -> Metric:
    """A metric that carries `value`. Raises `ValueError` where the type cannot hold it."""
    return Metric(
        name=name, datatype=datatype, carrier=_carrier(datatype), value=_carried(datatype, value)
    )


def _carrier(datatype: DataType) -> str:
    plain = {
        DataType.FLOAT: "float_value",
        DataType.DOUBLE: "double_value",
        DataType.BOOLEAN: "boolean_value",
    }
    if datatype in _TEXT:
        return "string_value"
    if datatype in _LONG:
        return "long_value"
    if datatype in _BITS:
        return "int_value"
    return plain.get(datatype, "bytes_value")


def _carried(datatype: DataType, value: Value) -> Value:
    bits = _BITS.get(datatype)
    if bits is None:
        return value
    if not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{value!r} is no whole number")
    lowest = -(1 << (bits - 1)) if datatype in _SIGNED else 0
    if not lowest <= value < lowest + (1 << bits):
        raise ValueError(f"{value!r} does not fit {datatype.name}")
    return int(value) & ((1 << bits) - 1)
