"""Parts, stock, purchases and costs over the API, from an empty shelf to what a repair cost."""

from typing import Any

import httpx
import pytest

from api.access.roles import Role
from tests.api.conftest import ClientOf, Plant

pytestmark = pytest.mark.store

PART = {
    "code": "BRG-6309",
    "name": "Bearing 6309",
    "classes": ["centrifugal_pump"],
    "stock": [{"storeroom": "MAIN", "bin": "A-1", "reorder_point": 2, "maximum": 6, "opening": 4}],
    "standard_cost": "40.00",
}
ROOM = {"code": "MAIN", "name": "Main store", "site": "north", "bins": ["A-1", "A-2"]}


@pytest.fixture
async def stocked(client: httpx.AsyncClient, plant: Plant) -> httpx.AsyncClient:
    """A client of a plant with four bearings in a storeroom."""
    await done(client.put("/api/v1/storerooms/MAIN", json=ROOM))
    await done(client.put("/api/v1/parts/BRG-6309", json=PART))
    return client


async def done(asked: Any) -> Any:
    """The body of an answer that is no refusal."""
    answer = await asked
    assert answer.status_code < 300, answer.text
    return answer.json()


async def an_order(client: httpx.AsyncClient) -> str:
    new = {"asset": "P-101", "title": "Replace the bearing", "type": "inspection"}
    order = await done(client.post("/api/v1/work-orders", json=new))
    approved = client.post(
        f"/api/v1/work-orders/{order['number']}/approve",
        headers={"If-Match": f'"{order["version"]}"'},
    )
    return str((await done(approved))["number"])


async def test_a_part_is_shown_with_where_it_lies(stocked: httpx.AsyncClient) -> None:
    [part] = (await done(stocked.get("/api/v1/parts?asset=P-101&q=6309")))["items"]
    assert (part["on_hand"], part["available"], part["low"]) == ("4.000", "4.000", False)
    detail = await done(stocked.get("/api/v1/parts/BRG-6309"))
    assert detail["stock"][0]["bins"] == [{"bin": "A-1", "on_hand": "4.000"}]
    assert (await done(stocked.get("/api/v1/parts?asset=B-301")))["items"] == []
    assert (await done(stocked.get("/api/v1/parts?low=true")))["items"] == []


async def test_a_change_needs_the_part_as_it_is(stocked: httpx.AsyncClient) -> None:
    again = await stocked.put("/api/v1/parts/BRG-6309", json=PART)
    assert again.status_code == 412
    await done(stocked.put("/api/v1/parts/BRG-6309", json=PART, headers={"If-Match": '"1"'}))
    retired = stocked.post("/api/v1/parts/BRG-6309/retire", headers={"If-Match": '"2"'})
    assert (await done(retired))["retired_at"] is not None


async def test_a_repair_reserves_takes_and_returns(stocked: httpx.AsyncClient) -> None:
    number = await an_order(stocked)
    place = {"part": "BRG-6309", "storeroom": "MAIN"}
    wish = place | {"quantity": "3"}
    made = await done(stocked.post(f"/api/v1/work-orders/{number}/reservations", json=wish))
    assert made["committed"] == "3.000"
    issue = place | {"work_order": number, "quantity": "2"}
    key = {"Idempotency-Key": "issue-1"}
    first = await done(stocked.post("/api/v1/stock/issues", json=issue, headers=key))
    assert first == await done(stocked.post("/api/v1/stock/issues", json=issue, headers=key))
    back = {"issue_id": first["entries"][0], "quantity": "1"}
    await done(stocked.post("/api/v1/stock/returns", json=back))
    await done(stocked.post(f"/api/v1/reservations/{made['id']}/release"))
    parts = await done(stocked.get(f"/api/v1/work-orders/{number}/parts"))
    assert parts["issued"][0]["still_out"] == "1.000"
    costs = await done(stocked.get(f"/api/v1/work-orders/{number}/costs"))
    assert costs["costs"]["total_minor"] == 4000
    ledger = (await done(stocked.get("/api/v1/parts/BRG-6309/ledger")))["items"]
    assert [entry["kind"] for entry in ledger] == ["return", "issue", "receipt"]


async def test_too_little_in_stock_is_a_problem_that_says_how_much_there_is(
    stocked: httpx.AsyncClient,
) -> None:
    number = await an_order(stocked)
    issue = {"part": "BRG-6309", "storeroom": "MAIN", "work_order": number, "quantity": "5"}
    answer = await stocked.post("/api/v1/stock/issues", json=issue)
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/stock-short")
    assert "MAIN has 4 of BRG-6309" in answer.json()["detail"]


async def test_books_are_counted_moved_and_put_right(stocked: httpx.AsyncClient) -> None:
    place = {"part": "BRG-6309", "storeroom": "MAIN"}
    move = place | {"bin": "A-1", "to_storeroom": "MAIN", "to_bin": "A-2", "quantity": "1"}
    await done(stocked.post("/api/v1/stock/transfers", json=move))
    count = place | {"bin": "A-1", "counted": "2", "reason": "year end"}
    counted = await done(stocked.post("/api/v1/stock/counts", json=count))
    assert (counted["expected"], counted["entry_id"]) == ("3.000", 4)
    await done(stocked.post("/api/v1/stock/entries/4/reversal", json={"reason": "wrong shelf"}))
    less = place | {"quantity": "-1", "reason": "rusted"}
    await done(stocked.post("/api/v1/stock/adjustments", json=less))
    more = place | {"quantity": "2", "value_minor": 9000}
    await done(stocked.post("/api/v1/stock/receipts", json=more))
    assert (await done(stocked.get("/api/v1/parts/BRG-6309")))["on_hand"] == "5.000"


async def test_a_part_is_asked_for_approved_ordered_and_delivered(
    stocked: httpx.AsyncClient,
) -> None:
    price = {"part": "BRG-6309", "price": "38.90", "valid_from": "2020-01-01"}
    vendor = {"code": "trade", "name": "Trade", "lead_time_days": 2, "prices": [price]}
    await done(stocked.put("/api/v1/vendors/trade", json=vendor))
    new = {"part": "BRG-6309", "storeroom": "MAIN", "quantity": "4", "reason": "spares"}
    asked = await done(stocked.post("/api/v1/requisitions", json=new))
    approve = f"/api/v1/requisitions/{asked['number']}/approve"
    assert (await stocked.post(approve)).status_code == 428
    ordered = await done(stocked.post(approve, headers={"If-Match": '"1"'}))
    purchase = f"/api/v1/purchase-orders/{ordered['purchase_order']}"
    detail = await done(stocked.get(purchase))
    assert detail["order_lines"][0]["choice"].startswith("trade: the lowest price")
    await done(stocked.post(f"{purchase}/send", headers={"If-Match": '"1"'}))
    line = detail["order_lines"][0]["id"]
    part_of_it = {"line_id": line, "quantity": "3"}
    receipt = await done(stocked.post(f"{purchase}/receipts", json=part_of_it))
    short = f"{purchase}/lines/{line}/close-short"
    closed = await done(stocked.post(short, json={"reason": "sold out"}))
    assert (closed["state"], closed["receipts"][0]["amount_minor"]) == ("closed", 11670)
    back = f"/api/v1/purchase-receipts/{receipt['entry_id']}/reversal"
    await done(stocked.post(back, json={"reason": "wrong series"}))
    assert [
        one["state"] for one in (await done(stocked.get("/api/v1/purchase-orders")))["items"]
    ] == ["sent"]
    await done(stocked.post(f"{purchase}/cancel", json={"reason": "enough"}))
    assert len((await done(stocked.get("/api/v1/requisitions?state=open")))["items"]) == 1


async def test_a_planner_approves_up_to_the_plants_limit(
    stocked: httpx.AsyncClient, client_of: ClientOf
) -> None:
    price = {"part": "BRG-6309", "price": "3000.00", "valid_from": "2020-01-01"}
    vendor = {"code": "trade", "name": "Trade", "prices": [price]}
    await done(stocked.put("/api/v1/vendors/trade", json=vendor))
    new = {"part": "BRG-6309", "storeroom": "MAIN", "quantity": "2", "reason": "spares"}
    number = (await done(stocked.post("/api/v1/requisitions", json=new)))["number"]
    planner = await client_of(Role.PLANNER)
    approve = f"/api/v1/requisitions/{number}/approve"
    answer = await planner.post(approve, headers={"If-Match": '"1"'})
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/limit-exceeded")
    await done(stocked.post(approve, headers={"If-Match": '"1"'}))


async def test_a_vendor_works_by_contract_and_the_order_bears_it(
    stocked: httpx.AsyncClient,
) -> None:
    await done(stocked.put("/api/v1/vendors/air", json={"code": "air", "name": "Air"}))
    contract = {
        "code": "SC-1",
        "name": "Service",
        "vendor": "air",
        "valid_from": "2020-01-01",
        "valid_to": "2099-12-31",
        "hours": 10,
        "rate_per_hour": "90.00",
    }
    await done(stocked.put("/api/v1/contracts/SC-1", json=contract))
    number = await an_order(stocked)
    work = {"description": "Balance it", "contract": "SC-1", "minutes": 120}
    at = f"/api/v1/work-orders/{number}/external-work"
    made = await done(stocked.post(at, json=work))
    [left] = (await done(stocked.get("/api/v1/contracts")))["items"]
    assert left["left_minutes"] == 480
    accepted = f"/api/v1/external-work/{made['entry_id']}/acceptances"
    await done(stocked.post(accepted, json={"amount_minor": 18000, "minutes": 120}))
    await done(
        stocked.post(
            f"/api/v1/work-orders/{number}/costs", json={"amount_minor": 990, "description": "Toll"}
        )
    )
    found = await done(stocked.get("/api/v1/costs?by=asset&asset=P-101"))
    assert (
        found["rows"][0]["costs"]["total_minor"] == found["total"]["costs"]["total_minor"] == 18990
    )
    value = "/api/v1/assets/P-101/replacement-value"
    hint = await done(stocked.put(value, json={"amount_minor": 30000}))
    assert hint["hint"] == "watch"
    assert (await done(stocked.get("/api/v1/assets/P-101/replacement-hint")))[
        "spent_minor"
    ] == 18990
    assert (await stocked.get("/api/v1/assets/X/replacement-hint")).status_code == 404


async def test_parts_come_from_csv_all_or_none(stocked: httpx.AsyncClient) -> None:
    good = "code,name,storeroom,bin,opening\nSEAL-40,Seal 40 mm,MAIN,A-2,3\nBRG-6309,Bearing,,,\n"
    dry = await done(stocked.post("/api/v1/parts/import", json={"csv": good}))
    assert [one["outcome"] for one in dry["parts"]] == ["added", "changed"]
    assert (dry["applied"], (await stocked.get("/api/v1/parts/SEAL-40")).status_code) == (
        False,
        404,
    )
    bad = good + "X-1,,MOON,A,\n"
    refused = await done(stocked.post("/api/v1/parts/import", json={"csv": bad, "dry_run": False}))
    assert (refused["applied"], refused["parts"][2]["outcome"]) == (False, "refused")
    await done(stocked.post("/api/v1/parts/import", json={"csv": good, "dry_run": False}))
    assert (await done(stocked.get("/api/v1/parts/SEAL-40")))["on_hand"] == "3.000"
    again = await done(stocked.post("/api/v1/parts/import", json={"csv": good, "dry_run": False}))
    assert [one["outcome"] for one in again["parts"]] == ["unchanged", "unchanged"]


@pytest.mark.parametrize(
    ("role", "address", "status"),
    [
        (Role.VIEWER, "/api/v1/stock/issues", 403),
        (Role.TECHNICIAN, "/api/v1/stock/receipts", 403),
        (Role.TECHNICIAN, "/api/v1/requisitions/RQ-000001/approve", 403),
    ],
)
async def test_who_may_not_is_refused(
    stocked: httpx.AsyncClient, client_of: ClientOf, role: Role, address: str, status: int
) -> None:
    body = {"part": "BRG-6309", "storeroom": "MAIN", "quantity": "1", "value_minor": 1}
    if address.endswith("issues"):
        body = {"part": "BRG-6309", "storeroom": "MAIN", "quantity": "1", "work_order": "WO-000001"}
    sent = {} if address.endswith("approve") else body
    answer = await (await client_of(role)).post(address, json=sent, headers={"If-Match": '"1"'})
    assert answer.status_code == status
