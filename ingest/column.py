"""A NumPy column as a parameter of a query: one array in binary form, no object per element."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from psycopg import pq
from psycopg.abc import Buffer
from psycopg.adapt import Dumper

from config.database import Connection
from edge.reading import Float64s, Int64s
from ingest.binary_copy import EPOCH_US, encode_array

# Types of the elements, as PostgreSQL numbers them (pg_type.dat).
_INT2, _INT4, _FLOAT8, _TIMESTAMPTZ = 21, 23, 701, 1184


@dataclass(frozen=True, slots=True)
class Column:
    """An array in binary form; the statement's cast says its type."""

    data: bytes


class _ColumnDumper(Dumper):
    format = pq.Format.BINARY

    def dump(self, obj: Column) -> Buffer:
        return obj.data


def accept_columns(connection: Connection) -> None:
    """Let a connection's queries take `Column` parameters."""
    connection.adapters.register_dumper(Column, _ColumnDumper)


def integers(column: npt.NDArray[np.integer]) -> Column:
    """For `%s::integer[]`."""
    return Column(encode_array(column.astype(np.int32), _INT4))


def smallints(column: npt.NDArray[np.integer]) -> Column:
    """For `%s::smallint[]`."""
    return Column(encode_array(column.astype(np.int16), _INT2))


def doubles(column: Float64s) -> Column:
    """For `%s::float8[]`; NaN stays NaN."""
    return Column(encode_array(column, _FLOAT8))


def times(column: Int64s) -> Column:
    """For `%s::timestamptz[]`, from microseconds since 1970."""
    return Column(encode_array(column - EPOCH_US, _TIMESTAMPTZ))
