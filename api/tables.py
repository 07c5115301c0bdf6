"""Columns over HTTP: as JSON in one piece; as CSV, Arrow or Parquet while they are made.

Memory stays bounded in either way: JSON has an end that its route sees to.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from types import MappingProxyType
from typing import Any, Protocol

import pyarrow as pa
from fastapi.responses import Response, StreamingResponse
from pyarrow import csv, parquet
from pydantic import BaseModel

from api.bodies.readings import Format

MEDIA_TYPES: Mapping[Format, str] = MappingProxyType(
    {
        Format.JSON: "application/json",
        Format.CSV: "text/csv",
        Format.ARROW: "application/vnd.apache.arrow.stream",
        Format.PARQUET: "application/vnd.apache.parquet",
    }
)

TIME = pa.timestamp("us", tz="UTC")


class _Encoder(Protocol):
    def write_batch(self, batch: Any) -> None: ...
    def close(self) -> None: ...


class _Outlet:
    """A file that gives away what was written since it was last asked."""

    closed = False

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        """Take some bytes."""
        self._parts.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def take(self) -> bytes:
        """What was written, once."""
        taken, self._parts = b"".join(self._parts), []
        return taken


def wanted_format(named: Format | None, accept: str | None) -> Format:
    """The format of an answer: the one that is named, else the first that is accepted, else JSON."""
    if named is not None:
        return named
    formats = {media_type: form for form, media_type in MEDIA_TYPES.items()}
    accepted = [part.partition(";")[0].strip().lower() for part in (accept or "").split(",")]
    return next((formats[part] for part in accepted if part in formats), Format.JSON)


def send_columns(body: BaseModel) -> Response:
    """An answer of columns as JSON; NaN is null. What we made ourselves is not validated again."""
    return Response(body.model_dump_json(), media_type=MEDIA_TYPES[Format.JSON])


def send_table(
    batches: AsyncIterator[Any], schema: Any, *, form: Format, name: str
) -> StreamingResponse:
    """An answer of record batches; saved under `name` with the format's ending."""
    return StreamingResponse(
        _encoded(batches, schema, form),
        media_type=MEDIA_TYPES[form],
        headers={"Content-Disposition": f'attachment; filename="{name}.{form.value}"'},
    )


async def _encoded(batches: AsyncIterator[Any], schema: Any, form: Format) -> AsyncIterator[bytes]:
    outlet = _Outlet()
    encoder = _open(outlet, schema, form)
    async for batch in batches:
        await asyncio.to_thread(encoder.write_batch, batch)
        yield outlet.take()
    encoder.close()
    yield outlet.take()


def _open(outlet: _Outlet, schema: Any, form: Format) -> _Encoder:
    encoders = {
        Format.CSV: csv.CSVWriter,
        Format.ARROW: pa.ipc.new_stream,
        Format.PARQUET: parquet.ParquetWriter,
    }
    encoder: _Encoder = encoders[form](pa.PythonFile(outlet, mode="w"), schema)
    return encoder
