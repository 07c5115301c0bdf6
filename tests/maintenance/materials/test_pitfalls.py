"""What went wrong with parts in other systems and must not go wrong here (field notes)."""

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal

import psycopg
import pytest

from config.database import Connection
from maintenance.errors import BookingRefused, StockShort
from maintenance.materials.correction import adjust, count, reverse
from maintenance.materials.ledger import Permit, Place
from maintenance.materials.part import Strength
from maintenance.materials.reservations import (
    WhenShort,
    Wish,
    commit_order,
    expire_reservations,
    release,
    release_order,
    reserve,
)
from maintenance.materials.service import give_back, issue, receive, transfer
from tests.maintenance.materials.shelf import (
    ANA,
    BEARING,
    MAIN,
    YARD,
    committed,
    fill,
    later,
    make_order,
    on_hand,
    value,
    wrongs,
)

Open = Callable[[], Awaitable[Connection]]
SHELF = Place(BEARING, MAIN)
ONE = Decimal(1)
COST = "SELECT coalesce(sum(amount_minor), 0) FROM order_cost"


def wish(quantity: int | str, **more: object) -> Wish:
    return Wish(SHELF, Decimal(quantity), **more)  # type: ignore[arg-type]


async def refused(deed: Awaitable[object]) -> bool:
    """Was there too little?"""
    try:
        await deed
    except StockShort:
        return True
    return False


async def test_inventree_12478_ten_allocations_against_five_give_five(
    stocked: Connection, open_connection: Open
) -> None:
    await fill(stocked, 5)
    orders = [await make_order(stocked) for _ in range(10)]
    people = [await open_connection() for _ in range(10)]
    turned_away = await asyncio.gather(
        *(
            refused(reserve(on, order, wish(1), said=ANA))
            for on, order in zip(people, orders, strict=True)
        )
    )
    assert sum(turned_away) == 5
    assert await committed(stocked) == 5
    assert await wrongs(stocked) == []


async def test_ten_issues_against_five_give_five(
    stocked: Connection, open_connection: Open
) -> None:
    await fill(stocked, 5, value_minor=1_003)
    order = await make_order(stocked)
    people = [await open_connection() for _ in range(10)]
    turned_away = await asyncio.gather(
        *(refused(issue(on, order, SHELF, ONE, said=ANA)) for on in people)
    )
    assert (sum(turned_away), await on_hand(stocked)) == (5, 0)
    assert await value(stocked, COST) == 1_003
    assert await wrongs(stocked) == []


async def test_inventree_12718_a_count_keeps_what_others_moved_meanwhile(
    stocked: Connection,
) -> None:
    await fill(stocked, 5)
    seen = await value(stocked, "SELECT position FROM part_stock WHERE on_hand = 5")
    order = await make_order(stocked)
    await issue(stocked, order, SHELF, Decimal(2), said=ANA)
    found = await count(stocked, SHELF, Decimal(4), position=seen, said=ANA)
    assert (found.expected, found.counted) == (5, 4)
    assert await on_hand(stocked) == 2


async def test_counts_and_issues_at_once_lose_nothing(
    stocked: Connection, open_connection: Open
) -> None:
    await fill(stocked, 10)
    seen = await value(stocked, "SELECT position FROM part_stock WHERE on_hand = 10")
    order = await make_order(stocked)
    people = [await open_connection() for _ in range(6)]
    await asyncio.gather(
        *(issue(on, order, SHELF, ONE, said=ANA) for on in people[1:]),
        count(people[0], SHELF, Decimal(9), position=seen, said=ANA),
    )
    assert await on_hand(stocked) == 4
    assert await wrongs(stocked) == []


async def test_inventree_4820_partial_use_costs_what_was_used(stocked: Connection) -> None:
    await fill(stocked, 4, value_minor=1_001)
    order = await make_order(stocked)
    [issued] = await issue(stocked, order, SHELF, Decimal(3), said=ANA)
    await give_back(stocked, issued.id, ONE, said=ANA)
    assert await on_hand(stocked) == 2
    assert await value(stocked, COST) == 751 - 250
    await give_back(stocked, issued.id, Decimal(2), said=ANA)
    assert await value(stocked, COST) == 0
    with pytest.raises(BookingRefused, match="0 are still out"):
        await give_back(stocked, issued.id, ONE, said=ANA)


async def test_atlas_a_part_that_is_dropped_from_an_order_is_there_for_others(
    stocked: Connection,
) -> None:
    await fill(stocked, 1)
    first, second = await make_order(stocked), await make_order(stocked)
    held = await reserve(stocked, first, wish(1), said=ANA)
    waiting = await reserve(stocked, second, wish(1, when_short=WhenShort.WAIT), said=ANA)
    assert held is not None
    assert waiting is not None
    await release(stocked, held.id, said=ANA)
    assert await value(stocked, "SELECT committed FROM reservation WHERE id = %s", waiting.id) == 1


async def test_atlas_past_cost_does_not_move_with_todays_price(stocked: Connection) -> None:
    await fill(stocked, 2, value_minor=200)
    order = await make_order(stocked)
    [issued] = await issue(stocked, order, SHELF, ONE, said=ANA)
    await fill(stocked, 10, value_minor=99_000)
    await stocked.execute("UPDATE part SET standard_cost_minor = 77777")
    assert await value(stocked, COST) == 100
    await give_back(stocked, issued.id, ONE, said=ANA)
    assert await value(stocked, COST) == 0


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE stock_ledger SET quantity = 9",
        "DELETE FROM stock_ledger",
        "TRUNCATE stock_ledger CASCADE",
    ],
)
async def test_what_was_booked_cannot_be_changed_behind_the_program(
    stocked: Connection, change: str
) -> None:
    await fill(stocked, 1)
    with pytest.raises(psycopg.Error, match="never changed or removed"):
        await stocked.execute(change.encode())


async def test_stock_falls_below_nothing_only_with_a_permit_that_is_recorded(
    stocked: Connection,
) -> None:
    order = await make_order(stocked)
    yard = Place(BEARING, YARD)
    permit = Permit("ben", "the delivery stands at the gate")
    with pytest.raises(StockShort):
        await issue(stocked, order, yard, ONE, said=ANA)
    with pytest.raises(StockShort):
        await issue(stocked, order, yard, ONE, said=ANA, permit=Permit("ben", " "))
    with pytest.raises(StockShort):
        await issue(stocked, order, SHELF, ONE, said=ANA, permit=permit)
    await issue(stocked, order, yard, ONE, said=ANA, permit=permit)
    assert await on_hand(stocked, room=YARD) == -1
    assert await value(stocked, "SELECT permit FROM stock_ledger") == str(permit)
    assert await value(stocked, COST) == 4_250


async def test_what_was_issued_before_it_came_in_keeps_its_cost_when_it_comes(
    stocked: Connection,
) -> None:
    order = await make_order(stocked)
    yard = Place(BEARING, YARD)
    await issue(stocked, order, yard, ONE, said=ANA, permit=Permit("ben", "it is at the gate"))
    await receive(stocked, yard, Decimal(2), value_minor=10_000, said=ANA)
    assert await value(stocked, COST) == 4_250
    assert await value(stocked, "SELECT value_minor FROM part_stock WHERE on_hand = 1") == 5_000
    assert await wrongs(stocked) == []


async def test_others_get_what_is_committed_to_nobody(stocked: Connection) -> None:
    await fill(stocked, 3)
    first, second = await make_order(stocked), await make_order(stocked)
    await reserve(stocked, first, wish(2), said=ANA)
    with pytest.raises(StockShort) as short:
        await issue(stocked, second, SHELF, Decimal(2), said=ANA)
    assert short.value.available == 1
    await issue(stocked, first, SHELF, Decimal(3), said=ANA)
    assert await committed(stocked) == 0


async def test_what_comes_in_goes_to_the_most_urgent_order_first(stocked: Connection) -> None:
    later_one = await make_order(stocked, priority=4)
    urgent = await make_order(stocked, priority=1)
    for order in (later_one, urgent):
        await reserve(stocked, order, wish(2, when_short=WhenShort.WAIT), said=ANA)
    await fill(stocked, 3)
    cursor = await stocked.execute("SELECT committed FROM reservation ORDER BY id")
    assert [row[0] for row in await cursor.fetchall()] == [1, 2]


async def test_a_count_that_finds_less_takes_from_the_least_urgent(stocked: Connection) -> None:
    await fill(stocked, 4)
    urgent, other = await make_order(stocked, priority=1), await make_order(stocked, priority=4)
    for order in (other, urgent):
        await reserve(stocked, order, wish(2), said=ANA)
    await count(stocked, SHELF, Decimal(3), position=None, said=ANA)
    cursor = await stocked.execute("SELECT committed FROM reservation ORDER BY id")
    assert [row[0] for row in await cursor.fetchall()] == [1, 2]
    assert await wrongs(stocked) == []


async def test_a_soft_reservation_takes_nothing_until_its_order_is_approved(
    stocked: Connection,
) -> None:
    await fill(stocked, 1)
    order = await make_order(stocked, state="draft")
    await reserve(stocked, order, wish(2, strength=Strength.SOFT), said=ANA)
    assert await committed(stocked) == 0
    await commit_order(stocked, await value(stocked, "SELECT id FROM work_order"))
    assert await committed(stocked) == 1


async def test_a_source_reserves_once_however_often_it_asks(stocked: Connection) -> None:
    order = await make_order(stocked)
    wanted = wish(2, when_short=WhenShort.WAIT, source="job_plan/1")
    assert await reserve(stocked, order, wanted, said=ANA) is not None
    assert await reserve(stocked, order, wanted, said=ANA) is None
    assert await value(stocked, "SELECT count(*) FROM reservation") == 1


async def test_a_reservation_expires_by_the_clock_and_its_stock_is_free(
    stocked: Connection,
) -> None:
    await fill(stocked, 1)
    order = await make_order(stocked)
    await reserve(stocked, order, wish(1, expires_at=later(hours=1).at), said=ANA)
    assert await expire_reservations(stocked, at=later(minutes=59).at) == 0
    assert await expire_reservations(stocked, at=later(hours=1).at) == 1
    assert await committed(stocked) == 0
    assert await expire_reservations(stocked, at=later(hours=2).at) == 0


async def test_an_order_that_ends_gives_free_what_it_did_not_take(stocked: Connection) -> None:
    await fill(stocked, 4)
    order = await make_order(stocked)
    await reserve(stocked, order, wish(3), said=ANA)
    await issue(stocked, order, SHELF, ONE, said=ANA)
    await release_order(stocked, 1, said=ANA)
    assert await committed(stocked) == 0
    assert await on_hand(stocked) == 3


@pytest.mark.parametrize("state", ["completed", "closed", "cancelled"])
async def test_nothing_is_issued_to_an_order_that_is_done(stocked: Connection, state: str) -> None:
    await fill(stocked, 4)
    order = await make_order(stocked, state=state)
    with pytest.raises(BookingRefused, match=state):
        await issue(stocked, order, SHELF, ONE, said=ANA)
    with pytest.raises(BookingRefused, match=state):
        await reserve(stocked, order, wish(1), said=ANA)


async def test_something_of_a_closed_order_comes_back_only_with_a_reason(
    stocked: Connection,
) -> None:
    await fill(stocked, 1)
    order = await make_order(stocked)
    [issued] = await issue(stocked, order, SHELF, ONE, said=ANA)
    await stocked.execute("UPDATE work_order SET state = 'closed'")
    with pytest.raises(BookingRefused, match="say why"):
        await give_back(stocked, issued.id, ONE, said=type(ANA)("ana", ANA.at))
    await give_back(stocked, issued.id, ONE, said=ANA)


async def test_an_entry_is_taken_back_once(stocked: Connection, open_connection: Open) -> None:
    await fill(stocked, 1)
    entry = await value(stocked, "SELECT id FROM stock_ledger")
    people = [await open_connection() for _ in range(4)]
    taken = await asyncio.gather(
        *(reverse(on, entry, said=ANA) for on in people), return_exceptions=True
    )
    assert sum(isinstance(one, BookingRefused) for one in taken) == 3
    assert await on_hand(stocked) == 0


async def test_an_issue_without_a_bin_takes_from_as_many_as_it_needs(stocked: Connection) -> None:
    await fill(stocked, 3, value_minor=300)
    await transfer(stocked, Place(BEARING, MAIN, "A"), Place(BEARING, MAIN, "B"), ONE, said=ANA)
    order = await make_order(stocked)
    entries = await issue(stocked, order, SHELF, Decimal(3), said=ANA)
    assert [entry.quantity for entry in entries] == [-2, -1]
    with pytest.raises(StockShort):
        await issue(stocked, order, Place(BEARING, MAIN, "B"), ONE, said=ANA)


async def test_a_transfer_carries_its_value_along(stocked: Connection) -> None:
    await fill(stocked, 3, value_minor=301)
    await transfer(stocked, SHELF, Place(BEARING, YARD), Decimal(2), said=ANA)
    cursor = await stocked.execute("SELECT value_minor FROM part_stock ORDER BY on_hand")
    assert sorted(row[0] for row in await cursor.fetchall()) == [0, 100, 201]


@pytest.mark.parametrize("quantity", ["0", "-1", "0.0001", "NaN"])
async def test_a_quantity_that_cannot_be_moved_is_refused(
    stocked: Connection, quantity: str
) -> None:
    with pytest.raises(BookingRefused):
        await receive(stocked, SHELF, Decimal(quantity), value_minor=1, said=ANA)


async def test_an_adjustment_says_why(stocked: Connection) -> None:
    with pytest.raises(BookingRefused, match="reason"):
        await adjust(stocked, SHELF, ONE, said=type(ANA)("ana", ANA.at))
