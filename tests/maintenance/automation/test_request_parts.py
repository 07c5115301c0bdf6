"""A rule asks for parts: of the job plan or by name, each once."""

from decimal import Decimal
from typing import Any

import pytest

from config.database import Connection
from maintenance.automation.file import AutomationShape
from maintenance.automation.routing import route
from maintenance.automation.service import apply_automations
from maintenance.commands.creation import NewOrder, create_order
from maintenance.commands.service import change_state, comment
from maintenance.orders.work_order import Action, OrderType, Particulars, WorkOrder
from tests.maintenance.materials.shelf import BEARING
from tests.maintenance.scene import Plant

pytestmark = [pytest.mark.store, pytest.mark.usefixtures("stocked")]


async def _rule(plant: Plant, parts: dict[str, Any], when: str) -> None:
    given = {"code": "r", "when": when, "then": [{"request_parts": parts}]}
    shape = AutomationShape.model_validate(given)
    await apply_automations(plant.connection, [shape.definition()])


async def _order(plant: Plant) -> WorkOrder:
    new = NewOrder(asset="P-101", type=OrderType.CORRECTIVE, title="Bearing is hot")
    return await create_order(plant.connection, new, actor="kim", clock=plant.now_us)


async def _reserved(connection: Connection) -> list[tuple[str, Decimal]]:
    cursor = await connection.execute("SELECT source, quantity FROM reservation ORDER BY id")
    return [(row[0], row[1]) for row in await cursor.fetchall()]


async def _outcomes(connection: Connection) -> list[str]:
    cursor = await connection.execute("SELECT outcome FROM automation_run ORDER BY id")
    return [row[0] for row in await cursor.fetchall()]


async def test_named_parts_are_reserved_once_however_often_the_rule_comes_to_it(
    plant: Plant,
) -> None:
    await _rule(plant, {"parts": {BEARING: 2}}, "work_order.comment")
    order = await _order(plant)
    for text in ("hot", "hotter"):
        await comment(plant.connection, order.number, text, actor="kim", clock=plant.now_us)
    await route(plant.connection, clock=plant.now_us)
    assert await _reserved(plant.connection) == [(f"automation: r/{BEARING}", Decimal(2))]
    assert await _outcomes(plant.connection) == ["done", "done"]


async def test_an_order_without_a_job_plan_has_no_parts_to_ask_for(plant: Plant) -> None:
    await _rule(plant, {}, "work_order.create")
    await _order(plant)
    await route(plant.connection, clock=plant.now_us)
    assert await _reserved(plant.connection) == []
    assert await _outcomes(plant.connection) == ["done"]


async def test_an_unknown_part_and_a_cancelled_order_are_refused(plant: Plant) -> None:
    await _rule(plant, {"parts": {"NONE": 1}}, "work_order.create")
    order = await _order(plant)
    await route(plant.connection, clock=plant.now_us)
    await _rule(plant, {"parts": {BEARING: 1}}, "work_order.cancel")
    given = Particulars("kim", "not needed")
    await change_state(
        plant.connection,
        order.number,
        Action.CANCEL,
        expected_version=order.version,
        given=given,
        clock=plant.now_us,
    )
    await route(plant.connection, clock=plant.now_us)
    assert await _outcomes(plant.connection) == ["refused", "refused"]
    assert await _reserved(plant.connection) == []
