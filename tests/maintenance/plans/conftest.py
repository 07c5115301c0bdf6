"""A planner at a plant in Berlin."""

import pytest

from config.database import Connection
from tests.maintenance.plans.planner import Planner
from tests.maintenance.scene import Plant


@pytest.fixture
async def planner(plant: Plant, connection: Connection) -> Planner:
    """Pumps P-101 to P-103 at a site in Berlin; it is March 1, 2026."""
    await connection.execute("UPDATE site SET time_zone = 'Europe/Berlin'")
    return Planner(connection)
