"""Assets over HTTP: made, changed, moved, retired; downtime, warranties, history."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from api.access.roles import Role
from config.database import Connection
from tests.api.conftest import ClientOf

pytestmark = [pytest.mark.store, pytest.mark.usefixtures("plant")]

ASSETS = "/api/v1/assets"
NEW = {
    "tag": "P-103",
    "name": "Sump pump",
    "asset_class": "centrifugal_pump",
    "site": "north",
    "location": "pump-house",
    "serial": "4711",
    "external_ids": {"opcua": "ns=2;s=P103"},
}


async def made(client: httpx.AsyncClient, **given: Any) -> httpx.Response:
    answer = await client.post(ASSETS, json={**NEW, **given})
    assert answer.status_code == 201, answer.text
    return answer


async def act(
    client: httpx.AsyncClient, tag: str, action: str, version: int | None = None, **said: Any
) -> httpx.Response:
    headers = {} if version is None else {"If-Match": f'"{version}"'}
    return await client.post(f"{ASSETS}/{tag}/{action}", json=said, headers=headers)


async def test_a_new_asset_is_there_with_its_version(client: httpx.AsyncClient) -> None:
    answer = await made(client)
    assert (answer.headers["ETag"], answer.headers["Location"]) == ('"1"', f"{ASSETS}/P-103")
    found = await client.get(f"{ASSETS}/P-103")
    assert found.headers["ETag"] == '"1"'
    body = found.json()
    assert (body["kept_in"], body["nameplate"]["serial"]) == ("database", "4711")
    assert body["external_ids"] == NEW["external_ids"]


async def test_the_same_key_makes_one_asset(client: httpx.AsyncClient) -> None:
    headers = {"Idempotency-Key": "k1"}
    first = await client.post(ASSETS, json=NEW, headers=headers)
    again = await client.post(ASSETS, json=NEW, headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert (await client.post(ASSETS, json=NEW)).json()["type"] == "/problems/register-conflict"


async def test_what_is_left_out_of_a_change_stays_and_null_clears(
    client: httpx.AsyncClient,
) -> None:
    await made(client, model="ZLND")
    answer = await client.patch(
        f"{ASSETS}/P-103",
        json={"model": None, "external_ids": {"sap": "17", "opcua": None}},
        headers={"If-Match": '"1"'},
    )
    body = answer.json()
    assert (body["name"], body["nameplate"]["model"], body["nameplate"]["serial"]) == (
        "Sump pump",
        None,
        "4711",
    )
    assert body["external_ids"] == {"sap": "17"}
    assert answer.headers["ETag"] == '"2"'


async def test_a_change_needs_the_version_that_was_read(client: httpx.AsyncClient) -> None:
    await made(client)
    change = {"name": "Renamed"}
    missing = await client.patch(f"{ASSETS}/P-103", json=change)
    stale = await client.patch(f"{ASSETS}/P-103", json=change, headers={"If-Match": '"9"'})
    assert (missing.status_code, stale.status_code) == (428, 412)


async def test_a_move_is_in_the_history(client: httpx.AsyncClient) -> None:
    await made(client)
    moved = await act(client, "P-103", "move", 1, location="hall-2", parent="P-101", reason="New")
    assert (moved.json()["location"], moved.json()["parent"]) == ("hall-2", "P-101")
    [now, before] = (await client.get(f"{ASSETS}/P-103/placements")).json()["items"]
    assert (now["location"], now["parent"], now["reason"]) == ("hall-2", "P-101", "New")
    assert before["until"] == now["since"]
    query = {"as_of": before["since"]}
    then = (await client.get(f"{ASSETS}/P-103/then", params=query)).json()
    assert (then["location"], then["parent"]) == ("pump-house", None)
    query = {"as_of": "2001-01-01T00:00:00Z"}
    assert (await client.get(f"{ASSETS}/P-103/then", params=query)).status_code == 404


async def test_the_audit_trail_comes_in_pages(client: httpx.AsyncClient) -> None:
    await made(client)
    for state in ("down", "maintenance", "operating"):
        await act(client, "P-103", "state", state=state)
    first = (await client.get(f"{ASSETS}/P-103/changes", params={"limit": 3})).json()
    rest = await client.get(f"{ASSETS}/P-103/changes", params={"cursor": first["next"]})
    actions = [each["action"] for each in first["items"] + rest.json()["items"]]
    assert actions == ["state", "state", "state", "added"]
    assert first["items"][0]["fields"] == [
        {"name": "operating_state", "old": "maintenance", "new": "operating"}
    ]


async def test_a_technician_says_what_state_a_machine_is_in(client_of: ClientOf) -> None:
    technician = await client_of(Role.TECHNICIAN)
    answer = await act(technician, "P-101", "state", state="maintenance", reason="Seal")
    assert answer.json()["operating_state"] == "maintenance"
    [state, *_] = (await technician.get(f"{ASSETS}/P-101/states")).json()["items"]
    assert (state["state"], state["reason"], state["until"]) == ("maintenance", "Seal", None)
    assert (await technician.post(ASSETS, json=NEW)).status_code == 403
    requester = await client_of(Role.REQUESTER)
    assert (await act(requester, "P-101", "state", state="down")).status_code == 403


async def test_what_files_keep_is_not_changed_here(client: httpx.AsyncClient) -> None:
    answer = await act(client, "P-101", "move", 1, location="hall-2")
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/kept-in-files")


async def test_a_retired_asset_comes_back(client: httpx.AsyncClient) -> None:
    await made(client)
    retired = await act(client, "P-103", "retire", 1, reason="Scrapped")
    assert retired.json()["retired_at"] is not None
    listed = (await client.get(ASSETS, params={"retired": True})).json()["items"]
    assert [each["tag"] for each in listed] == ["P-103"]
    order = {"asset": "P-103", "type": "corrective", "title": "t"}
    assert (await client.post("/api/v1/work-orders", json=order)).status_code == 409
    revived = await act(client, "P-103", "revive", 2, reason="Needed again")
    assert (revived.json()["retired_at"], revived.json()["version"]) == (None, 3)


async def test_downtime_is_open_until_it_ends(client: httpx.AsyncClient, plant: Any) -> None:
    number = await plant.add_order()
    start = (plant.start + timedelta(minutes=5)).isoformat()
    answer = await act(
        client, "P-101", "downtimes", kind="unplanned", started_at=start, work_order=number
    )
    down = answer.json()
    assert (answer.status_code, down["ended_at"], down["work_order"]) == (201, None, number)
    assert (await client.get(f"{ASSETS}/P-101")).json()["down"] == down
    again = await act(client, "P-101", "downtimes", kind="planned")
    assert (again.status_code, again.json()["type"]) == (409, "/problems/downtime-overlaps")
    ended = await act(client, "P-101", f"downtimes/{down['id']}/end")
    assert ended.json()["ended_at"] is not None
    assert (await act(client, "P-101", f"downtimes/{down['id']}/end")).status_code == 409
    other = await act(client, "P-102", f"downtimes/{down['id']}/withdraw", reason="x")
    assert other.status_code == 404
    await act(client, "P-101", f"downtimes/{down['id']}/withdraw", reason="Wrong pump")
    assert (await client.get(f"{ASSETS}/P-101/downtimes")).json()["items"] == []


async def test_downtimes_come_in_pages(client: httpx.AsyncClient, plant: Any) -> None:
    for minute in (0, 10, 20):
        start, end = (plant.start + timedelta(minutes=each) for each in (minute, minute + 5))
        await act(
            client,
            "P-101",
            "downtimes",
            kind="planned",
            started_at=start.isoformat(),
            ended_at=end.isoformat(),
        )
    first = (await client.get(f"{ASSETS}/P-101/downtimes", params={"limit": 2})).json()
    query = {"limit": 2, "cursor": first["next"]}
    rest = (await client.get(f"{ASSETS}/P-101/downtimes", params=query)).json()
    assert [len(first["items"]), len(rest["items"]), rest["next"]] == [2, 1, None]


async def test_a_warranty_holds_until_it_is_withdrawn(client: httpx.AsyncClient) -> None:
    terms = {"vendor": "Sterling", "starts_on": "2020-01-01", "ends_on": "2099-12-31"}
    warranty = (await act(client, "P-101", "warranties", **terms)).json()
    assert (await client.get(f"{ASSETS}/P-101")).json()["warranty"] == warranty
    assert len((await client.get(f"{ASSETS}/P-101/warranties")).json()["items"]) == 1
    await act(client, "P-101", f"warranties/{warranty['id']}/withdraw")
    assert (await client.get(f"{ASSETS}/P-101")).json()["warranty"] is None
    wrong = await act(client, "P-101", "warranties", **{**terms, "ends_on": "2019-12-31"})
    assert wrong.status_code == 422


@pytest.mark.parametrize(
    ("query", "tags"),
    [
        ({"q": "feed water"}, ["P-101", "P-102"]),
        ({"q": "p-10 standby"}, ["P-102"]),
        ({"location": "hall-2"}, ["B-301"]),
        ({"subtree": "P-101"}, ["P-101"]),
        ({"criticality": "A"}, ["P-101"]),
        ({"operating_state": "down"}, []),
        ({"roots": True, "q": "belt"}, ["B-301"]),
    ],
)
async def test_assets_are_searched(
    client: httpx.AsyncClient, query: dict[str, Any], tags: list[str]
) -> None:
    answer = await client.get(ASSETS, params=query)
    assert [each["tag"] for each in answer.json()["items"]] == tags


async def test_a_state_change_tells_those_who_keep_the_register(
    client: httpx.AsyncClient, connection: Connection
) -> None:
    await connection.execute("LISTEN register")
    await act(client, "P-101", "state", state="standby")
    heard = [each.channel async for each in connection.notifies(timeout=20, stop_after=1)]
    assert heard == ["register"]
