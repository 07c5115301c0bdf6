"""What is done about alarms over HTTP: shelves, resets, outages, suppressions, counts."""

from typing import Any

import httpx
import pytest

from api.access.roles import Role

pytestmark = pytest.mark.store

EVENTS = "/api/v1/condition-events"
API = "/api/v1"


async def post(client: httpx.AsyncClient, path: str, body: Any = None) -> dict[str, Any]:
    """The body of a request that is done."""
    response = await client.post(path, json=body)
    assert response.status_code in (200, 201), response.text
    return dict(response.json())


async def refused(client: httpx.AsyncClient, path: str, body: Any = None) -> tuple[int, str]:
    """Status and last part of the type of a request that is not done."""
    response = await client.post(path, json=body)
    return response.status_code, response.json()["type"].rpartition("/")[2]


async def test_an_event_is_shelved_listed_and_unshelved(
    client: httpx.AsyncClient, plant: Any
) -> None:
    event = await plant.add_event()
    shelf = {"reason": "sensor is replaced", "for_s": 3600}
    body = await post(client, f"{EVENTS}/{event}/shelve", shelf)
    assert (body["silenced"], body["silenced_why"]) == (["shelved"], "sensor is replaced")
    (listed,) = (await client.get(f"{API}/alarm-shelves")).json()["items"]
    assert (listed["event_id"], listed["asset"], listed["actor"]) == (
        event,
        "P-101",
        "key:test administrator",
    )
    body = await post(client, f"{EVENTS}/{event}/unshelve")
    assert body["silenced"] == []
    assert (await client.get(f"{API}/alarm-shelves")).json()["items"] == []
    ended = (await client.get(f"{API}/alarm-shelves", params={"ended": True})).json()["items"]
    assert [shelf["ended_by"] for shelf in ended] == ["key:test administrator"]
    assert await refused(client, f"{EVENTS}/{event}/unshelve") == (409, "not-shelved")


async def test_a_shelf_needs_a_reason_and_an_end_that_is_allowed(
    client: httpx.AsyncClient, plant: Any
) -> None:
    event = await plant.add_event(severity=4)
    path = f"{EVENTS}/{event}/shelve"
    assert await refused(client, path, {"reason": " "}) == (422, "invalid-request")
    assert await refused(client, path, {"reason": "x", "for_s": 9 * 3600}) == (
        422,
        "shelf-too-long",
    )
    assert await refused(client, f"{EVENTS}/999/shelve", {"reason": "x"}) == (404, "not-found")


@pytest.mark.parametrize(
    ("path", "body", "role"),
    [
        ("condition-events/1/shelve", {"reason": "x"}, Role.TECHNICIAN),
        ("condition-events/1/acknowledge", None, Role.REQUESTER),
        ("condition-events/1/reset", None, Role.REQUESTER),
        ("alarm-outages", {"asset": "P-101", "reason": "x"}, Role.PLANNER),
        ("alarm-suppressions", {"kind": "parent", "reason": "x"}, Role.PLANNER),
    ],
)
async def test_who_may_not_is_refused(client_of: Any, path: str, body: Any, role: Role) -> None:
    assert await refused(await client_of(role), f"{API}/{path}", body) == (403, "not-permitted")


async def test_a_latched_event_is_reset_once_it_was_seen(
    client: httpx.AsyncClient, plant: Any
) -> None:
    event = await plant.add_event()
    assert await refused(client, f"{EVENTS}/{event}/reset") == (409, "reset-refused")
    await plant.connection.execute(
        "UPDATE condition_event SET state = 'cleared', cleared_at = now(), latch = true,"
        " latched = true"
    )
    await post(client, f"{EVENTS}/{event}/acknowledge", {"comment": "relieved"})
    body = await post(client, f"{EVENTS}/{event}/reset", {"reason": "valve is open"})
    assert (body["latched"], body["open"]) == (False, False)
    history = (await client.get(f"{EVENTS}/{event}/history")).json()["items"]
    assert [(entry["action"], entry["reason"]) for entry in history] == [
        ("acknowledge", "relieved"),
        ("reset", "valve is open"),
    ]


async def test_what_is_out_of_service_is_returned(client: httpx.AsyncClient, plant: Any) -> None:
    event = await plant.add_event()
    outage = {"asset": "P-101", "reason": "rebuilt"}
    made = await post(client, f"{API}/alarm-outages", outage)
    assert await refused(client, f"{API}/alarm-outages", outage) == (409, "already-out-of-service")
    (listed,) = (await client.get(f"{API}/alarm-outages")).json()["items"]
    assert (listed["id"], listed["rule"], listed["reason"]) == (made["id"], None, "rebuilt")
    counts = (await client.get(f"{API}/alarm-counts")).json()
    assert (counts["open"], counts["annunciated"], counts["out_of_service"]) == (1, 0, 1)
    await post(client, f"{API}/alarm-outages/{made['id']}/return", {"reason": "done"})
    assert (await client.get(f"{EVENTS}/{event}")).json()["silenced"] == []
    returned = f"{API}/alarm-outages/{made['id']}/return"
    assert await refused(client, returned) == (404, "not-found")


async def test_suppressions_are_made_listed_and_ended(
    client: httpx.AsyncClient, plant: Any
) -> None:
    event = await plant.add_event()
    hours = {
        "asset": "P-101",
        "kind": "window",
        "weekdays": [0, 1, 2, 3, 4, 5, 6],
        "starts": "00:00",
        "ends": "00:00",
        "reason": "commissioning",
    }
    made = await post(client, f"{API}/alarm-suppressions", hours)
    shown = (await client.get(f"{EVENTS}/{event}")).json()
    assert (shown["silenced"], shown["silenced_why"]) == (["suppressed"], "commissioning")
    (listed,) = (await client.get(f"{API}/alarm-suppressions")).json()["items"]
    assert (listed["asset"], listed["starts"], listed["states"]) == ("P-101", "00:00:00", None)
    await post(client, f"{API}/alarm-suppressions/{made['id']}/end")
    assert (await client.get(f"{EVENTS}/{event}")).json()["silenced"] == []


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "window"},
        {"kind": "window", "weekdays": [1]},
        {"kind": "window", "first_day": "2026-12-24"},
        {"kind": "window", "first_day": "2026-12-24", "last_day": "2026-12-23"},
        {"kind": "window", "weekdays": [7], "starts": "00:00", "ends": "01:00"},
        {"kind": "asset_state"},
        {"kind": "asset_state", "states": ["down"], "parent_rule": "a/b"},
        {"kind": "parent", "states": ["down"]},
    ],
)
async def test_a_suppression_says_what_belongs_to_its_kind(
    client: httpx.AsyncClient, body: dict[str, Any]
) -> None:
    given = {"reason": "x", **body}
    assert await refused(client, f"{API}/alarm-suppressions", given) == (422, "invalid-request")


async def test_an_asset_that_is_not_there_is_told(client: httpx.AsyncClient, plant: Any) -> None:
    assert plant
    given = {"asset": "P-9", "reason": "x"}
    assert await refused(client, f"{API}/alarm-outages", given) == (422, "asset-unknown")


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("alarm-outages", {"asset": "P-101", "rule": "centrifugal_pump/vibration_zne"}),
        ("alarm-suppressions", {"asset": "P-101", "rule": "vibration_zone", "kind": "parent"}),
        ("alarm-suppressions", {"kind": "parent", "parent_rule": "power_lss"}),
    ],
)
async def test_a_rule_that_is_misspelt_is_told(
    client: httpx.AsyncClient, plant: Any, path: str, said: dict[str, Any]
) -> None:
    assert plant
    assert await refused(client, f"{API}/{path}", {"reason": "x", **said}) == (422, "rule-unknown")


@pytest.mark.parametrize("named", ["centrifugal_pump/vibration_zone", "vibration_zone", "alarm/E7"])
async def test_a_rule_above_is_named_in_full_by_its_id_or_as_an_alarm(
    client: httpx.AsyncClient, plant: Any, named: str
) -> None:
    assert plant
    said = {"kind": "parent", "parent_rule": named, "reason": "x"}
    assert (await post(client, f"{API}/alarm-suppressions", said))["id"]


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("alarm-outages", {"asset": "P-101", "reason": "x"}),
        ("alarm-suppressions", {"kind": "asset_state", "states": ["standby"], "reason": "x"}),
    ],
)
async def test_a_silence_that_is_sent_again_is_made_once(
    client: httpx.AsyncClient, plant: Any, path: str, said: dict[str, Any]
) -> None:
    assert plant
    headers = {"Idempotency-Key": "k1"}
    first = await client.post(f"{API}/{path}", json=said, headers=headers)
    again = await client.post(f"{API}/{path}", json=said, headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert len((await client.get(f"{API}/{path}")).json()["items"]) == 1
    other = await client.post(f"{API}/{path}", json={**said, "reason": "y"}, headers=headers)
    assert (other.status_code, other.json()["type"]) == (422, "/problems/idempotency-key-reused")


async def test_who_silenced_what_and_ended_it_is_on_record(
    client: httpx.AsyncClient, plant: Any
) -> None:
    event = await plant.add_event()
    made = await post(client, f"{API}/alarm-outages", {"asset": "P-101", "reason": "rebuilt"})
    await post(client, f"{API}/alarm-outages/{made['id']}/return", {"reason": "done"})
    await post(client, f"{EVENTS}/{event}/acknowledge")
    page = (await client.get(f"{API}/alarm-silence-changes", params={"limit": 1})).json()
    rest = await client.get(f"{API}/alarm-silence-changes", params={"cursor": page["next"]})
    found = [*page["items"], *rest.json()["items"]]
    assert [(one["action"], one["asset"], one["reason"]) for one in found] == [
        ("return_to_service", "P-101", "done"),
        ("take_out_of_service", "P-101", "rebuilt"),
    ]
    assert {one["actor"] for one in found} == {"key:test administrator"}


async def test_events_are_found_by_flag_and_worst_first(
    client: httpx.AsyncClient, plant: Any
) -> None:
    low = await plant.add_event(severity=1, minutes=30)
    high = await plant.add_event(severity=3, minutes=10, asset="P-102")
    await post(client, f"{EVENTS}/{low}/shelve", {"reason": "x"})

    async def ids(**query: Any) -> list[int]:
        response = await client.get(EVENTS, params=query)
        return [item["id"] for item in response.json()["items"]]

    assert await ids(order="severity") == [high, low]
    assert await ids(flag="annunciated") == [high]
    assert await ids(flag=["shelved", "unacknowledged"]) == [low]
    assert await ids(below="P-102", open=True) == [high]
    first = (await client.get(EVENTS, params={"order": "severity", "limit": 1})).json()
    assert await ids(order="severity", limit=1, cursor=first["next"]) == [low]
