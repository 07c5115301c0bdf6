"""A small register for readings to belong to."""

from collections.abc import Awaitable, Callable

import pytest

from config.database import Connection, fetch_one


@pytest.fixture
async def points(connection: Connection) -> dict[str, int]:
    """Points P-101.temp, P-101.vib (0 to 100) and P-102.temp; returns tag -> id."""
    await connection.execute("INSERT INTO site (code, name) VALUES ('S', 'Site')")
    await connection.execute("INSERT INTO asset_class (code, name) VALUES ('pump', 'Pump')")
    await connection.execute(
        "INSERT INTO asset (tag, name, class_id, site_id)"
        " SELECT tag, tag, c.id, s.id FROM site s, asset_class c,"
        " unnest(ARRAY['P-101', 'P-102']) AS tag"
    )
    ids = {tag: await _add(connection, tag) for tag in ("P-101.temp", "P-101.vib", "P-102.temp")}
    await connection.execute("UPDATE point SET low = 0, high = 100 WHERE tag = 'P-101.vib'")
    return ids


@pytest.fixture
def add_point(connection: Connection) -> Callable[[str], Awaitable[int]]:
    """Makes one point of an asset that is there; gives its id."""
    return lambda tag: _add(connection, tag)


async def _add(connection: Connection, tag: str) -> int:
    asset, _, role = tag.partition(".")
    row = await fetch_one(
        connection,
        "INSERT INTO point (tag, asset_id, role, unit) SELECT %s, id, %s, '1' FROM asset"
        " WHERE tag = %s RETURNING id",
        [tag, role, asset],
    )
    assert row is not None
    return int(row[0])
