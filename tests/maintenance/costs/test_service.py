"""Costs of an order, what they add up to, and the hint to replace."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from config.database import Connection
from maintenance.costs.cost import Costs, Hint
from maintenance.costs.queries import (
    RollUp,
    Scope,
    entries_of_order,
    in_all,
    replacement_hint,
    roll_up,
    total,
)
from maintenance.costs.service import add_cost, reverse_cost, set_replacement_value
from maintenance.errors import BookingRefused, NotFound
from maintenance.materials.ledger import Place
from maintenance.materials.service import issue
from maintenance.procurement.services import Acceptance, NewWork, accept, agree
from tests.maintenance.materials.shelf import ANA, BEARING, MAIN, fill, make_order
from tests.maintenance.procurement.trade import FAST, build_trade

MONTH = Scope(ANA.at - timedelta(days=1), ANA.at + timedelta(days=1))


@pytest.fixture
async def repaired(stocked: Connection) -> Connection:
    """P-101 cost a bearing (100.00), a crane (250.00) and a fee (9.90)."""
    await build_trade(stocked)
    await fill(stocked, 1, value_minor=10_000)
    order = await make_order(stocked)
    await issue(stocked, order, Place(BEARING, MAIN), Decimal(1), said=ANA)
    work = await agree(stocked, order, NewWork("Crane", FAST, amount_minor=30_000), said=ANA)
    await accept(stocked, work, Acceptance(25_000), said=ANA)
    await add_cost(stocked, order, 990, "Road toll", actor="ana", at=ANA.at)
    return stocked


async def test_every_entry_of_an_order_says_what_it_was_for(repaired: Connection) -> None:
    entries = await entries_of_order(repaired, 1)
    assert total(entries) == Costs(0, 10_000, 25_000, 990)
    assert {entry.description for entry in entries} == {
        "issue 1 1 BRG-6309",
        "fast: Crane",
        "Road toll",
    }


@pytest.mark.parametrize(
    ("by", "key"),
    [
        (RollUp.ASSET, "P-101"),
        (RollUp.ASSET_CLASS, "centrifugal_pump"),
        (RollUp.SITE, "north"),
        (RollUp.MONTH, "2026-03"),
    ],
)
async def test_costs_are_added_up(repaired: Connection, by: RollUp, key: str) -> None:
    [row] = await roll_up(repaired, by, MONTH)
    assert (row.key, row.costs.total_minor, row.orders) == (key, 35_990, 1)


async def test_a_period_holds_its_start_and_not_its_end(repaired: Connection) -> None:
    before = Scope(ANA.at - timedelta(days=1), ANA.at)
    assert (await in_all(repaired, before)).costs == Costs()
    assert (await in_all(repaired, Scope(ANA.at, ANA.at + timedelta(seconds=1)))).orders == 1


async def test_what_an_asset_cost_moves_with_it_to_another_parent(repaired: Connection) -> None:
    under = Scope(MONTH.since, MONTH.until, asset="P-102")
    assert (await in_all(repaired, under)).costs.total_minor == 0
    parent = "UPDATE asset SET parent_id = (SELECT id FROM asset WHERE tag = 'P-102') WHERE tag = 'P-101'"
    await repaired.execute(parent)
    assert (await in_all(repaired, under)).costs.total_minor == 35_990
    assert [row.key for row in await roll_up(repaired, RollUp.ASSET, under)] == ["P-101"]


async def test_what_an_asset_cost_stays_with_the_site_where_it_was_spent(
    repaired: Connection,
) -> None:
    await repaired.execute("INSERT INTO site (code, name) VALUES ('south', 'South works')")
    await repaired.execute(
        "UPDATE asset SET site_id = (SELECT id FROM site WHERE code = 'south') WHERE tag = 'P-101'"
    )
    [row] = await roll_up(repaired, RollUp.SITE, MONTH)
    assert row.key == "north"


async def test_the_hint_sets_what_was_spent_against_a_new_one(repaired: Connection) -> None:
    hint = await replacement_hint(repaired, "P-101", until=MONTH.until, years=3)
    assert hint is not None
    assert hint.hint is Hint.UNKNOWN
    await set_replacement_value(repaired, "P-101", 40_000, actor="ana", at=ANA.at)
    hint = await replacement_hint(repaired, "P-101", until=MONTH.until, years=3)
    assert hint is not None
    assert (hint.hint, hint.spent_minor) == (Hint.WATCH, 35_990)
    assert await replacement_hint(repaired, "X-9", until=MONTH.until, years=3) is None
    leap = datetime(2028, 2, 29, tzinfo=UTC)
    assert await replacement_hint(repaired, "P-101", until=leap, years=3) is not None


async def test_a_cost_that_was_wrong_is_taken_back_once_with_a_reason(
    repaired: Connection,
) -> None:
    with pytest.raises(BookingRefused):
        await reverse_cost(repaired, 1, " ", actor="ana", at=ANA.at)
    await reverse_cost(repaired, 1, "paid by the haulier", actor="ana", at=ANA.at)
    with pytest.raises(BookingRefused):
        await reverse_cost(repaired, 1, "again", actor="ana", at=ANA.at)
    assert total(await entries_of_order(repaired, 1)).other_minor == 0


async def test_nothing_is_added_to_an_order_that_is_closed(repaired: Connection) -> None:
    await repaired.execute("UPDATE work_order SET state = 'closed'")
    with pytest.raises(BookingRefused, match="closed"):
        await add_cost(repaired, "WO-000001", 1, "Toll", actor="ana", at=ANA.at)
    with pytest.raises(NotFound):
        await add_cost(repaired, "WO-000009", 1, "Toll", actor="ana", at=ANA.at)
