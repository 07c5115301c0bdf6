"""The list of orders: every set of filters is a statement that finds the right page."""

from datetime import timedelta
from itertools import combinations
from typing import Any

import pytest

from maintenance.commands.bulk import Seen, assign_all
from maintenance.orders.list_query import OrderFilters, find_orders, near_query, page_query
from maintenance.orders.work_order import OrderType, Particulars, State
from tests.maintenance.commands.moving import order_in
from tests.maintenance.scene import START, Plant

pytestmark = pytest.mark.store

VALUES: dict[str, Any] = {
    "states": frozenset({State.DRAFT, State.APPROVED}),
    "asset": "P-101",
    "below": "P-101",
    "site": "north",
    "priority": 3,
    "assignee": "kim",
    "overdue_at": START,
    "at_risk_at": START,
    "words": "seal drip",
}


async def numbers(plant: Plant, **given: Any) -> list[str]:
    found = await find_orders(plant.connection, OrderFilters(**given))
    return [order.number for order in found]


@pytest.mark.parametrize("after", [None, 10])
async def test_any_three_filters_and_all_of_them_are_a_statement(
    plant: Plant, after: int | None
) -> None:
    for chosen in (*combinations(VALUES, 3), *combinations(VALUES, 1), tuple(VALUES)):
        filters = OrderFilters(**{name: VALUES[name] for name in chosen})
        sql, values = page_query(filters, after=after)
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


async def test_a_part_of_the_tree_has_the_orders_of_all_below_it(plant: Plant) -> None:
    above = await order_in(plant, State.DRAFT)
    part = await order_in(plant, State.DRAFT, asset="P-102")
    await order_in(plant, State.DRAFT, asset="P-103")
    await plant.connection.execute(
        "UPDATE asset SET parent_id = (SELECT id FROM asset WHERE tag = 'P-101') WHERE tag = 'P-102'"
    )
    assert await numbers(plant, below="P-101") == [part.number, above.number]
    assert await numbers(plant, below="P-102") == [part.number]
    assert await numbers(plant, below="nothing") == []


_CLOCK = """
INSERT INTO sla_clock (work_order_id, kind, target_s, phase, used_s, warn_at, due_at)
VALUES (%s, %s, 3600, %s, 0, %s, %s)
"""


async def test_at_risk_is_what_runs_and_has_warned(plant: Plant) -> None:
    warned = await order_in(plant, State.APPROVED)
    not_yet = await order_in(plant, State.APPROVED, asset="P-102")
    met = await order_in(plant, State.APPROVED, asset="P-103")
    soon, late = START + timedelta(hours=1), START + timedelta(hours=9)
    for order, kind, phase, warn_at in (
        (warned, "response", "running", soon),
        (warned, "resolution", "running", soon),
        (not_yet, "response", "running", late),
        (met, "response", "finished", soon),
    ):
        await plant.connection.execute(_CLOCK, [order.id, kind, phase, warn_at, late])
    assert await numbers(plant, at_risk_at=START) == []
    assert await numbers(plant, at_risk_at=START + timedelta(hours=2)) == [warned.number]


async def test_a_word_is_found_among_the_newest_and_beyond_them(plant: Plant) -> None:
    wanted = frozenset({State.DRAFT})
    made = [await order_in(plant, State.DRAFT, title=title) for title in ("Seal", "Motor", "Seal")]
    found = await find_orders(
        plant.connection, OrderFilters(states=wanted, words="seal"), after=None, limit=2
    )
    assert [order.id for order in found] == [made[2].id, made[0].id]
    near = near_query(OrderFilters(states=wanted, words="seal"), after=None)
    assert near is not None
    cursor = await plant.connection.execute(near[0], near[1] | {"limit": 1, "reach": 2})
    assert [row[0] for row in await cursor.fetchall()] == [made[2].id]
