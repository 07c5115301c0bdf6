"""What conditions silence raises no order, and raises one when it is annunciated after all."""

from datetime import timedelta

import pytest

from conditions.alarm_service import shelve, suppress, unshelve
from conditions.event import ChangeKind
from conditions.suppression import Suppression, SuppressionKind
from config.database import Connection
from maintenance.events.service import handle_condition_changes
from maintenance.orders.list_query import OrderFilters, find_orders
from tests.conditions.alarms import ANN, START, Plant

pytestmark = pytest.mark.store


@pytest.fixture
async def plant(connection: Connection) -> Plant:
    return await Plant(connection).build()


async def orders(plant: Plant) -> list[str]:
    """The assets that have an order, once everything that waits is handled."""
    while (await handle_condition_changes(plant.connection, clock=plant.clock)).changes:
        pass
    found = await find_orders(plant.connection, OrderFilters())
    return sorted(order.asset for order in found)


async def test_one_fault_above_opens_one_order_and_not_twenty(plant: Plant) -> None:
    by_power = Suppression(SuppressionKind.PARENT, rule="power")
    await suppress(plant.connection, by_power, ANN, asset="PS-1", now=plant.now)
    changes = [await plant.change(ChangeKind.RAISED, asset="PS-1", rule="station/power")]
    for number in range(20):
        asset = f"P-{1 + number % 2}"
        changes.append(await plant.change(ChangeKind.RAISED, asset=asset, rule=f"pump/r{number}"))
    await plant.save(*changes)
    assert await orders(plant) == ["PS-1"]


async def test_what_is_still_active_when_the_fault_above_is_over_gets_its_order(
    plant: Plant,
) -> None:
    by_power = Suppression(SuppressionKind.PARENT, rule="power")
    await suppress(plant.connection, by_power, ANN, asset="PS-1", now=plant.now)
    await plant.find(asset="PS-1", rule="station/power")
    await plant.find(asset="P-1")
    await plant.find(asset="P-2")
    plant.later(minutes=5)
    await plant.find(ChangeKind.CLEARED, asset="P-1", onset=START)
    await plant.find(ChangeKind.CLEARED, asset="PS-1", rule="station/power", onset=START)
    await plant.tick()
    assert await orders(plant) == ["P-2", "PS-1"]


async def test_an_event_that_is_annunciated_again_keeps_the_order_that_it_has(
    plant: Plant,
) -> None:
    event = await plant.find()
    assert await orders(plant) == ["P-1"]
    until = plant.now + timedelta(hours=1)
    await shelve(plant.connection, event, ANN, now=plant.now, until=until)
    plant.later(minutes=1)
    await unshelve(plant.connection, event, ANN, now=plant.now)
    assert await plant.told(event) == ["raised", "raised"]
    assert await orders(plant) == ["P-1"]
