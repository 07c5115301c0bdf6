"""Rules over the API: drafted, tried, activated, retired, by whom it is allowed to."""

from functools import partial
from typing import Any

import httpx
import pytest

from api.access.roles import Role
from conditions.rule_service import apply_rules, draft_rule
from config.database import Connection
from tests.api.conftest import ClientOf
from tests.conditions.plants import RULES, rules

pytestmark = pytest.mark.store

CLASS = """
INSERT INTO asset_class (code, name, roles) VALUES ('pump', 'Pump',
    '{"vibration": {"name": "Vibration", "unit": "mm/s", "kind": "gauge"},
      "temp": {"name": "Temperature", "unit": "degC", "kind": "gauge"}}')
"""
HOT = "/api/v1/rule-versions/pump/hot"
DEFINITION = {
    "asset_class": "pump",
    "inputs": {"temp": {"point": "temp", "unit": "degC"}},
    "params": {"limit": 80},
    "rules": [{"id": "hot", "raise": "temp > limit", "clear": "temp < limit - 5"}],
}


@pytest.fixture
async def stored(connection: Connection) -> Connection:
    """A database with a class and its rules."""
    await connection.execute(CLASS)
    await apply_rules(connection, rules())
    return connection


async def draft(client: httpx.AsyncClient, **more: Any) -> httpx.Response:
    body = {"definition": {**DEFINITION, **more}, "reason": "lower limit"}
    return await client.post("/api/v1/rule-versions", json=body)


async def test_a_rule_goes_from_draft_to_retired(stored: Connection, client_of: ClientOf) -> None:
    client = await client_of(Role.RELIABILITY_ENGINEER)
    drafted = await draft(client)
    assert (drafted.status_code, drafted.headers["Location"]) == (201, f"{HOT}/2")
    assert drafted.json()["allowed_transitions"] == ["shadow", "retire"]
    for action, state in (("shadow", "shadow"), ("activate", "active"), ("retire", "retired")):
        moved = await client.post(f"{HOT}/2/{action}", json={"reason": f"to {state}"})
        assert (moved.status_code, moved.json()["state"]) == (200, state)
    changes = (await client.get(f"{HOT}/2")).json()["changes"]
    assert [change["reason"] for change in changes] == [
        "to retired",
        "to active",
        "to shadow",
        "lower limit",
    ]
    again = await client.post(f"{HOT}/1/activate")
    assert (again.json()["version"], again.json()["state"]) == (3, "active")


async def test_a_step_that_is_not_possible_is_refused(
    stored: Connection, client: httpx.AsyncClient
) -> None:
    await draft(client)
    refused = await client.post(f"{HOT}/2/activate")
    assert (refused.status_code, refused.json()["allowed_transitions"]) == (
        409,
        ["shadow", "retire"],
    )
    missing = await client.post(f"{HOT}/9/retire")
    assert (missing.status_code, missing.json()["type"]) == (404, "/problems/not-found")


@pytest.mark.parametrize("role", [Role.VIEWER, Role.TECHNICIAN, Role.PLANNER])
async def test_who_plans_and_works_does_not_change_rules(
    stored: Connection, client_of: ClientOf, role: Role
) -> None:
    client = await client_of(role)
    assert (await draft(client)).status_code == 403
    assert (await client.post(f"{HOT}/1/retire")).status_code == 403
    assert (await client.get(f"{HOT}/1")).status_code == 200


async def test_every_mistake_of_a_draft_is_named(
    stored: Connection, client: httpx.AsyncClient
) -> None:
    wrong = {"inputs": {"temp": {"point": "tmp", "unit": "bar"}}}
    refused = await draft(client, **wrong)
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/rule-invalid")
    assert "Did you mean 'temp'?" in refused.json()["detail"]
    two = [*DEFINITION["rules"], {"id": "b", "raise": "temp > 1"}]  # type: ignore[misc]
    assert "one rule" in (await draft(client, rules=two)).json()["detail"]
    assert (await draft(client, rules=[])).status_code == 422


async def test_a_check_keeps_nothing(stored: Connection, client: httpx.AsyncClient) -> None:
    checked = await client.post("/api/v1/rule-versions/check", json={"definition": DEFINITION})
    assert checked.json() == {"rule": "pump/hot", "parameters": {"limit": 80.0}}
    versions = (await client.get("/api/v1/rule-versions", params={"rule": "pump/hot"})).json()
    assert [version["version"] for version in versions["items"]] == [1]


async def test_versions_are_listed_by_state_in_pages(
    stored: Connection, client: httpx.AsyncClient
) -> None:
    for _ in range(3):
        await draft(client)
    first = (
        await client.get("/api/v1/rule-versions", params={"state": "draft", "limit": 2})
    ).json()
    assert [version["version"] for version in first["items"]] == [4, 3]
    rest = await client.get(
        "/api/v1/rule-versions", params={"state": "draft", "cursor": first["next"]}
    )
    assert [version["version"] for version in rest.json()["items"]] == [2]


async def test_a_rule_that_is_only_tried_is_listed_with_every(
    stored: Connection, client: httpx.AsyncClient
) -> None:
    tried = next(rule for rule in rules(RULES.replace("id: hot", "id: hotter")) if "hot" in rule.id)
    await draft_rule(stored, tried, actor="kim")
    names = [rule["rule"] for rule in (await client.get("/api/v1/rules")).json()["items"]]
    assert "pump/hotter" not in names
    every = (await client.get("/api/v1/rules", params={"every": True})).json()["items"]
    assert [rule["state"] for rule in every if rule["rule"] == "pump/hotter"] == ["draft"]


async def test_what_a_shadow_found_is_listed(stored: Connection, client: httpx.AsyncClient) -> None:
    await stored.execute(
        """
        WITH site AS (INSERT INTO site (code, name) VALUES ('s', 'S') RETURNING id),
             asset AS (INSERT INTO asset (tag, name, class_id, site_id)
                       SELECT 'P-1', 'P', c.id, site.id FROM asset_class c, site RETURNING id)
        INSERT INTO shadow_event (key, rule_version_id, asset_id, state, severity, peak_severity,
            message, onset, raised_at, changed_at, evidence)
        SELECT n::text, v.id, asset.id, 'active', 3, 3, 'hot', now(), now(), now(), '{}'
        FROM asset, rule_version v, generate_series(1, 3) n WHERE v.rule = 'pump/hot'
        """
    )
    found = (await client.get(f"{HOT}/1/shadow-events", params={"limit": 2})).json()
    assert [event["severity"] for event in found["items"]] == ["high", "high"]
    assert found["next"]
    assert (await client.get(f"{HOT}/1")).json()["open_events"] == 3


async def test_a_draft_sent_again_with_its_key_is_one_version(
    stored: Connection, client_of: ClientOf
) -> None:
    client = await client_of(Role.RELIABILITY_ENGINEER)
    body = {"definition": DEFINITION, "reason": "lower limit"}
    send = partial(client.post, "/api/v1/rule-versions", headers={"Idempotency-Key": "draft-1"})
    first, again = [await send(json=body) for _ in range(2)]
    assert (first.status_code, first.headers["Location"]) == (201, f"{HOT}/2")
    assert (again.json(), again.headers["Location"]) == (first.json(), f"{HOT}/2")
    other = await send(json=body | {"reason": "another"})
    assert other.status_code == 422


async def test_a_retired_version_brought_back_twice_with_one_key_is_one_new_version(
    stored: Connection, client_of: ClientOf
) -> None:
    client = await client_of(Role.RELIABILITY_ENGINEER)
    await client.post(f"{HOT}/1/retire")
    key = {"Idempotency-Key": "back-1"}
    first, again = [await client.post(f"{HOT}/1/activate", headers=key) for _ in range(2)]
    assert (first.status_code, first.json()["version"]) == (200, 2)
    assert again.json() == first.json()
