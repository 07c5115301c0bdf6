"""Columns reach the table as they are: what PostgreSQL reads back is what was encoded."""

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.clock import from_us, to_us
from config.database import Connection, fetch_one
from ingest.binary_copy import HEADER, TRAILER, encode_rows
from ingest.column import accept_columns, doubles, integers, smallints, times

pytestmark = pytest.mark.store

YEAR_1_US, YEAR_9999_US = -62_135_596_800_000_000, 253_402_300_799_999_999
ROWS = st.lists(
    st.tuples(
        st.integers(-(2**31), 2**31 - 1),
        st.integers(YEAR_1_US, YEAR_9999_US),
        st.floats(),
        st.integers(0, 255),
    ),
    max_size=30,
)
AGAINST_A_TABLE = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def columns(rows: list[tuple[int, int, float, int]]) -> tuple[np.ndarray, ...]:
    ids, ts, values, qualities = zip(*rows, strict=True) if rows else ((),) * 4
    return (
        np.array(ids, np.int32),
        np.array(ts, np.int64),
        np.array(values, np.float64),
        np.array(qualities, np.uint8),
    )


def as_read(rows: list[tuple[int, int, float, int]]) -> list[tuple[int, int, float | None, int]]:
    return [(i, ts, None if math.isnan(v) else v, q) for i, ts, v, q in rows]


@AGAINST_A_TABLE
@given(rows=ROWS)
async def test_copied_rows_are_read_back(
    connection: Connection, rows: list[tuple[int, int, float, int]]
) -> None:
    await connection.execute("CREATE TEMP TABLE IF NOT EXISTS copied (LIKE reading)")
    await connection.execute("TRUNCATE copied")
    async with connection.cursor().copy("COPY copied FROM STDIN (FORMAT binary)") as copy:
        await copy.write(HEADER + encode_rows(*columns(rows)) + TRAILER)
    cursor = await connection.execute("SELECT * FROM copied")
    found = [(i, to_us(ts), value, q) for i, ts, value, q in await cursor.fetchall()]
    assert found == as_read(rows)


@AGAINST_A_TABLE
@given(rows=ROWS)
async def test_columns_as_parameters_are_read_back(
    connection: Connection, rows: list[tuple[int, int, float, int]]
) -> None:
    accept_columns(connection)
    ids, ts, values, qualities = columns(rows)
    cursor = await connection.execute(
        "SELECT a, b, nullif(c, 'NaN'), d FROM unnest(%s::integer[], %s::timestamptz[],"
        " %s::float8[], %s::smallint[]) AS row (a, b, c, d)",
        [integers(ids), times(ts), doubles(values), smallints(qualities)],
    )
    found = [(i, to_us(t), value, q) for i, t, value, q in await cursor.fetchall()]
    assert found == as_read(rows)


async def test_a_time_is_microseconds_exact(connection: Connection) -> None:
    accept_columns(connection)
    us = 1_790_000_000_123_457
    row = await fetch_one(
        connection, "SELECT (%s::timestamptz[])[1]", [times(np.array([us], np.int64))]
    )
    assert row == (from_us(us),)
