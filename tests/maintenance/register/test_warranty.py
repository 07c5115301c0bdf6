"""Which warranty holds at a moment."""

from datetime import UTC, date, datetime

import pytest

from config.database import Connection
from maintenance.register.warranty import warranties_of, warranty_of
from tests.maintenance.scene import Plant

GIVE = """
INSERT INTO warranty (asset_id, vendor, starts_on, ends_on, terms, actor)
SELECT id, %s, %s, %s, 'parts and labour', 'kim' FROM asset WHERE tag = 'P-101'
"""


@pytest.fixture
async def pump(connection: Connection, plant: Plant) -> int:
    """Id of P-101, which stands in New York and has two warranties."""
    await connection.execute("UPDATE site SET time_zone = 'America/New_York'")
    await connection.execute(GIVE, ["Sterling", date(2026, 1, 1), date(2026, 12, 31)])
    await connection.execute(GIVE, ["Seals & Co", date(2026, 6, 1), date(2026, 6, 30)])
    return int(await plant.value("SELECT id FROM asset WHERE tag = 'P-101'"))


@pytest.mark.parametrize(
    ("at", "vendor"),
    [
        (datetime(2026, 6, 15, tzinfo=UTC), "Sterling"),
        # Its last day is not over where the pump stands.
        (datetime(2027, 1, 1, 4, 59, tzinfo=UTC), "Sterling"),
        (datetime(2027, 1, 1, 5, 0, tzinfo=UTC), None),
        (datetime(2026, 1, 1, 4, 59, tzinfo=UTC), None),
    ],
)
async def test_a_warranty_holds_on_the_days_of_the_site(
    connection: Connection, pump: int, at: datetime, vendor: str | None
) -> None:
    found = await warranty_of(connection, pump, at)
    assert (found.terms.vendor if found else None) == vendor


async def test_every_warranty_is_listed_the_longest_first(
    connection: Connection, pump: int
) -> None:
    found = await warranties_of(connection, pump)
    assert [each.terms.vendor for each in found] == ["Sterling", "Seals & Co"]
