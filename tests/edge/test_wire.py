"""Batches survive the wire unchanged, and bytes that are none are refused, whatever they are."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.reading import ReadingBatch, SensorAlarm
from edge.rejected import Rejected
from edge.wire import (
    ALARM_SCHEMA,
    READING_SCHEMA,
    ReadingColumns,
    WireError,
    decode_alarms,
    decode_columns,
    decode_readings,
    decode_rejects,
    encode_alarms,
    encode_readings,
    encode_rejects,
)

TIMES = st.integers(-(2**62), 2**62)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
ROWS = st.lists(
    st.tuples(TEXTS, TIMES, st.floats(allow_nan=True, allow_infinity=True), st.integers(0, 255)),
    max_size=30,
)
ALARMS = st.lists(
    st.builds(
        SensorAlarm,
        asset=TEXTS,
        code=TEXTS,
        ts=TIMES,
        active=st.booleans(),
        severity=st.integers(1, 1000),
        message=TEXTS,
        acknowledged_by=TEXTS,
    ),
    max_size=10,
).map(tuple)

READINGS = encode_readings(
    ReadingBatch.from_rows([("P-101.speed", 1, 1.5, 0), ("P-101.temp", 2, float("nan"), 0x83)])
)
ALARM = encode_alarms((SensorAlarm("C-201", "HIGH_TEMP", 1, True, 800, "hot"),))


@given(ROWS)
def test_readings_survive_the_wire(rows: list[tuple[str, int, float, int]]) -> None:
    batch = ReadingBatch.from_rows(rows)
    back = decode_readings(encode_readings(batch))
    assert back.tags == batch.tags
    for name in ("tag_index", "ts", "value", "quality"):
        sent, received = getattr(batch, name), getattr(back, name)
        assert received.dtype == sent.dtype
        np.testing.assert_array_equal(received, sent)


@given(ALARMS)
def test_alarms_survive_the_wire(alarms: tuple[SensorAlarm, ...]) -> None:
    assert decode_alarms(encode_alarms(alarms)) == alarms


@given(
    st.lists(
        st.builds(
            Rejected,
            source=TEXTS,
            address=TEXTS,
            problem=TEXTS,
            payload=st.binary(max_size=40),
            received_us=TIMES,
        ),
        max_size=6,
    )
)
def test_what_was_rejected_survives_the_wire(rejected: list[Rejected]) -> None:
    assert decode_rejects(encode_rejects(rejected)) == tuple(rejected)


def test_alarms_of_before_the_acknowledgement_are_still_read() -> None:
    (alarm,) = decode_alarms(ALARM)
    columns = pa.ipc.open_stream(ALARM).read_all().drop_columns("acknowledged_by")
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, columns.schema) as writer:
        writer.write_table(columns)
    assert decode_alarms(sink.getvalue().to_pybytes()) == (alarm,)
    assert not alarm.acknowledged_by


def test_a_batch_of_some_rows_keeps_its_tags() -> None:
    batch = decode_readings(READINGS)
    some = batch.take(np.array([1]))
    assert decode_readings(encode_readings(some)).tags == batch.tags


@given(st.lists(st.tuples(st.sampled_from(["", "hall", "Łódź-1"]), st.integers(1, 4)), max_size=6))
def test_the_sources_of_readings_survive_the_wire(sources: list[tuple[str, int]]) -> None:
    rows = sum(count for _, count in sources)
    batch = ReadingBatch.from_rows([("A-1.x", n, 1.0, 0) for n in range(rows)])
    found = decode_columns(encode_readings(batch, sources)).sources
    assert found == (tuple(sources) if any(name for name, _ in sources) else ())


@pytest.mark.parametrize(
    "sources", [[("hall", 2)], [("hall", 4), ("roof", -1)], [("ha\x00ll", 3)], [("\ud800", 3)]]
)
def test_sources_that_cannot_be_right_are_left_out_and_the_readings_stay(
    sources: list[tuple[str, int]],
) -> None:
    batch = ReadingBatch.from_rows([("A-1.x", n, 1.0, 0) for n in range(3)])
    columns = decode_columns(encode_readings(batch, sources))
    assert (columns.sources, len(columns)) == ((), 3)


def test_readings_are_no_alarms() -> None:
    with pytest.raises(WireError, match="schema"):
        decode_alarms(READINGS)
    with pytest.raises(WireError, match="schema"):
        decode_readings(ALARM)


@pytest.mark.parametrize("data", [b"", b"\xff" * 8, b"\xff\xff\xff\xff\x00\x00\x00\x00", b"{}"])
def test_bytes_that_are_no_batch_are_refused(data: bytes) -> None:
    with pytest.raises(WireError):
        decode_readings(data)
    with pytest.raises(WireError):
        decode_alarms(data)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_batch_or_refused(data: bytes) -> None:
    assert refused_or_sound(data)


@given(st.sampled_from([READINGS, ALARM]), st.data())
def test_a_batch_cut_short_is_refused(data: bytes, draw: st.DataObject) -> None:
    # The last eight bytes are the mark of the stream's end, which no row needs.
    end = draw.draw(st.integers(0, len(data) - 9))
    assert refused_or_sound(data[:end])


@given(st.sampled_from([READINGS, ALARM]), st.data())
def test_a_corrupt_batch_is_refused_or_sound(data: bytes, draw: st.DataObject) -> None:
    corrupt = bytearray(data)
    for _ in range(draw.draw(st.integers(1, 4))):
        corrupt[draw.draw(st.integers(0, len(data) - 1))] = draw.draw(st.integers(0, 255))
    assert refused_or_sound(bytes(corrupt))


def test_every_single_byte_may_be_wrong() -> None:
    for data in (READINGS, ALARM):
        for place in range(len(data)):
            for value in (0x00, 0x01, 0x7F, 0x80, 0xFF):
                refused_or_sound(data[:place] + bytes([value]) + data[place + 1 :])


def test_a_null_where_none_may_be_is_refused() -> None:
    columns = [
        pa.array(["P-1.a", None]).dictionary_encode(),
        pa.array([1, 2], pa.timestamp("us", tz="UTC")),
        pa.array([1.0, None]),
        pa.array([0, 0], pa.uint8()),
    ]
    assert_refused(columns)


def test_a_tag_index_outside_the_dictionary_is_refused() -> None:
    tag = pa.DictionaryArray.from_arrays(
        pa.array([0, 7], pa.int32()), pa.array(["P-1.a"]), safe=False
    )
    columns = [
        tag,
        pa.array([1, 2], pa.timestamp("us", tz="UTC")),
        pa.array([1.0, 2.0]),
        pa.array([0, 0], pa.uint8()),
    ]
    assert_refused(columns)


def test_a_null_in_the_dictionary_is_refused() -> None:
    tag = pa.DictionaryArray.from_arrays(pa.array([0], pa.int32()), pa.array([None], pa.utf8()))
    columns = [
        tag,
        pa.array([1], pa.timestamp("us", tz="UTC")),
        pa.array([1.0]),
        pa.array([0], pa.uint8()),
    ]
    assert_refused(columns)


def test_a_stream_of_two_batches_is_refused() -> None:
    record = pa.RecordBatch.from_pylist(
        [
            {
                name: getattr(SensorAlarm("A", "C", 1, True, 1, ""), name)
                for name in ALARM_SCHEMA.names
            }
        ],
        schema=ALARM_SCHEMA,
    )
    with pytest.raises(WireError, match="one batch"):
        decode_alarms(stream(record, record))


def test_a_stream_without_a_batch_is_refused() -> None:
    sink = pa.BufferOutputStream()
    pa.ipc.new_stream(sink, READING_SCHEMA).close()
    with pytest.raises(WireError, match="one batch"):
        decode_readings(sink.getvalue().to_pybytes())


def refused_or_sound(data: bytes) -> bool:
    """Is `data` refused by `WireError`, or a batch whose every row can be used?"""
    for decode in (decode_readings, decode_alarms):
        try:
            batch = decode(data)
        except WireError:
            continue
        if isinstance(batch, ReadingBatch):
            assert_sound(batch)
        else:
            assert all(isinstance(alarm.message, str) for alarm in batch)
            assert all(isinstance(alarm.ts, int) for alarm in batch)
    return True


def assert_sound(batch: ReadingBatch) -> None:
    """Assert that every row can be used: columns of one length, indices within the tags."""
    lengths = {len(c) for c in (batch.tag_index, batch.ts, batch.value, batch.quality)}
    assert lengths == {len(batch)}
    assert all(isinstance(tag, str) for tag in batch.tags)
    assert ((batch.tag_index >= 0) & (batch.tag_index < len(batch.tags))).all()


def assert_refused(columns: list[pa.Array]) -> None:
    """Assert that a record batch of these columns, all nullable on the way in, is refused."""
    record = pa.RecordBatch.from_arrays(columns, schema=READING_SCHEMA)
    with pytest.raises(WireError):
        decode_readings(stream(record))


def stream(*records: pa.RecordBatch) -> bytes:
    """Record batches as one IPC stream."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, records[0].schema) as writer:
        for record in records:
            writer.write_batch(record)
    data: bytes = sink.getvalue().to_pybytes()
    return data


@given(parts=st.lists(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 9)), max_size=8)))
def test_columns_of_several_batches_hold_all_their_rows_in_order(
    parts: list[list[tuple[str, int]]],
) -> None:
    rows = [[(tag, ts, float(ts), 0) for tag, ts in part] for part in parts]
    columns = [decode_columns(encode_readings(ReadingBatch.from_rows(part))) for part in rows]
    whole = ReadingColumns.concatenate(columns)
    taken = whole.take(np.arange(len(whole)))
    found = [(taken.tags[place], ts) for place, ts in zip(taken.tag_index, taken.ts, strict=True)]
    assert found == [row for part in parts for row in part]
    assert len(set(taken.tags)) == len(taken.tags)
