"""The list of orders: every set of filters is a statement that finds the right page."""

from itertools import product
from typing import Any

import pytest

from maintenance.commands.bulk import Seen, assign_all
from maintenance.orders.list_query import OrderFilters, find_orders, page_query
from maintenance.orders.work_order import OrderType, Particulars, State
from tests.maintenance.commands.moving import order_in
from tests.maintenance.scene import START, Plant

pytestmark = pytest.mark.store

VALUES: dict[str, Any] = {
    "states": frozenset({State.DRAFT, State.APPROVED}),
    "asset": "P-101",
    "site": "north",
    "priority": 3,
    "assignee": "kim",
    "overdue_at": START,
    "words": "seal drip",
}


async def numbers(plant: Plant, **given: Any) -> list[str]:
    found = await find_orders(plant.connection, OrderFilters(**given))
    return [order.number for order in found]


@pytest.mark.parametrize("after", [None, 10])
async def test_every_set_of_filters_is_a_statement(plant: Plant, after: int | None) -> None:
    for chosen in product((False, True), repeat=len(VALUES)):
        given = {name: VALUES[name] for name, on in zip(VALUES, chosen, strict=True) if on}
        sql, values = page_query(OrderFilters(**given), after=after)
        await plant.connection.execute(sql, values | {"limit": 1}, prepare=False)


async def test_each_filter_finds_its_orders_newest_first(plant: Plant) -> None:
    draft = await order_in(plant, State.DRAFT, title="Seal drips", due_at=START)
    done = await order_in(plant, State.COMPLETED, type=OrderType.INSPECTION, due_at=START)
    other = await order_in(plant, State.APPROVED, asset="P-102", priority=1)
    await assign_all(
        plant.connection,
        [Seen(other.number, other.version)],
        "kim",
        given=Particulars("ana"),
    )
    both = [done.number, draft.number]
    assert await numbers(plant) == [other.number, *both]
    assert await numbers(plant, asset="P-101") == both
    assert await numbers(plant, site="north", states=frozenset({State.DRAFT})) == [draft.number]
    assert await numbers(plant, type=OrderType.INSPECTION) == [done.number]
    assert await numbers(plant, priority=1) == [other.number]
    assert await numbers(plant, assignee="kim") == [other.number]
    assert await numbers(plant, words="drip SEA") == [draft.number]
    assert await numbers(plant, words=f" {other.number.lower()} ") == [other.number]
    plant.later(hours=1)
    assert await numbers(plant, overdue_at=plant.now) == [draft.number]


async def test_pages_follow_one_another_without_gap_or_overlap(plant: Plant) -> None:
    made = [await order_in(plant, State.DRAFT) for _ in range(5)]
    filters = OrderFilters(states=frozenset({State.DRAFT, State.APPROVED}))
    seen: list[int] = []
    while page := await find_orders(
        plant.connection, filters, after=seen[-1] if seen else None, limit=2
    ):
        seen += [order.id for order in page]
    assert seen == [order.id for order in reversed(made)]
