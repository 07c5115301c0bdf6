"""The form of batches on the log: Arrow IPC streams.

Readings: tag dictionary<int32, utf8>, ts timestamp[us, UTC], value float64, quality uint8. The
schema's metadata `sources` says in JSON which sources they came from: [[name, rows], ...] in the
order of the rows; batches of before have none.
Alarms: asset, code, message, acknowledged_by utf8, ts timestamp[us, UTC], active bool, severity int16;
batches of before have no acknowledged_by.
Rejects: source, address, problem utf8, payload binary, received timestamp[us, UTC].
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from edge.reading import (
    AlarmBatch,
    Float64s,
    Int32s,
    Int64s,
    ReadingBatch,
    SensorAlarm,
    UInt8s,
)
from edge.rejected import Rejected

_TIME = pa.timestamp("us", tz="UTC")
READING_SCHEMA = pa.schema(
    [
        pa.field("tag", pa.dictionary(pa.int32(), pa.utf8()), nullable=False),
        pa.field("ts", _TIME, nullable=False),
        pa.field("value", pa.float64(), nullable=False),
        pa.field("quality", pa.uint8(), nullable=False),
    ]
)
ALARM_SCHEMA = pa.schema(
    [
        pa.field("asset", pa.utf8(), nullable=False),
        pa.field("code", pa.utf8(), nullable=False),
        pa.field("ts", _TIME, nullable=False),
        pa.field("active", pa.bool_(), nullable=False),
        pa.field("severity", pa.int16(), nullable=False),
        pa.field("message", pa.utf8(), nullable=False),
        pa.field("acknowledged_by", pa.utf8(), nullable=False),
    ]
)
_ALARMS_OF_BEFORE = pa.schema([ALARM_SCHEMA.field(place) for place in range(6)])
REJECT_SCHEMA = pa.schema(
    [
        pa.field("source", pa.utf8(), nullable=False),
        pa.field("address", pa.utf8(), nullable=False),
        pa.field("problem", pa.utf8(), nullable=False),
        pa.field("payload", pa.binary(), nullable=False),
        pa.field("received_us", _TIME, nullable=False),
    ]
)


_SOURCES = b"sources"

SourceRows = tuple[str, int]
"""A source, and how many readings that follow one another came from it."""


class WireError(ValueError):
    """Bytes that are not a batch of the expected schema."""


@dataclass(frozen=True, slots=True, eq=False)
class ReadingColumns:
    """Readings in columns of one length n, as they lie on the log.

    Like `ReadingBatch`, with the tags still in Arrow's form: no Python object for any of them. A tag
    may stand in `tags` more than once.
    """

    tags: Any
    """Arrow array of utf8."""
    tag_index: Int32s
    ts: Int64s
    value: Float64s
    quality: UInt8s
    sources: tuple[SourceRows, ...] = ()
    """Which rows came from which source; empty where nobody says."""

    def __len__(self) -> int:
        return len(self.ts)

    @classmethod
    def of(cls, batch: ReadingBatch) -> "ReadingColumns":
        """The same readings as columns."""
        tags = pa.array(batch.tags, pa.utf8())
        return cls(tags, batch.tag_index, batch.ts, batch.value, batch.quality)

    @classmethod
    def concatenate(cls, parts: Sequence["ReadingColumns"]) -> "ReadingColumns":
        """The rows of all parts in their order, without their sources; the same tags are shared."""
        if not parts:
            return cls.of(ReadingBatch.from_rows(()))
        tags: list[Any] = []
        index = []
        first = 0
        for part in parts:
            if not tags or not part.tags.equals(tags[-1]):
                first += len(tags[-1]) if tags else 0
                tags.append(part.tags)
            index.append(part.tag_index + np.int32(first))
        return cls(
            pa.concat_arrays(tags),
            np.concatenate(index),
            np.concatenate([part.ts for part in parts]),
            np.concatenate([part.value for part in parts]),
            np.concatenate([part.quality for part in parts]),
        )

    def take(self, rows: npt.NDArray[np.intp]) -> ReadingBatch:
        """The batch of some rows, holding only the tags that they use, each once."""
        names: Any = self.tags.take(pa.array(self.tag_index[rows])).dictionary_encode()
        return ReadingBatch(
            tuple(names.dictionary.to_pylist()),
            names.indices.to_numpy(),
            self.ts[rows],
            self.value[rows],
            self.quality[rows],
        )


def encode_readings(batch: ReadingBatch, sources: Sequence[SourceRows] = ()) -> bytes:
    """A reading batch as bytes, with the sources that its rows came from."""
    tag = pa.DictionaryArray.from_arrays(pa.array(batch.tag_index), pa.array(batch.tags, pa.utf8()))
    columns = [tag, pa.array(batch.ts).cast(_TIME), pa.array(batch.value), pa.array(batch.quality)]
    schema = READING_SCHEMA
    if any(name for name, _ in sources):
        schema = schema.with_metadata({_SOURCES: json.dumps(sources, separators=(",", ":"))})
    return _to_bytes(pa.record_batch(columns, schema=schema))


def decode_readings(data: bytes) -> ReadingBatch:
    """The reading batch in `data`; the columns are views of it. Raises `WireError`."""
    columns = decode_columns(data)
    return ReadingBatch(
        tuple(columns.tags.to_pylist()),
        columns.tag_index,
        columns.ts,
        columns.value,
        columns.quality,
    )


def decode_columns(data: bytes) -> ReadingColumns:
    """The readings in `data` as they lie there; the columns are views. Raises `WireError`."""
    record = _from_bytes(data, READING_SCHEMA)
    tag: Any = record.column("tag")
    return ReadingColumns(
        tag.dictionary,
        tag.indices.to_numpy(zero_copy_only=False).astype(np.int32, copy=False),
        record.column("ts").cast(pa.int64()).to_numpy(),
        record.column("value").to_numpy(),
        record.column("quality").to_numpy(),
        _sources(record),
    )


def _sources(record: pa.RecordBatch) -> tuple[SourceRows, ...]:
    """The sources that a batch names; none where it names none, or not those of its rows.

    Readings are worth more than who sent them: what cannot be understood here is left out.
    """
    try:
        named = json.loads((record.schema.metadata or {})[_SOURCES])
        sources = tuple((str(name), int(rows)) for name, rows in named)
    except (KeyError, ValueError, TypeError, RecursionError):
        return ()
    sound = all(name.isprintable() and rows > 0 for name, rows in sources)
    return sources if sound and sum(rows for _, rows in sources) == record.num_rows else ()


def encode_alarms(alarms: AlarmBatch) -> bytes:
    """Alarm changes as bytes."""
    return _to_bytes(_record(alarms, ALARM_SCHEMA))


def decode_alarms(data: bytes) -> AlarmBatch:
    """The alarm changes in `data`. Raises `WireError`."""
    return tuple(
        SensorAlarm(**row) for row in _rows(_from_bytes(data, ALARM_SCHEMA, _ALARMS_OF_BEFORE))
    )


def encode_rejects(rejects: Sequence[Rejected]) -> bytes:
    """What was kept aside as bytes."""
    return _to_bytes(_record(rejects, REJECT_SCHEMA))


def decode_rejects(data: bytes) -> tuple[Rejected, ...]:
    """What was kept aside in `data`. Raises `WireError`."""
    return tuple(Rejected(**row) for row in _rows(_from_bytes(data, REJECT_SCHEMA)))


def _record(items: Sequence[object], schema: pa.Schema) -> pa.RecordBatch:
    """Objects as rows of the schema, whose fields are their attributes."""
    rows = [{name: getattr(item, name) for name in schema.names} for item in items]
    return pa.RecordBatch.from_pylist(rows, schema=schema)


def _rows(record: pa.RecordBatch) -> list[dict[str, Any]]:
    """The rows of a batch by column, times in µs."""
    columns = [
        (column.cast(pa.int64()) if column.type == _TIME else column).to_pylist()
        for column in record.columns
    ]
    return [dict(zip(record.schema.names, row, strict=True)) for row in zip(*columns, strict=True)]


def _to_bytes(record: pa.RecordBatch) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, record.schema) as writer:
        writer.write_batch(record)
    data: bytes = sink.getvalue().to_pybytes()
    return data


# Arrow raises its own tree, OSError for a body that ends too soon, and ValueError (also as
# UnicodeDecodeError) for names that are no text.
_CORRUPT = (pa.ArrowException, OSError, ValueError, MemoryError)


def _from_bytes(data: bytes, schema: pa.Schema, *of_before: pa.Schema) -> pa.RecordBatch:
    try:
        found, records = _read(data)
    except _CORRUPT as error:
        raise WireError(f"not an Arrow IPC stream: {error}") from error
    if not any(found.equals(known) for known in (schema, *of_before)):
        raise WireError(f"the schema is not that of {', '.join(schema.names)}")
    if len(records) != 1:
        raise WireError(f"a stream of {len(records) or 'no'} batches, expected one batch")
    _refuse_nulls(records[0])
    return records[0]


def _read(data: bytes) -> tuple[pa.Schema, list[pa.RecordBatch]]:
    """Schema and up to two record batches of a stream, sound in themselves."""
    with pa.ipc.open_stream(data) as reader:
        records = list(islice(reader, 2))
    for record in records:
        record.validate(full=True)
    return reader.schema, records


def _refuse_nulls(record: pa.RecordBatch) -> None:
    """Raise `WireError` on a null: that the schema forbids them does not keep them out."""
    for name, column in zip(record.schema.names, record.columns, strict=True):
        values = column.dictionary if pa.types.is_dictionary(column.type) else column
        if column.null_count or values.null_count:
            raise WireError(f"column {name} holds a null")
