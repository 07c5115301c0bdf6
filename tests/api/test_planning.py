"""Calendars, people, service levels, assignment and the schedule over HTTP."""

from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from icalendar import Calendar as ICalendar

from api.access.roles import Role
from config.clock import now
from config.database import Connection
from maintenance.commands.creation import NewOrder, create_order
from maintenance.commands.service import change_state
from maintenance.orders.work_order import Action, OrderType, Particulars, WorkOrder
from tests.api.conftest import ClientOf, Plant

CALENDAR = {
    "code": "all",
    "name": "Round the clock",
    "time_zone": "Europe/Berlin",
    "shifts": [{"name": "all", "start": "00:00", "end": "24:00"}],
}
KIM = {
    "code": "kim",
    "name": "Kim Berger",
    "craft": "mechanical",
    "calendar": "all",
    "skills": [{"name": "pump", "certificate": "Level 2", "valid_until": "2999-12-31"}],
    "rates": [{"valid_from": "2026-01-01", "per_hour": "52.50"}],
}
ZOE = {**KIM, "code": "zoe", "name": "Zoe Yilmaz"}
LEVEL = {
    "code": "urgent",
    "name": "Urgent work",
    "response": {"minutes": 60, "measure": "elapsed"},
    "resolution": {"minutes": 480, "measure": "elapsed"},
}
RULE = {"code": "pumps", "name": "Pumps", "craft": "mechanical", "skills": ["pump"]}
API = "/api/v1"
BERLIN = ZoneInfo("Europe/Berlin")


async def put(client: httpx.AsyncClient, path: str, body: dict[str, Any], **headers: str) -> Any:
    answer = await client.put(f"{API}{path}", json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.fixture
async def planned(plant: Plant, client: httpx.AsyncClient) -> WorkOrder:
    """An order that was given to Kim by rule, has its clocks, and is planned for an hour from now."""
    await put(client, "/calendars/all", CALENDAR)
    for person in (KIM, ZOE):
        await put(client, f"/people/{person['code']}", person)
    await put(client, "/service-levels/urgent", LEVEL)
    await put(client, "/assignment-rules/pumps", RULE)
    return await make(plant.connection)


async def make(connection: Connection) -> WorkOrder:
    new = NewOrder("P-101", OrderType.CORRECTIVE, "Replace the bearing")
    order = await create_order(connection, new, actor="ana")
    start = now() + timedelta(hours=1)
    for action in (Action.APPROVE, Action.SCHEDULE):
        given = Particulars("ana", planned_start=start, planned_finish=start + timedelta(hours=2))
        order = await change_state(
            connection, order.number, action, expected_version=order.version, given=given
        )
    return order


def day_of(order: WorkOrder) -> date:
    """The local day on which an order is planned to begin."""
    assert order.planned_start is not None
    return order.planned_start.astimezone(BERLIN).date()


async def test_a_calendar_is_put_read_and_changed_with_its_etag(
    plant: Plant, client: httpx.AsyncClient
) -> None:
    made = await client.put(f"{API}/calendars/all", json=CALENDAR)
    assert (made.status_code, made.headers["ETag"]) == (200, '"1"')
    again = await client.put(f"{API}/calendars/all", json={**CALENDAR, "name": "Always"})
    assert again.status_code == 428
    stale = {"If-Match": '"7"'}
    late = await client.put(f"{API}/calendars/all", json={**CALENDAR, "name": "A"}, headers=stale)
    assert late.status_code == 412
    changed = await put(
        client, "/calendars/all", {**CALENDAR, "name": "Always"}, **{"If-Match": '"1"'}
    )
    assert (changed["name"], changed["version"]) == ("Always", 2)
    span = {"start": "2026-03-29T00:00:00+01:00", "end": "2026-03-30T00:00:00+02:00"}
    worked = (await client.get(f"{API}/calendars/all/working-time", params=span)).json()
    assert worked["seconds"] == 23 * 3600
    assert (await client.post(f"{API}/calendars/all/retire")).status_code == 200
    assert (await client.get(f"{API}/calendars/all")).status_code == 404


async def test_a_mistake_in_a_calendar_is_told(client: httpx.AsyncClient) -> None:
    wrong = {**CALENDAR, "time_zone": "Europe/Bertin"}
    answer = await client.put(f"{API}/calendars/all", json=wrong)
    assert answer.status_code == 422
    assert "not a time zone" in answer.text


async def test_what_an_hour_costs_is_told_to_planners_alone(
    planned: WorkOrder, client_of: ClientOf
) -> None:
    viewer, planner = await client_of(Role.VIEWER), await client_of(Role.PLANNER)
    assert (await viewer.get(f"{API}/people/kim")).json()["rates"] is None
    assert (await planner.get(f"{API}/people/kim")).json()["rates"][0]["rate_minor"] == 5250
    assert (await viewer.put(f"{API}/people/kim", json=KIM)).status_code == 403
    people = (await viewer.get(f"{API}/people", params={"craft": "mechanical"})).json()["items"]
    assert [one["code"] for one in people] == ["kim", "zoe"]


async def test_an_absence_is_entered_once_per_key_and_taken_back(
    planned: WorkOrder, client: httpx.AsyncClient
) -> None:
    start = now()
    body = {
        "starts_at": start.isoformat(),
        "ends_at": (start + timedelta(days=2)).isoformat(),
        "reason": "ill",
    }
    key = {"Idempotency-Key": "a"}
    first = await client.post(f"{API}/people/kim/absences", json=body, headers=key)
    second = await client.post(f"{API}/people/kim/absences", json=body, headers=key)
    assert (first.status_code, second.json()) == (201, first.json())
    week = {"site": "north", "week": day_of(planned).isoformat()}
    schedule = await client.get(f"{API}/schedule", params=week)
    kinds = {each["kind"] for each in schedule.json()["conflicts"]}
    assert "absent" in kinds
    listed = (await client.get(f"{API}/people/kim/absences")).json()["items"]
    assert [one["reason"] for one in listed] == ["ill"]
    gone = await client.post(f"{API}/people/kim/absences/{first.json()['id']}/cancel")
    assert gone.json()["items"] == []


async def test_teams_are_put_and_listed(planned: WorkOrder, client: httpx.AsyncClient) -> None:
    team = {"code": "crew", "name": "Crew", "members": ["kim", "zoe"]}
    assert (await put(client, "/teams/crew", team))["members"] == ["kim", "zoe"]
    taken = await client.put(f"{API}/teams/kim", json={**team, "code": "kim"})
    assert taken.status_code == 409
    assert [one["code"] for one in (await client.get(f"{API}/teams")).json()["items"]] == ["crew"]


async def test_an_order_tells_both_clocks_and_what_is_behind_them(
    planned: WorkOrder, client: httpx.AsyncClient
) -> None:
    told = (await client.get(f"{API}/work-orders/{planned.number}/service-level")).json()
    assert (told["agreement"], told["reason"]) == ("urgent", "Urgent work: it is for every order.")
    clocks = {clock["kind"]: clock for clock in told["clocks"]}
    assert {clock["state"] for clock in clocks.values()} == {"running"}
    assert clocks["response"]["target"] == {"minutes": 60, "measure": "elapsed"}
    states = [segment["state"] for segment in clocks["resolution"]["segments"]]
    assert states == ["draft", "approved", "scheduled"]
    rebound = await client.post(f"{API}/work-orders/{planned.number}/service-level/rebind")
    assert len(rebound.json()["bindings"]) == 2


async def test_orders_at_risk_are_listed_page_by_page(
    planned: WorkOrder, plant: Plant, client: httpx.AsyncClient
) -> None:
    empty = (await client.get(f"{API}/service-levels/at-risk")).json()
    assert empty == {"items": [], "next": None}
    await plant.connection.execute("UPDATE sla_clock SET warn_at = now() - interval '1 minute'")
    first = (await client.get(f"{API}/service-levels/at-risk", params={"limit": 1})).json()
    assert [one["kind"] for one in first["items"]] == ["response"]
    following = {"limit": 1, "cursor": first["next"]}
    second = (await client.get(f"{API}/service-levels/at-risk", params=following)).json()
    assert [one["kind"] for one in second["items"]] == ["resolution"]
    assert second["next"] is None
    bad = await client.get(f"{API}/service-levels/at-risk", params={"cursor": "WyJhIiwxLCJiIl0"})
    assert bad.status_code == 400


async def test_which_agreement_an_order_would_be_under_is_told_beforehand(
    planned: WorkOrder, client: httpx.AsyncClient
) -> None:
    asked = {"type": "corrective", "priority": 1, "site": "north", "asset_class": "conveyor"}
    found = (await client.get(f"{API}/service-levels/match", params=asked)).json()
    assert found == {"agreement": "urgent", "reason": "Urgent work: it is for every order."}


async def test_an_order_says_who_has_it_and_why_and_whom_the_rules_would_choose_now(
    planned: WorkOrder, client: httpx.AsyncClient
) -> None:
    told = (await client.get(f"{API}/work-orders/{planned.number}/assignment")).json()
    assert told["assignee"] == "kim"
    assert told["decisions"][0]["explanation"].startswith("Kim Berger: pump: Level 2")
    assert {one["code"] for one in told["suggestion"]["considered"]} == {"kim", "zoe"}
    given = await client.put(
        f"{API}/work-orders/{planned.number}/assignee",
        json={"assignee": "zoe", "reason": "Kim is on another job"},
        headers={"If-Match": f'"{planned.version}"'},
    )
    assert given.status_code == 200
    decided = await client.post(f"{API}/work-orders/{planned.number}/assignment/by-rule")
    assert decided.json()["assignee"] == "zoe"


async def test_the_board_has_the_work_and_who_is_there(
    planned: WorkOrder, client: httpx.AsyncClient
) -> None:
    board = (await client.get(f"{API}/dispatch", params={"site": "north"})).json()
    assert [(one["number"], one["assignee"]) for one in board["orders"]] == [
        (planned.number, "kim")
    ]
    kim, zoe = board["people"]
    assert (kim["open_minutes"], zoe["open_minutes"]) == (60, 0)
    assert kim["on_shift_until"] is not None
    assert kim["capacity_minutes"] == 7 * 24 * 60


async def test_a_week_is_frozen_once(planned: WorkOrder, client: httpx.AsyncClient) -> None:
    week = {"site": "north", "week": day_of(planned).isoformat()}
    frozen = await client.post(f"{API}/schedule/freezes", json=week)
    assert (frozen.status_code, frozen.json()["orders"]) == (201, 1)
    assert (await client.post(f"{API}/schedule/freezes", json=week)).status_code == 409
    shown = (await client.get(f"{API}/schedule", params=week)).json()
    assert shown["frozen_by"] is not None
    assert [one["number"] for one in shown["orders"]] == [planned.number]


async def test_calendar_programs_read_the_planned_work_without_a_key(
    planned: WorkOrder, client: httpx.AsyncClient, stranger: httpx.AsyncClient
) -> None:
    address = (await client.post(f"{API}/people/kim/calendar-feed")).json()["address"]
    answer = await stranger.get(address)
    assert answer.headers["Content-Type"].startswith("text/calendar")
    [event] = ICalendar.from_ical(answer.content).walk("VEVENT")
    assert event["SUMMARY"].endswith("P-101: Replace the bearing")
    assert event["DTSTART"].dt == planned.planned_start.replace(microsecond=0)  # type: ignore[union-attr]
    assert (await client.post(f"{API}/people/kim/calendar-feed/close")).json() == {"closed": 1}
    assert (await stranger.get(address)).status_code == 404
