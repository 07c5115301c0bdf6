"""Payloads that other libraries made are read right, and any bytes are read or refused."""

import gzip
import json
import math
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.errors import PayloadError
from edge.sparkplug.payload import (
    DataType,
    Metric,
    Payload,
    Value,
    decode,
    decode_message,
    encode,
    metric_of,
    number_of,
)
from edge.sparkplug.schema import payload_class

CASES = Path(__file__).parent / "cases"
AT = 1_700_000_000_000


def cases(library: str) -> list[Any]:
    """The payloads that a library made, one metric `m` each, and the number it holds."""
    document = json.loads((CASES / f"{library}.json").read_text("utf-8"))
    return [pytest.param(case, id=f"{library}: {case['title']}") for case in document["cases"]]


@pytest.mark.parametrize("case", [*cases("pysparkplug"), *cases("sparkplug-payload")])
def test_payloads_of_other_libraries(case: dict[str, Any]) -> None:
    payload = decode(bytes.fromhex(case["payload"]))
    (metric,) = payload.metrics
    assert (payload.timestamp, payload.seq, metric.name, metric.timestamp) == (AT, 7, "m", AT)
    assert number_of(metric, metric.datatype) == case["number"]


def titled(library: str, title: str) -> Metric:
    document = json.loads((CASES / f"{library}.json").read_text("utf-8"))
    case = next(each for each in document["cases"] if each["title"] == title)
    return decode(bytes.fromhex(case["payload"])).metrics[0]


def test_flags_alias_and_quality_of_another_library() -> None:
    assert titled("sparkplug-payload", "historical").is_historical
    assert titled("sparkplug-payload", "alias").alias == 12
    assert titled("sparkplug-payload", "Quality 500").quality == 500


integers = {
    DataType.INT8: (-(2**7), 2**7 - 1),
    DataType.INT16: (-(2**15), 2**15 - 1),
    DataType.INT32: (-(2**31), 2**31 - 1),
    DataType.INT64: (-(2**53), 2**53),
    DataType.UINT8: (0, 2**8 - 1),
    DataType.UINT16: (0, 2**16 - 1),
    DataType.UINT32: (0, 2**32 - 1),
    DataType.UINT64: (0, 2**53),
}


def values(datatype: DataType) -> st.SearchStrategy[tuple[DataType, Value]]:
    if datatype in integers:
        low, high = integers[datatype]
        return st.tuples(st.just(datatype), st.integers(low, high))
    if datatype is DataType.BOOLEAN:
        return st.tuples(st.just(datatype), st.booleans())
    width = 32 if datatype is DataType.FLOAT else 64
    return st.tuples(st.just(datatype), st.floats(width=width))


numbers = st.sampled_from([*integers, DataType.BOOLEAN, DataType.FLOAT, DataType.DOUBLE]).flatmap(
    values
)


@given(numbers)
def test_a_number_comes_back_as_it_went(number: tuple[DataType, Value]) -> None:
    datatype, value = number
    (metric,) = decode(encode(Payload((metric_of("m", datatype, value),)))).metrics
    back = number_of(metric, datatype)
    assert back is not None
    assert back == value or (math.isnan(back) and math.isnan(float(value)))


optional_u64 = st.none() | st.integers(0, 2**64 - 1)
metrics = st.builds(
    Metric,
    name=st.none() | st.text(),
    alias=optional_u64,
    timestamp=optional_u64,
    datatype=st.integers(0, 40),
    carrier=st.just("double_value"),
    value=st.floats(allow_nan=False),
    is_null=st.booleans(),
    is_historical=st.booleans(),
    is_transient=st.booleans(),
    quality=st.none() | st.integers(0, 1000),
)


@given(st.builds(Payload, st.lists(metrics, max_size=3).map(tuple), optional_u64, optional_u64))
def test_a_payload_comes_back_as_it_went(payload: Payload) -> None:
    try:
        data = encode(payload)
    except UnicodeEncodeError:
        # A name with half a surrogate pair is no text; nobody can send it.
        return
    assert decode(data) == payload


@pytest.mark.parametrize(
    ("datatype", "value"),
    [
        (DataType.INT8, 128),
        (DataType.INT8, -129),
        (DataType.UINT16, -1),
        (DataType.UINT32, 2**32),
        (DataType.INT32, math.nan),
    ],
)
def test_a_value_that_its_type_cannot_hold_is_refused(datatype: DataType, value: float) -> None:
    with pytest.raises(ValueError, match=r"does not fit|no whole number"):
        metric_of("m", datatype, value)


def test_a_signed_number_is_read_in_its_own_width_and_in_32_bits() -> None:
    for carried in (0xFFFE, 0xFFFFFFFE):
        metric = Metric(carrier="int_value", value=carried)
        assert number_of(metric, DataType.INT16) == -2.0


def test_a_whole_number_without_a_type_is_none() -> None:
    metric = Metric(carrier="int_value", value=65535)
    assert number_of(metric, DataType.UNKNOWN) is None
    assert number_of(metric, 4711) is None


def test_a_float_needs_no_type() -> None:
    assert number_of(Metric(carrier="float_value", value=1.5), DataType.UNKNOWN) == 1.5


@given(st.binary(max_size=200))
def test_any_bytes_are_a_payload_or_refused(data: bytes) -> None:
    try:
        payload = decode(data)
    except PayloadError:
        return
    for metric in payload.metrics:
        assert isinstance(number_of(metric, metric.datatype), float | None)


@given(st.data())
def test_a_damaged_payload_is_a_payload_or_refused(data: st.DataObject) -> None:
    case = data.draw(st.sampled_from([*cases("pysparkplug"), *cases("sparkplug-payload")]))
    damaged = bytearray.fromhex(case.values[0]["payload"])
    place = data.draw(st.integers(0, len(damaged) - 1))
    damaged[place] = data.draw(st.integers(0, 255))
    try:
        payload = decode(bytes(damaged))
    except PayloadError:
        return
    assert isinstance(payload, Payload)


def compressed(body: bytes) -> bytes:
    message: Any = payload_class()()
    message.uuid, message.body = "SPBV1.0_COMPRESSED", body
    written: bytes = message.SerializeToString()
    return written


@pytest.mark.parametrize("compress", [zlib.compress, gzip.compress])
def test_a_compressed_payload_is_read_as_what_it_holds(compress: Callable[[bytes], bytes]) -> None:
    payload = Payload((metric_of("m", DataType.INT8, 7),), timestamp=AT, seq=3)
    assert decode_message(compressed(compress(encode(payload)))) == payload


@pytest.mark.parametrize(
    "data",
    [
        b"",
        compressed(b""),
        compressed(b"nonsense"),
        compressed(zlib.compress(b"\x08\x01" * 20)[:-9]),
        compressed(zlib.compress(bytes(32 * 1024**2))),
    ],
)
def test_what_is_empty_cut_off_or_too_large_is_refused(data: bytes) -> None:
    with pytest.raises(PayloadError):
        decode_message(data)


def test_a_name_that_is_no_text_is_refused() -> None:
    with pytest.raises(PayloadError, match="not text"):
        decode_message(b"\x12\x04\x0a\x02\xff\xfe")
