"""From the reorder point over approval, order and partial deliveries to the ledger."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from psycopg.rows import dict_row

from config.database import Connection
from maintenance.errors import (
    BookingRefused,
    DeliveryRefused,
    LimitExceeded,
    PriceMissing,
    RequirementMissing,
    StaleVersion,
    TransitionRefused,
)
from maintenance.materials.ledger import Place
from maintenance.materials.reservations import WhenShort, Wish, reserve
from maintenance.procurement.purchasing import (
    Delivery,
    cancel,
    close_short,
    deliver,
    send,
    take_receipt_back,
)
from maintenance.procurement.requisitions import (
    Approver,
    Cause,
    Need,
    approve,
    order_from,
    order_waiting,
    refuse,
    reorder,
    require,
    withdraw,
)
from tests.maintenance.materials.shelf import (
    ANA,
    BEARING,
    MAIN,
    SEAL,
    committed,
    fill,
    make_order,
    on_hand,
    value,
    wrongs,
)
from tests.maintenance.procurement.trade import CHEAP, FAST

Open = Callable[[], Awaitable[Connection]]
ANYTHING = Approver("ana", None)
TEN = Decimal(10)


async def rows(connection: Connection, sql: str) -> list[dict[str, Any]]:
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(sql.encode())
        return await cursor.fetchall()


async def wanted(connection: Connection, quantity: Decimal = TEN, part: str = BEARING) -> str:
    """Number of a requisition of a person."""
    number = await require(connection, Need(Place(part, MAIN), quantity, Cause.PERSON), said=ANA)
    assert number is not None
    return number


async def sent(connection: Connection, quantity: Decimal = TEN) -> tuple[str, int]:
    """A purchase of bearings from the cheap vendor that was sent: its number and its line."""
    number = await wanted(connection, quantity)
    draft = await approve(connection, number, ANYTHING, expected_version=1, said=ANA)
    assert draft is not None
    await send(connection, draft, expected_version=1, said=ANA)
    return draft, await value(connection, "SELECT max(id) FROM purchase_line")


async def test_the_reorder_point_asks_once_however_often_and_by_whomever_it_is_looked_at(
    trade: Connection, open_connection: Open
) -> None:
    await fill(trade, 2)
    people = [await open_connection() for _ in range(4)]
    made = await asyncio.gather(*(reorder(on, said=ANA) for on in people))
    assert sum(len(numbers) for numbers in made) == 1
    assert await reorder(trade, said=ANA) == []
    [line] = await rows(trade, "SELECT quantity, cause, reason, estimate_minor FROM requisition")
    assert (line["quantity"], line["cause"], line["estimate_minor"]) == (6, "reorder", 24_000)
    assert "at or below the reorder point 2" in line["reason"]


async def test_stock_above_its_reorder_point_asks_for_nothing(trade: Connection) -> None:
    await fill(trade, 3)
    assert await reorder(trade, said=ANA) == []


async def test_what_is_reserved_and_what_is_on_its_way_count(trade: Connection) -> None:
    await fill(trade, 3)
    order = await make_order(trade)
    await reserve(trade, order, Wish(Place(BEARING, MAIN), Decimal(1)), said=ANA)
    assert len(await reorder(trade, said=ANA)) == 1
    assert await value(trade, "SELECT quantity FROM requisition") == 6
    await approve(trade, "RQ-000001", ANYTHING, expected_version=1, said=ANA)
    assert await reorder(trade, said=ANA) == []


async def test_approval_orders_from_the_cheapest_and_says_why(trade: Connection) -> None:
    number = await wanted(trade)
    assert await approve(trade, number, ANYTHING, expected_version=1, said=ANA) == "PO-000001"
    [line] = await rows(trade, "SELECT choice, price_minor FROM purchase_line")
    assert line["choice"] == "cheap: the lowest price (of 2 vendors); 10 days."
    assert line["price_minor"] == 4_000


async def test_lines_for_one_vendor_and_storeroom_stand_on_one_draft(trade: Connection) -> None:
    drafts = [
        await approve(trade, await wanted(trade), ANYTHING, expected_version=1, said=ANA)
        for _ in range(2)
    ]
    assert drafts == ["PO-000001", "PO-000001"]


async def test_who_may_spend_less_does_not_approve(trade: Connection) -> None:
    number = await wanted(trade)
    with pytest.raises(LimitExceeded, match="40000"):
        await approve(trade, number, Approver("ben", 39_999), expected_version=1, said=ANA)
    await approve(trade, number, Approver("ben", 40_000), expected_version=1, said=ANA)


async def test_what_has_no_price_waits_for_one(trade: Connection) -> None:
    number = await wanted(trade, part=SEAL)
    with pytest.raises(PriceMissing):
        await approve(trade, number, Approver("ben", 10**9), expected_version=1, said=ANA)
    assert await approve(trade, number, ANYTHING, expected_version=1, said=ANA) is None
    assert await order_waiting(trade, said=ANA) == []
    await trade.execute(
        "UPDATE price_agreement SET part_id = (SELECT id FROM part WHERE code = 'SEAL-40')"
    )
    assert await order_waiting(trade, said=ANA) == ["PO-000001"]
    assert await order_waiting(trade, said=ANA) == []


async def test_a_person_may_choose_the_vendor(trade: Connection) -> None:
    number = await wanted(trade, part=SEAL)
    await approve(trade, number, ANYTHING, expected_version=1, said=ANA)
    with pytest.raises(PriceMissing):
        await order_from(trade, number, FAST, expected_version=2, said=ANA)
    await trade.execute(
        "UPDATE price_agreement SET part_id = (SELECT id FROM part WHERE code = 'SEAL-40')"
    )
    await order_from(trade, number, FAST, expected_version=2, said=ANA)
    assert await value(trade, "SELECT choice FROM purchase_line") == "fast: chosen by ana; 1 days."


async def test_two_who_approve_at_once_order_once(trade: Connection, open_connection: Open) -> None:
    number = await wanted(trade)
    people = [await open_connection() for _ in range(4)]
    done = await asyncio.gather(
        *(approve(on, number, ANYTHING, expected_version=1, said=ANA) for on in people),
        return_exceptions=True,
    )
    assert sum(isinstance(one, StaleVersion) for one in done) == 3
    assert await value(trade, "SELECT count(*) FROM purchase_line") == 1


async def test_what_was_refused_or_withdrawn_is_not_ordered(trade: Connection) -> None:
    first, second = await wanted(trade), await wanted(trade)
    await refuse(trade, first, expected_version=1, said=ANA)
    await withdraw(trade, second, expected_version=1, said=ANA)
    for number in (first, second):
        with pytest.raises(TransitionRefused):
            await approve(trade, number, ANYTHING, expected_version=2, said=ANA)


async def test_partial_deliveries_go_into_the_ledger_until_all_has_come(trade: Connection) -> None:
    purchase, line = await sent(trade)
    await deliver(trade, purchase, Delivery(line, Decimal(4)), said=ANA)
    assert await value(trade, "SELECT state FROM purchase_order") == "sent"
    await deliver(trade, purchase, Delivery(line, Decimal(6)), said=ANA)
    assert await value(trade, "SELECT state FROM purchase_order") == "closed"
    assert await on_hand(trade) == 10
    assert await value(trade, "SELECT sum(value_minor) FROM stock_ledger") == 40_000
    with pytest.raises(TransitionRefused):
        await deliver(trade, purchase, Delivery(line, Decimal(1)), said=ANA)


async def test_more_than_is_tolerated_is_taken_only_if_somebody_says_why(trade: Connection) -> None:
    purchase, line = await sent(trade)
    with pytest.raises(DeliveryRefused, match="more than the 11"):
        await deliver(trade, purchase, Delivery(line, Decimal(12)), said=ANA)
    await deliver(trade, purchase, Delivery(line, Decimal(12), accepted="we need them"), said=ANA)
    assert await on_hand(trade) == 12


async def test_a_higher_price_is_taken_only_if_somebody_says_why(trade: Connection) -> None:
    purchase, line = await sent(trade)
    dear = Delivery(line, Decimal(5), amount_minor=20_500)
    with pytest.raises(DeliveryRefused, match="500 minor units more"):
        await deliver(trade, purchase, dear, said=ANA)
    await deliver(trade, purchase, replace(dear, accepted="surcharge on steel"), said=ANA)
    await deliver(trade, purchase, Delivery(line, Decimal(5), amount_minor=19_000), said=ANA)
    found = await rows(trade, "SELECT difference_minor FROM purchase_receipt ORDER BY id")
    assert [row["difference_minor"] for row in found] == [500, -1_000]
    assert await value(trade, "SELECT value_minor FROM part_stock WHERE on_hand = 10") == 39_500


async def test_two_who_take_the_same_rest_in_at_once_take_it_once(
    trade: Connection, open_connection: Open
) -> None:
    purchase, line = await sent(trade)
    people = [await open_connection() for _ in range(4)]
    done = await asyncio.gather(
        *(deliver(on, purchase, Delivery(line, TEN), said=ANA) for on in people),
        return_exceptions=True,
    )
    assert sum(isinstance(one, TransitionRefused) for one in done) == 3
    assert await on_hand(trade) == 10


async def test_the_rest_that_will_not_come_is_closed_short(trade: Connection) -> None:
    purchase, line = await sent(trade)
    await deliver(trade, purchase, Delivery(line, Decimal(7)), said=ANA)
    await close_short(trade, purchase, line, said=ANA)
    assert await value(trade, "SELECT state FROM purchase_order") == "closed"
    with pytest.raises(BookingRefused):
        await close_short(trade, purchase, line, said=ANA)


async def test_a_cancelled_purchase_leaves_open_what_did_not_come(trade: Connection) -> None:
    purchase, _ = await sent(trade)
    with pytest.raises(RequirementMissing):
        await cancel(trade, purchase, said=replace(ANA, reason=""))
    await cancel(trade, purchase, said=ANA)
    [line] = await rows(trade, "SELECT state, decision FROM requisition")
    assert line == {"state": "open", "decision": "PO-000001 was cancelled: because"}


async def test_a_delivery_that_goes_back_leaves_the_stock_and_is_still_to_come(
    trade: Connection,
) -> None:
    purchase, line = await sent(trade)
    receipt = await deliver(trade, purchase, Delivery(line, TEN), said=ANA)
    await take_receipt_back(trade, receipt, said=ANA)
    with pytest.raises(BookingRefused):
        await take_receipt_back(trade, receipt, said=ANA)
    assert await on_hand(trade) == 0
    assert await value(trade, "SELECT state FROM purchase_order") == "sent"
    await deliver(trade, purchase, Delivery(line, TEN), said=ANA)
    assert await wrongs(trade) == []


async def test_what_comes_in_goes_to_those_who_wait(trade: Connection) -> None:
    order = await make_order(trade)
    wish = Wish(Place(BEARING, MAIN), Decimal(3), when_short=WhenShort.WAIT)
    await reserve(trade, order, wish, said=ANA)
    purchase, line = await sent(trade)
    await deliver(trade, purchase, Delivery(line, Decimal(2)), said=ANA)
    assert await committed(trade) == 2


async def test_a_draft_is_received_only_once_it_was_sent(trade: Connection) -> None:
    draft = await approve(trade, await wanted(trade), ANYTHING, expected_version=1, said=ANA)
    assert draft is not None
    with pytest.raises(TransitionRefused) as refused:
        await deliver(trade, draft, Delivery(1, TEN), said=ANA)
    assert refused.value.allowed == ("send", "cancel")


async def test_vendors_are_what_the_choice_is_made_of(trade: Connection) -> None:
    assert await value(trade, "SELECT count(*) FROM price_agreement WHERE retired_at IS NULL") == 2
    assert {CHEAP, FAST} == {row["code"] for row in await rows(trade, "SELECT code FROM vendor")}
