"""Work of others: agreed, called off by contract, accepted."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from config.database import Connection
from maintenance.errors import BookingRefused, ContractRefused, NotFound
from maintenance.procurement.definitions import save_contract
from maintenance.procurement.services import (
    Acceptance,
    NewWork,
    accept,
    agree,
    cancel,
    reverse_acceptance,
)
from tests.maintenance.materials.shelf import ANA, make_order, value
from tests.maintenance.procurement.trade import CONTRACT, FAST, start_us

Open = Callable[[], Awaitable[Connection]]
BALANCING = NewWork("Balance the rotor", contract="SC-1", minutes=120)
COST = "SELECT coalesce(sum(amount_minor), 0) FROM order_cost WHERE kind = 'service'"


async def test_work_by_contract_costs_its_rate_and_is_answered_in_its_time(
    trade: Connection,
) -> None:
    await agree(trade, await make_order(trade), BALANCING, said=ANA)
    assert await value(trade, "SELECT agreed_minor FROM external_work") == 18_000
    assert await value(trade, "SELECT respond_by FROM external_work") == ANA.at + timedelta(hours=4)
    assert await value(trade, COST) == 0


async def test_what_is_accepted_in_parts_is_what_the_order_bears(trade: Connection) -> None:
    work = await agree(trade, await make_order(trade), BALANCING, said=ANA)
    await accept(trade, work, Acceptance(10_000, 60, last=False), said=ANA)
    await accept(trade, work, Acceptance(9_500, 65), said=ANA)
    assert await value(trade, COST) == 19_500
    with pytest.raises(BookingRefused, match="accepted already"):
        await accept(trade, work, Acceptance(1), said=ANA)


async def test_no_more_is_called_off_than_is_left_also_by_many_at_once(
    trade: Connection, open_connection: Open
) -> None:
    order = await make_order(trade)
    people = [await open_connection() for _ in range(8)]
    done = await asyncio.gather(
        *(agree(on, order, replace(BALANCING, minutes=150), said=ANA) for on in people),
        return_exceptions=True,
    )
    assert sum(isinstance(one, ContractRefused) for one in done) == 4
    assert await value(trade, "SELECT sum(agreed_minutes) FROM external_work") == 600


async def test_what_is_cancelled_may_be_called_off_again(trade: Connection) -> None:
    order = await make_order(trade)
    all_of_it = replace(BALANCING, minutes=600)
    work = await agree(trade, order, all_of_it, said=ANA)
    with pytest.raises(ContractRefused, match="0 minutes left"):
        await agree(trade, order, replace(BALANCING, minutes=1, amount_minor=1), said=ANA)
    await cancel(trade, work, said=ANA)
    await agree(trade, order, all_of_it, said=ANA)


async def test_less_than_was_agreed_leaves_the_rest_in_the_contract(trade: Connection) -> None:
    order = await make_order(trade)
    work = await agree(trade, order, replace(BALANCING, minutes=600), said=ANA)
    await accept(trade, work, Acceptance(9_000, 60), said=ANA)
    await agree(trade, order, replace(BALANCING, minutes=540), said=ANA)


async def test_a_contract_is_for_its_days_and_its_assets(trade: Connection) -> None:
    order = await make_order(trade)
    late = replace(ANA, at=ANA.at + timedelta(days=365))
    with pytest.raises(ContractRefused, match="2026-12-31"):
        await agree(trade, order, BALANCING, said=late)
    await save_contract(trade, replace(CONTRACT, classes=(), assets=("P-102",)), clock=start_us)
    with pytest.raises(ContractRefused, match="P-101"):
        await agree(trade, order, BALANCING, said=ANA)


async def test_without_a_contract_somebody_says_what_it_costs(trade: Connection) -> None:
    order = await make_order(trade)
    with pytest.raises(BookingRefused, match="say what it costs"):
        await agree(trade, order, NewWork("Crane", vendor=FAST), said=ANA)
    with pytest.raises(NotFound):
        await agree(trade, order, NewWork("Crane", vendor="nobody", amount_minor=1), said=ANA)
    await agree(trade, order, NewWork("Crane", vendor=FAST, amount_minor=25_000), said=ANA)


async def test_a_closed_orders_cost_changes_by_an_explicit_reversal_alone(
    trade: Connection,
) -> None:
    work = await agree(trade, await make_order(trade), BALANCING, said=ANA)
    entry = await accept(trade, work, Acceptance(18_000, 120, last=False), said=ANA)
    await trade.execute("UPDATE work_order SET state = 'closed'")
    with pytest.raises(BookingRefused, match="closed"):
        await accept(trade, work, Acceptance(1), said=ANA)
    with pytest.raises(BookingRefused, match="reason"):
        await reverse_acceptance(trade, entry, said=replace(ANA, reason=""))
    back = await reverse_acceptance(trade, entry, said=ANA)
    with pytest.raises(BookingRefused):
        await reverse_acceptance(trade, entry, said=ANA)
    with pytest.raises(BookingRefused):
        await reverse_acceptance(trade, back, said=ANA)
    assert await value(trade, COST) == 0
