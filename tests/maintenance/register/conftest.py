"""A register of two sites with one class that has attributes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from config.database import Connection
from maintenance.register.asset import (
    AssetClass,
    AssetDefinition,
    By,
    Criticality,
    KeptIn,
    Location,
    LocationLevel,
    Site,
)
from maintenance.register.attribute import Attribute, AttributeKind
from maintenance.register.service import Register, apply_register

START = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)


def by(hours: float = 0, *, actor: str = "kim", reason: str = "") -> By:
    """Kim, so many hours after the start."""
    return By(actor, START + timedelta(hours=hours), reason)


def an_asset(tag: str, **given: Any) -> AssetDefinition:
    """A pump in Berlin that the database keeps, changed as given."""
    pump = AssetDefinition(
        tag=tag,
        name=f"Pump {tag}",
        asset_class="pump",
        site="berlin",
        location=None,
        parent=None,
        criticality=Criticality.B,
        attributes={"power": 45.0},
        kept_in=KeptIn.DATABASE,
    )
    return replace(pump, **given)


@pytest.fixture
async def register(connection: Connection) -> Connection:
    """The connection, with sites, locations and a class that files keep."""
    attributes = {
        "power": Attribute("Rated power", AttributeKind.NUMBER, "kW", required=True),
        "seal": Attribute("Seal", AttributeKind.CHOICE, choices=("mechanical", "packing")),
        "spared": Attribute("Has a spare", AttributeKind.BOOLEAN),
        "installed": Attribute("Installed on", AttributeKind.DATE),
    }
    await apply_register(
        connection,
        Register(
            sites=(Site("berlin", "Works Berlin", "Europe/Berlin"), Site("oslo", "Oslo", "UTC")),
            locations=(
                Location("berlin", "hall-1", "Hall 1", LocationLevel.AREA, None),
                Location("berlin", "hall-2", "Hall 2", LocationLevel.AREA, None),
            ),
            asset_classes=(AssetClass("pump", "Pump", {}, "PU/CE", attributes),),
        ),
        by=by(-1, actor="plant files"),
    )
    return connection
