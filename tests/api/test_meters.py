"""Meters over HTTP: read by all, kept by planners, each change once and for ever on record."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from api.access.roles import Role
from config.database import Connection, fetch_one
from tests.api.conftest import ClientOf, Plant

pytestmark = pytest.mark.store

METER = "/api/v1/points/P-101.running_hours/meter"


@pytest.fixture
async def started(plant: Plant, connection: Connection) -> Plant:
    """The plant with a meter of running hours: 100 to 103 within the hour, in steps of 1."""
    row = await fetch_one(
        connection,
        "INSERT INTO point (tag, asset_id, role, unit, kind, rollover) SELECT"
        " 'P-101.running_hours', id, 'running_hours', 'h', 'counter', 99999 FROM asset"
        " WHERE tag = 'P-101' RETURNING id",
    )
    assert row is not None
    await connection.execute(
        "INSERT INTO reading (point_id, ts, value) SELECT %s,"
        " %s::timestamptz + n * interval '10 minutes', 100 + n FROM generate_series(0, 3) AS n",
        [row[0], plant.start],
    )
    return plant


def at(plant: Plant, minutes: int) -> str:
    return (plant.start + timedelta(minutes=minutes)).isoformat()


async def meter_of(client: httpx.AsyncClient) -> dict[str, Any]:
    answer = await client.get(METER)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


@pytest.mark.usefixtures("started")
async def test_a_meter_says_its_life_to_date(client: httpx.AsyncClient) -> None:
    meter = await meter_of(client)
    assert (meter["life_to_date"], meter["unit"], meter["counts"]) == (3, "h", 103)
    assert (meter["facts"], meter["notices"], meter["in_doubt"]) == ([], [], None)


@pytest.mark.usefixtures("started")
async def test_usage_comes_by_the_day(client: httpx.AsyncClient) -> None:
    body = (await client.get(f"{METER}/usage")).json()
    assert (len(body["days"]), body["tag"]) == (30, "P-101.running_hours")
    assert sum(day["usage"] for day in body["days"]) == 3
    assert body["days"][0]["seen"] is False
    two = {"from": body["days"][-2]["day"], "to": body["days"][-1]["day"]}
    assert (await client.get(f"{METER}/usage", params=two)).json()["days"] == body["days"][-2:]


@pytest.mark.parametrize(
    "query",
    [
        {"from": "2026-05-05", "to": "2026-05-04"},
        {"from": "1980-01-01"},
        {"from": "0001-01-01", "to": "0001-01-02"},
        {"to": "0001-01-02", "from": "1970-01-05"},
    ],
)
@pytest.mark.usefixtures("started")
async def test_days_that_cannot_be_are_refused(
    client: httpx.AsyncClient, query: dict[str, str]
) -> None:
    answer = await client.get(f"{METER}/usage", params=query)
    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/range-invalid")


async def test_a_replacement_goes_on_counting(client: httpx.AsyncClient, started: Plant) -> None:
    said = {"at": at(started, 15), "end_count": 101.5, "start_count": 102, "reason": "Broken"}
    answer = await client.post(f"{METER}/replacements", json=said)
    assert answer.status_code == 201, answer.text
    fact = answer.json()
    assert (fact["kind"], fact["actor"]) == ("replacement", "key:test administrator")
    meter = await meter_of(client)
    assert meter["life_to_date"] == 1 + 0.5 + 0 + 1
    assert meter["facts"] == [fact]


async def test_a_correction_is_added_and_an_initial_value_stands(
    client: httpx.AsyncClient, started: Plant
) -> None:
    for said in (
        {"at": at(started, 5), "kind": "initial", "amount": 12_000, "reason": "Old card"},
        {"at": at(started, 25), "amount": -0.5, "reason": "Trial run"},
    ):
        assert (await client.post(f"{METER}/corrections", json=said)).status_code == 201
    assert (await meter_of(client))["life_to_date"] == 12_000 + 3 - 0.5


async def test_a_withdrawn_fact_counts_no_more_and_stays_on_record(
    client: httpx.AsyncClient, started: Plant
) -> None:
    said = {"at": at(started, 5), "amount": 500, "reason": "Wrong pump"}
    fact = (await client.post(f"{METER}/corrections", json=said)).json()
    assert (await meter_of(client))["life_to_date"] == 503
    path = f"{METER}/facts/{fact['id']}/withdrawal"
    answer = await client.post(path, json={"reason": "It was P-102"})
    assert answer.status_code == 201, answer.text
    assert (await meter_of(client))["life_to_date"] == 3
    again = await client.post(path, json={"reason": "It was P-102"})
    assert (again.status_code, again.json()["type"]) == (422, "/problems/fact-refused")
    page = (await client.get(f"{METER}/facts", params={"limit": 1})).json()
    assert [item["withdraws"] for item in page["items"]] == [fact["id"]]
    rest = (await client.get(f"{METER}/facts", params={"cursor": page["next"]})).json()
    assert [item["withdrawn_by"] for item in rest["items"]] == [page["items"][0]["id"]]


async def test_the_same_key_records_a_fact_once(client: httpx.AsyncClient, started: Plant) -> None:
    said = {"at": at(started, 5), "amount": 5, "reason": "Twice"}
    headers = {"Idempotency-Key": "k1"}
    first = await client.post(f"{METER}/corrections", json=said, headers=headers)
    second = await client.post(f"{METER}/corrections", json=said, headers=headers)
    assert first.json() == second.json()
    assert (await meter_of(client))["life_to_date"] == 8
    other = await client.post(f"{METER}/corrections", json={**said, "amount": 6}, headers=headers)
    assert other.json()["type"] == "/problems/idempotency-key-reused"


@pytest.mark.parametrize(
    ("path", "said", "words"),
    [
        ("replacements", {"end_count": 99}, "stood at 101 before"),
        ("replacements", {"start_count": 1e6}, "rollover"),
        ("replacements", {"start_count": -1}, "between 0"),
        ("corrections", {"at": "2999-01-01T00:00:00Z", "amount": 1}, "future"),
    ],
)
async def test_a_fact_that_cannot_be_is_refused(
    client: httpx.AsyncClient, started: Plant, path: str, said: dict[str, Any], words: str
) -> None:
    body = {"at": at(started, 15), "reason": "Because", **said}
    answer = await client.post(f"{METER}/{path}", json=body)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/fact-refused")
    assert words in answer.json()["detail"]


@pytest.mark.parametrize("reason", ["", "   "])
async def test_a_fact_needs_a_reason(
    client: httpx.AsyncClient, started: Plant, reason: str
) -> None:
    body = {"at": at(started, 15), "reason": reason, "amount": 1}
    assert (await client.post(f"{METER}/corrections", json=body)).status_code == 422


async def test_planners_keep_meters_and_technicians_read_them(
    client_of: ClientOf, started: Plant
) -> None:
    said = {"at": at(started, 5), "amount": 5, "reason": "Because"}
    technician, planner = await client_of(Role.TECHNICIAN), await client_of(Role.PLANNER)
    assert (await technician.get(METER)).status_code == 200
    assert (await technician.post(f"{METER}/corrections", json=said)).status_code == 403
    assert (await planner.post(f"{METER}/corrections", json=said)).status_code == 201


@pytest.mark.usefixtures("plant")
async def test_other_points_have_no_meter(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/points/P-101.bearing_temp/meter")
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/not-a-meter")


@pytest.mark.usefixtures("started")
async def test_facts_are_never_changed(connection: Connection, client: httpx.AsyncClient) -> None:
    assert (await meter_of(client))["facts"] == []
    for statement in ("UPDATE meter_fact SET amount = 1", "DELETE FROM meter_fact"):
        with pytest.raises(Exception, match="never changed"):
            await connection.execute(statement)


@pytest.mark.usefixtures("started")
async def test_the_page_of_an_asset_shows_its_meters(client: httpx.AsyncClient) -> None:
    page = (await client.get("/assets/P-101")).text
    assert page.count("<rect") == 30
    assert '3</b> <span class="muted">h to date' in page
    assert "Meters" not in (await client.get("/assets/P-102")).text
