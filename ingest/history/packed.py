"""Columns as the server packs them.

Each column comes as one byte string (`…send` is the type's binary form, big-endian), so a series of
any length reaches NumPy without an object per reading.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from config.database import Connection
from edge.reading import Float64s, Int64s
from ingest.binary_copy import EPOCH_US


async def fetch_columns(
    connection: Connection, sql: Any, parameters: Sequence[Any]
) -> Sequence[Any]:
    """The only row of a query that packs each column into one byte string.

    It is planned with the values at hand: a prepared plan for any value takes twice as long for a
    whole site, and opens days that the bounds leave out.
    """
    cursor = connection.cursor(binary=True)
    await cursor.execute(sql, parameters, prepare=False)
    row = await cursor.fetchone()
    assert row is not None  # noqa: S101 - an aggregate without GROUP BY always gives a row
    return row


def times(data: bytes) -> Int64s:
    """µs since 1970 of packed timestamps."""
    return np.frombuffer(data, ">i8").astype(np.int64) + EPOCH_US


def floats(data: bytes) -> Float64s:
    """Numbers of packed doubles."""
    return np.frombuffer(data, ">f8").astype(np.float64)


def integers(data: bytes) -> Int64s:
    """Numbers of packed bigints."""
    return np.frombuffer(data, ">i8").astype(np.int64)


def short_integers(data: bytes) -> Int64s:
    """Numbers of packed smallints."""
    return np.frombuffer(data, ">i2").astype(np.int64)
