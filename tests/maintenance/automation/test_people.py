"""People are told at their own addresses; who has none is said, and nobody is told twice."""

from typing import Any

import httpx
import pytest

from maintenance.automation import queries
from maintenance.automation.delivery import DeliveryState
from maintenance.automation.file import AutomationShape, ChannelShape
from maintenance.automation.mail_server import MailServer, Security, parse_mail_server
from maintenance.automation.routing import gather_digests, route
from maintenance.automation.service import apply_automations, apply_channels, send_again
from maintenance.automation.worker import deliver_due
from maintenance.commands.creation import NewOrder, create_order
from maintenance.commands.service import assign
from maintenance.orders.work_order import OrderType, Particulars, WorkOrder
from maintenance.people.service import save_staff, save_team
from maintenance.people.staff import Staff, Team
from maintenance.requests.request import Channel, NewRequest
from maintenance.requests.service import report
from tests.edge.modbus.authority import Authority
from tests.maintenance.automation.conftest import Mailbox
from tests.maintenance.requests.reports import accepted
from tests.maintenance.scene import Plant

pytestmark = pytest.mark.store


@pytest.fixture
async def crew(plant: Plant) -> Plant:
    """Kim and Lee have addresses, Sam has none."""
    for code, contacts in (
        ("kim", {"email": "kim@example.com"}),
        ("lee", {"email": "lee@example.com"}),
        ("sam", {}),
    ):
        staff = Staff(code, code.title(), contacts=contacts)
        await save_staff(plant.connection, staff)
    return plant


async def arrange(
    plant: Plant, mailbox: Mailbox, *to: str, when: str = "work_order.assign", **channel: Any
) -> None:
    """A channel of people, and two rules that tell of the same."""
    address = f"smtp://127.0.0.1:{mailbox.port}?from=oilcan@example.com&security=none"
    whole = {"code": "people", "name": "People", "kind": "people", "address": address} | channel
    shape = ChannelShape.model_validate(whole)
    await apply_channels(plant.connection, [shape.definition()])
    notify = {"channels": ["people"], "to": list(to) or None}
    rule = {"code": "r", "when": when, "then": [{"notify": notify}]}
    again = rule | {"code": "s"}
    shapes = [AutomationShape.model_validate(each) for each in (rule, again)]
    await apply_automations(plant.connection, [each.definition() for each in shapes])
    await route(plant.connection, clock=plant.now_us)


async def give(plant: Plant, to: str, **given: Any) -> WorkOrder:
    new = NewOrder(asset="P-101", type=OrderType.CORRECTIVE, title="Seal drips", **given)
    order = await create_order(plant.connection, new, actor="kim", clock=plant.now_us)
    await assign(
        plant.connection,
        order.number,
        to,
        expected_version=order.version,
        given=Particulars("kim"),
        clock=plant.now_us,
    )
    await route(plant.connection, clock=plant.now_us)
    return order


async def send_all(plant: Plant) -> None:
    async with httpx.AsyncClient() as http:
        while await deliver_due(plant.connection, http, clock=plant.now_us):
            pass


async def test_an_assignee_is_told_once_at_their_own_address(crew: Plant, mailbox: Mailbox) -> None:
    await arrange(crew, mailbox, "assignee")
    await give(crew, "kim")
    await send_all(crew)
    (letter,) = mailbox.letters
    assert letter.rcpt_tos == ["kim@example.com"]
    assert b"Auto-Submitted: auto-generated" in letter.content


async def test_a_person_without_an_address_is_said_and_told_once_they_have_one(
    crew: Plant, mailbox: Mailbox
) -> None:
    await arrange(crew, mailbox, "assignee")
    await give(crew, "sam")
    await send_all(crew)
    (message,) = await queries.find_deliveries(crew.connection)
    assert (message.state, message.recipient) == (DeliveryState.GIVEN_UP, "sam")
    assert "sam has no e-mail address" in message.error
    details = [run.detail for run in await queries.find_runs(crew.connection)]
    assert "people: sam (no e-mail address)" in details
    staff = Staff("sam", "Sam", contacts={"email": "sam@example.com"})
    await save_staff(crew.connection, staff, expected_version=1)
    await send_again(crew.connection, message.id, clock=crew.now_us)
    await send_all(crew)
    assert [each.rcpt_tos for each in mailbox.letters] == [["sam@example.com"]]


async def test_a_role_that_nobody_has_is_said(crew: Plant, mailbox: Mailbox) -> None:
    await arrange(crew, mailbox, "requester")
    await give(crew, "kim")
    assert await queries.find_deliveries(crew.connection) == []
    (first, _) = await queries.find_runs(crew.connection)
    assert first.detail == "people: nobody is requester"


async def test_planners_are_told_each_by_a_message_of_their_own(
    crew: Plant, mailbox: Mailbox
) -> None:
    await crew.connection.execute(
        "INSERT INTO person (login, name, role, password_hash)"
        " SELECT login, login, 'planner', '' FROM unnest(ARRAY['kim', 'lee']) AS login"
    )
    await arrange(crew, mailbox, "planner", "assignee")
    await give(crew, "kim")
    await send_all(crew)
    assert sorted(each.rcpt_tos[0] for each in mailbox.letters) == [
        "kim@example.com",
        "lee@example.com",
    ]


async def test_a_requester_is_told_where_they_left_an_address(
    crew: Plant, mailbox: Mailbox
) -> None:
    await arrange(crew, mailbox, "requester", when="request.accept")
    new = NewRequest("Seal drips", Channel.PORTAL, asset="P-101", contact="noor@example.com")
    made = await report(crew.connection, new, actor="control room", clock=crew.now_us)
    await accepted(crew, made.request)
    await route(crew.connection, clock=crew.now_us)
    (message,) = await queries.find_deliveries(crew.connection)
    assert (message.topic, message.recipient) == ("request.accept", "noor@example.com")


async def test_a_team_is_told_each_of_them(crew: Plant, mailbox: Mailbox) -> None:
    await save_team(crew.connection, Team("seals", "Seals", members=("kim", "lee")))
    await arrange(crew, mailbox, "team")
    order = await give(crew, "kim")
    await crew.connection.execute(
        "UPDATE work_order SET team = 'seals' WHERE number = %s", [order.number]
    )
    await crew.connection.execute("UPDATE outbox SET handled_at = NULL")
    await crew.connection.execute("TRUNCATE automation_run")
    await route(crew.connection, clock=crew.now_us)
    found = await queries.find_deliveries(crew.connection)
    assert {each.recipient for each in found} == {"kim@example.com", "lee@example.com"}


async def test_a_digest_is_each_persons_own(crew: Plant, mailbox: Mailbox) -> None:
    await arrange(crew, mailbox, "assignee", digest="hourly")
    for to in ("kim", "kim", "lee"):
        await give(crew, to, failure_mode=None)
    crew.later(hours=2)
    await gather_digests(crew.connection, clock=crew.now_us)
    await send_all(crew)
    told = {each.rcpt_tos[0]: each.content for each in mailbox.letters}
    assert set(told) == {"kim@example.com", "lee@example.com"}
    assert b"2 messages" in told["kim@example.com"]
    assert b"1 messages" in told["lee@example.com"]


async def test_a_person_sleeps_in_quiet_hours(crew: Plant, mailbox: Mailbox) -> None:
    await arrange(crew, mailbox, "assignee", quiet_from="22:00", quiet_to="07:00")
    await give(crew, "kim", priority=3)
    await send_all(crew)
    assert mailbox.letters == []
    crew.later(hours=2)
    await send_all(crew)
    assert len(mailbox.letters) == 1


async def test_a_refused_address_is_given_up_and_says_why(crew: Plant, mailbox: Mailbox) -> None:
    await arrange(crew, mailbox, "assignee")
    mailbox.refused = "550 no such user"
    await give(crew, "kim")
    await send_all(crew)
    (message,) = await queries.find_deliveries(crew.connection)
    assert message.state is DeliveryState.GIVEN_UP
    assert "refuses a letter to kim@example.com: 550 no such user" in message.error


async def test_a_mail_server_that_is_away_is_tried_again(crew: Plant, mailbox: Mailbox) -> None:
    address = "smtp://127.0.0.1:1?from=oilcan@example.com&security=none"
    await arrange(crew, mailbox, "assignee", address=address)
    await give(crew, "kim")
    await send_all(crew)
    (message,) = await queries.find_deliveries(crew.connection)
    assert message.state is DeliveryState.WAITING
    assert "127.0.0.1" in message.error


async def test_a_letter_leaves_by_starttls(
    crew: Plant, tls_mailbox: Mailbox, authority: Authority
) -> None:
    address = f"smtp://127.0.0.1:{tls_mailbox.port}?from=oilcan@example.com"
    await arrange(crew, tls_mailbox, address=f"{address}&ca={authority.certificate}")
    await give(crew, "kim")
    await send_all(crew)
    assert [each.rcpt_tos for each in tls_mailbox.letters] == [["kim@example.com"]]


async def test_a_mail_server_that_nobody_vouches_for_gets_no_letter(
    crew: Plant, tls_mailbox: Mailbox
) -> None:
    address = f"smtp://127.0.0.1:{tls_mailbox.port}?from=oilcan@example.com"
    await arrange(crew, tls_mailbox, address=address)
    await give(crew, "kim")
    await send_all(crew)
    (message,) = await queries.find_deliveries(crew.connection)
    assert message.state is DeliveryState.WAITING
    assert "name its authority in the channel's address (ca=FILE)" in message.error
    assert tls_mailbox.letters == []


def test_a_mail_server_is_read_out_of_its_address() -> None:
    found = parse_mail_server("smtps://oil%40x:p%2Fw@mail.example.com?from=oilcan@example.com")
    expected = MailServer(
        "mail.example.com", 465, Security.TLS, "oilcan@example.com", "oil@x", "p/w"
    )
    assert found == expected


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        ("mailto://mail.example.com", "no address of a mail server"),
        ("smtp://mail.example.com", "an address that they are from"),
        ("smtp://mail.example.com?from=a@b&mode=x", "has no mode"),
        ("smtp://mail.example.com?from=a@b&security=ssl", "security=starttls or security=none"),
        ("smtps://mail.example.com?from=a@b&security=none", "TLS from the first byte"),
    ],
)
def test_an_address_of_a_mail_server_that_is_wrong_says_what_is(address: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        parse_mail_server(address)
