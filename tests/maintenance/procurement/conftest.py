"""Storerooms and those who sell what lies in them."""

import pytest

from config.database import Connection
from tests.maintenance.procurement.trade import build_trade


@pytest.fixture
async def trade(stocked: Connection) -> Connection:
    """A connection to a plant with two empty storerooms, two vendors and a contract."""
    await build_trade(stocked)
    return stocked
