"""What happened meets the rules: each action once, whoever dies meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from config.database import Connection
from maintenance.automation import queries, store
from maintenance.automation.delivery import DeliveryState
from maintenance.automation.file import AutomationShape, ChannelShape
from maintenance.automation.routing import gather_digests, look_again, route
from maintenance.automation.service import apply_automations, apply_channels
from maintenance.commands.creation import NewOrder, create_order
from maintenance.commands.service import change_state
from maintenance.events.service import handle_condition_changes
from maintenance.orders.list_query import OrderFilters, find_orders
from maintenance.orders.queries import (
    changes_of,
    get_order,
)
from maintenance.orders.work_order import Action, OrderType, Particulars, State, WorkOrder
from tests.maintenance.scene import Plant

Open = Callable[[], Awaitable[Connection]]


async def arrange(plant: Plant, *automations: dict[str, Any], **channel: Any) -> None:
    """The channel `shift` and these automations; what happened before is over."""
    whole = {"code": "shift", "name": "Shift", "kind": "apprise", "address": "json://127.0.0.1"}
    await apply_channels(
        plant.connection, [ChannelShape.model_validate(whole | channel).definition()]
    )
    shapes = [AutomationShape.model_validate({"code": "r", **one}) for one in automations]
    await apply_automations(plant.connection, [shape.definition() for shape in shapes])
    await route(plant.connection, clock=plant.now_us)


async def an_order(plant: Plant, **given: Any) -> WorkOrder:
    new = NewOrder(
        **{"asset": "P-101", "type": OrderType.CORRECTIVE, "title": "Seal drips", **given}
    )
    return await create_order(plant.connection, new, actor="kim", clock=plant.now_us)


async def move(plant: Plant, number: str, *actions: Action) -> None:
    for action in actions:
        order = await get_order(plant.connection, number)
        await change_state(
            plant.connection,
            number,
            action,
            expected_version=order.version,
            given=Particulars("kim", "said", "Seal replaced"),
            clock=plant.now_us,
        )


async def runs(plant: Plant) -> list[tuple[str, str, str]]:
    return [
        (run.what, run.outcome, run.detail) for run in await queries.find_runs(plant.connection)
    ]


NOTIFY = {"when": "work_order.create", "then": [{"notify": {"channels": ["shift"]}}]}


async def test_a_new_order_is_told_once(plant: Plant) -> None:
    await arrange(plant, NOTIFY)
    await an_order(plant)
    assert await route(plant.connection, clock=plant.now_us) == 1
    assert await route(plant.connection, clock=plant.now_us) == 0
    (message,) = await queries.find_deliveries(plant.connection)
    assert (message.channel, message.title) == ("shift", "WO-000001 (create): Seal drips")


async def test_what_happened_before_there_was_a_rule_is_not_told(plant: Plant) -> None:
    await an_order(plant)
    await arrange(plant)
    await arrange(plant, NOTIFY)
    assert await queries.find_deliveries(plant.connection) == []


async def test_two_rules_that_notify_one_channel_tell_it_once(plant: Plant) -> None:
    await arrange(plant, NOTIFY, {**NOTIFY, "code": "s"})
    await an_order(plant)
    await route(plant.connection, clock=plant.now_us)
    assert len(await queries.find_deliveries(plant.connection)) == 1
    assert {detail for _, _, detail in await runs(plant)} == {"shift", "shift: told already"}


async def test_a_mark_that_was_taken_back_leads_to_nothing_new(plant: Plant) -> None:
    rule = {"when": "work_order.create", "then": [{"approve": {}}, NOTIFY["then"][0]]}
    await arrange(plant, rule)
    order = await an_order(plant)
    await route(plant.connection, clock=plant.now_us)
    await plant.connection.execute("UPDATE outbox SET handled_at = NULL")
    await route(plant.connection, clock=plant.now_us)
    assert (await get_order(plant.connection, order.number)).version == 2
    assert len(await runs(plant)) == 2


async def test_two_processes_take_what_happened_once(plant: Plant, open_connection: Open) -> None:
    await plant.connection.commit()
    await arrange(plant, NOTIFY)
    for number in range(20):
        await an_order(plant, title=f"t{number}")
    await plant.connection.commit()
    others = [await open_connection() for _ in range(4)]
    taken = [await asyncio.gather(*(route(each, limit=3) for each in others)) for _ in range(40)]
    assert sum(map(sum, taken)) == 20
    assert len(await queries.find_deliveries(plant.connection, limit=100)) == 20


async def test_a_process_that_dies_has_done_nothing(plant: Plant, open_connection: Open) -> None:
    await plant.connection.commit()
    await arrange(plant, NOTIFY)
    await an_order(plant)
    await plant.connection.commit()
    other = await open_connection()
    async with other.transaction(force_rollback=True):
        assert await route(other) == 1
    assert await route(plant.connection, clock=plant.now_us) == 1
    assert len(await queries.find_deliveries(plant.connection)) == 1


async def test_a_rule_does_what_it_says_in_its_order(plant: Plant) -> None:
    then = [{"approve": {}}, {"assign": {"to": "kim"}}, {"comment": {"text": "told {assignee}"}}]
    await arrange(plant, {"when": "work_order.create", "if": {"priority": 2}, "then": then})
    order = await an_order(plant, priority=2)
    other = await an_order(plant, priority=3)
    await route(plant.connection, clock=plant.now_us)
    found = await get_order(plant.connection, order.number)
    assert (found.state, found.assignee) == (State.APPROVED, "kim")
    told = (await changes_of(plant.connection, found))[-1]
    assert (told.actor, told.reason) == ("automation: r", "told kim")
    assert (await get_order(plant.connection, other.number)).state is State.DRAFT


async def test_a_rule_never_takes_an_order_from_somebody(plant: Plant) -> None:
    await arrange(plant, {"when": "work_order.assign", "then": [{"assign": {"to": "lee"}}]})
    order = await an_order(plant)
    await plant.connection.execute("UPDATE work_order SET assignee = 'kim'")
    await plant.connection.execute(
        "INSERT INTO outbox (topic, payload) VALUES ('work_order.assign', %s)",
        [f'{{"number": "{order.number}"}}'],
    )
    await route(plant.connection, clock=plant.now_us)
    assert ("assign", "done", "kim has it") in await runs(plant)


async def test_a_rule_is_not_woken_by_its_own_doing(plant: Plant) -> None:
    then = [{"follow_up": {"title": "Check after {number}"}}]
    await arrange(plant, {"when": "work_order.create", "then": then})
    await an_order(plant)
    while await route(plant.connection, clock=plant.now_us):
        pass
    titles = {order.title for order in await find_orders(plant.connection, OrderFilters())}
    assert titles == {"Seal drips", "Check after WO-000001"}


async def test_what_the_state_does_not_allow_is_refused_and_the_rest_goes_on(plant: Plant) -> None:
    then = [{"approve": {}}, {"comment": {"text": "seen"}}]
    await arrange(plant, {"when": "work_order.cancel", "then": then})
    order = await an_order(plant)
    await move(plant, order.number, Action.CANCEL)
    await route(plant.connection, clock=plant.now_us)
    (commented, approved) = await runs(plant)
    assert approved[:2] == ("approve", "refused")
    assert "it is cancelled" in approved[2]
    assert commented[:2] == ("comment", "done")


CLOSE = {"when": "work_order.complete", "then": [{"close": {"clear_for": "24h"}}]}


async def completed_order(plant: Plant) -> tuple[str, int]:
    """An order that an event raised, completed while the condition still holds; the event's id."""
    event = await plant.raise_event()
    await handle_condition_changes(plant.connection, clock=plant.now_us)
    (order,) = await find_orders(plant.connection, OrderFilters())
    await move(plant, order.number, Action.APPROVE, Action.START, Action.COMPLETE)
    while await route(plant.connection, clock=plant.now_us):
        pass
    await look_again(plant.connection, clock=plant.now_us)
    return order.number, event


async def clear(plant: Plant, event: int) -> None:
    await plant.connection.execute(
        "UPDATE condition_event SET state = 'cleared', cleared_at = %s WHERE id = %s",
        [plant.now, event],
    )


async def test_an_order_is_closed_when_its_condition_has_been_clear_long_enough(
    plant: Plant,
) -> None:
    await arrange(plant, CLOSE)
    number, event = await completed_order(plant)
    plant.later(hours=30)
    await look_again(plant.connection, clock=plant.now_us)
    assert (await get_order(plant.connection, number)).state is State.COMPLETED
    await clear(plant, event)
    plant.later(hours=24, minutes=-1)
    await look_again(plant.connection, clock=plant.now_us)
    assert (await get_order(plant.connection, number)).state is State.COMPLETED
    plant.later(hours=25)
    await look_again(plant.connection, clock=plant.now_us)
    assert (await get_order(plant.connection, number)).state is State.CLOSED
    assert await runs(plant) == [("close", "done", number)]


async def test_a_message_keeps_its_quiet_hours(plant: Plant) -> None:
    await arrange(plant, NOTIFY, quiet_from="05:00", quiet_to="08:00")
    await an_order(plant, priority=3)
    await an_order(plant, priority=1, title="Leak")
    await route(plant.connection, clock=plant.now_us)
    found = await queries.find_deliveries(plant.connection)
    leaves = {each.title: each.not_before - plant.now for each in found}
    assert leaves == {
        "WO-000001 (create): Seal drips": timedelta(hours=2),
        "WO-000002 (create): Leak": timedelta(0),
    }


async def test_a_digest_stands_for_what_it_tells_of(plant: Plant) -> None:
    await arrange(plant, NOTIFY, digest="hourly")
    await an_order(plant, priority=3)
    await an_order(plant, priority=4, title="Grease")
    await route(plant.connection, clock=plant.now_us)
    assert await gather_digests(plant.connection, clock=plant.now_us) == 0
    plant.later(hours=1)
    assert await gather_digests(plant.connection, clock=plant.now_us) == 1
    assert await gather_digests(plant.connection, clock=plant.now_us) == 0
    found = await queries.find_deliveries(plant.connection)
    assert [each.state for each in found if each.topic != "digest"] == [DeliveryState.IN_DIGEST] * 2
    (claimed,) = await store.claim(plant.connection, at=plant.now, limit=10)
    assert claimed["title"] == "Oilcan: 2 messages"
    assert "Seal drips" in claimed["text"]
    assert "Grease" in claimed["text"]


async def test_a_condition_that_cannot_be_acted_upon_is_told_by_its_topic(plant: Plant) -> None:
    await arrange(plant, {**NOTIFY, "when": "condition_change.refused"})
    await plant.connection.execute(
        "INSERT INTO outbox (topic, payload) VALUES ('condition_change.refused', %s)",
        ['{"reason": "no such asset"}'],
    )
    await route(plant.connection, clock=plant.now_us)
    (message,) = await queries.find_deliveries(plant.connection)
    assert (message.title, message.text) == ("condition change: refused", "reason: no such asset")
