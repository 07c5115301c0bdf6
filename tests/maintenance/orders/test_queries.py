"""Reads of maintenance: filters, pages, counts."""

import pytest

from config.database import Connection
from maintenance.commands.creation import NewOrder, create_order
from maintenance.commands.service import assign, change_state
from maintenance.errors import NotFound
from maintenance.orders import queries
from maintenance.orders.list_query import OrderFilters, find_orders
from maintenance.orders.work_order import Action, OrderType, Particulars, State
from tests.maintenance.scene import Plant

pytestmark = pytest.mark.store


@pytest.fixture
async def three(connection: Connection, plant: Plant) -> Connection:
    """WO-1 approved (P-101, priority 1, ben), WO-2 and WO-3 drafts (P-102, P-103, priority 4, 5)."""
    given = Particulars("ana")
    urgent = NewOrder("P-101", OrderType.CORRECTIVE, "A", failure_mode="VIB", priority=1)
    order = await create_order(connection, urgent, actor="ana")
    await assign(connection, order.number, "ben", expected_version=1, given=given)
    await change_state(connection, order.number, Action.APPROVE, expected_version=2, given=given)
    await create_order(connection, NewOrder("P-102", OrderType.INSPECTION, "B"), actor="ana")
    await create_order(connection, NewOrder("P-103", OrderType.PREVENTIVE, "C"), actor="ana")
    return connection


@pytest.mark.parametrize(
    ("filters", "ids"),
    [
        (OrderFilters(), [3, 2, 1]),
        (OrderFilters(states=frozenset({State.DRAFT})), [3, 2]),
        (OrderFilters(states=frozenset({State.DRAFT, State.APPROVED})), [3, 2, 1]),
        (OrderFilters(states=frozenset({State.CLOSED})), []),
        (OrderFilters(asset="P-102"), [2]),
        (OrderFilters(asset="P-999"), []),
        (OrderFilters(priority=5), [3]),
        (OrderFilters(problem="P-101/VIB"), [1]),
        (OrderFilters(assignee="ben"), [1]),
        (OrderFilters(states=frozenset({State.DRAFT}), asset="P-103", priority=5), [3]),
    ],
)
async def test_orders_are_filtered(
    three: Connection, filters: OrderFilters, ids: list[int]
) -> None:
    assert [order.id for order in await find_orders(three, filters)] == ids


async def test_pages_go_on_where_the_last_one_ended(three: Connection) -> None:
    first = await find_orders(three, OrderFilters(), limit=2)
    second = await find_orders(three, OrderFilters(), after=first[-1].id, limit=2)
    assert [order.id for order in (*first, *second)] == [3, 2, 1]


async def test_an_unknown_number_is_not_found(three: Connection) -> None:
    with pytest.raises(NotFound) as missing:
        await queries.get_order(three, "WO-000099")
    assert (missing.value.kind, missing.value.key) == ("work order", "WO-000099")


async def test_an_order_is_found_by_the_id_that_is_notified(three: Connection) -> None:
    found = await queries.order_by_id(three, 2)
    assert found is not None
    assert found.number == "WO-000002"
    assert await queries.order_by_id(three, 99) is None


async def test_every_state_is_counted(three: Connection) -> None:
    expected = dict.fromkeys(State, 0) | {State.DRAFT: 2, State.APPROVED: 1}
    assert await queries.count_by_state(three) == expected


async def test_waiting_changes_are_counted(connection: Connection, plant: Plant) -> None:
    await plant.raise_event()
    await plant.raise_event("P-102")
    assert await queries.count_waiting(connection) == 2


async def test_a_persons_order_has_no_evidence_and_no_events(three: Connection) -> None:
    order = await queries.get_order(three, "WO-000001")
    assert await queries.evidence_of(three, order) is None
    assert await queries.events_of(three, order) == []
