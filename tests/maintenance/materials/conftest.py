"""Storerooms on the small plant."""

import pytest

from config.database import Connection
from tests.maintenance.materials.shelf import build_storerooms
from tests.maintenance.scene import Plant


@pytest.fixture
async def stocked(connection: Connection, plant: Plant) -> Connection:
    """A connection to a plant with two empty storerooms and two parts."""
    await build_storerooms(connection)
    return connection
