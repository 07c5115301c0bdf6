"""Who asks by e-mail is answered by e-mail: once, in the thread, and never a program."""

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx
import pytest

from config.database import Connection
from maintenance.attachments.folder import FileFolder
from maintenance.automation import queries, store
from maintenance.automation.answer import is_news
from maintenance.automation.answers import MOST_IN_AN_HOUR, answer_mails
from maintenance.automation.delivery import DeliveryState
from maintenance.automation.file import ChannelShape
from maintenance.automation.routing import route
from maintenance.automation.service import put_channel
from maintenance.automation.worker import deliver_due
from maintenance.orders.work_order import Action
from maintenance.requests.mail.judgement import Welcome
from maintenance.requests.mail.kept import Outcome, Taken
from maintenance.requests.mail.service import Intake, take_in
from maintenance.requests.queries import get_request, request_of_link
from maintenance.requests.standing import Stage
from maintenance.requests.triage import reject
from tests.maintenance.automation.conftest import Mailbox
from tests.maintenance.requests.mail.letters import raw
from tests.maintenance.requests.reports import accepted, act
from tests.maintenance.scene import Plant

pytestmark = pytest.mark.store

Open = Callable[[], Awaitable[Connection]]
ADDRESS = "https://oilcan.example.com"


@pytest.fixture
async def intake(plant: Plant, mailbox: Mailbox, tmp_path: Path) -> Intake:
    """A plant that answers mails by a mail server that runs."""
    address = f"smtp://127.0.0.1:{mailbox.port}?from=maintenance@example.com&security=none"
    given = {"code": "people", "name": "People", "kind": "people", "address": address}
    await put_channel(plant.connection, ChannelShape.model_validate(given).definition())
    return Intake(FileFolder(tmp_path), Welcome(own="maintenance@example.com"))


async def take(plant: Plant, intake: Intake, *args: Any, **given: Any) -> Taken:
    return await take_in(plant.connection, raw(*args, **given), intake=intake, clock=plant.now_us)


async def lay_out(plant: Plant) -> None:
    await answer_mails(plant.connection, "people", address=ADDRESS, clock=plant.now_us)
    await route(plant.connection, address=ADDRESS, answers="people", clock=plant.now_us)


async def sent(plant: Plant, mailbox: Mailbox) -> list[EmailMessage]:
    """The letters that leave now."""
    await lay_out(plant)
    before = len(mailbox.letters)
    async with httpx.AsyncClient() as http:
        while await deliver_due(plant.connection, http, clock=plant.now_us):
            pass
    return [
        message_from_bytes(each.content, policy=policy.default)  # type: ignore[arg-type]
        for each in mailbox.letters[before:]
    ]


async def deliveries(plant: Plant) -> list[queries.Delivery]:
    return await queries.find_deliveries(plant.connection)


async def test_the_sender_of_a_mail_hears_its_number_and_where_to_follow_it(
    plant: Plant, mailbox: Mailbox, intake: Intake
) -> None:
    taken = await take(plant, intake)
    (letter,) = await sent(plant, mailbox)
    assert (letter["To"], letter["Subject"]) == (
        "lee@example.com",
        f"Re: P-101 drips [{taken.request}]",
    )
    found = re.search(rf"{ADDRESS}/follow/(\S+)", letter.get_content())
    assert found is not None
    digest = hashlib.sha256(found[1].encode()).digest()
    assert (await request_of_link(plant.connection, digest)).number == taken.request


async def test_an_answer_stands_in_the_thread_and_says_that_a_program_wrote_it(
    plant: Plant, mailbox: Mailbox, intake: Intake
) -> None:
    await take(plant, intake)
    (letter,) = await sent(plant, mailbox)
    assert letter["In-Reply-To"] == letter["References"] == "<one@example.com>"
    assert letter["Auto-Submitted"] == "auto-replied"
    (message,) = await deliveries(plant)
    assert letter["Message-ID"] == f"<{message.id}@example.com>"


async def test_a_reply_to_an_answer_is_a_comment_and_is_answered_too(
    plant: Plant, mailbox: Mailbox, intake: Intake
) -> None:
    first = await take(plant, intake)
    (answer,) = await sent(plant, mailbox)
    reply = {
        "in_reply_to": answer["Message-ID"],
        "references": f"<one@example.com> {answer['Message-ID']}",
    }
    taken = await take(plant, intake, "Another subject", "Worse now.", name="two@x", **reply)
    assert taken == Taken(Outcome.COMMENT, first.request)
    (second,) = await sent(plant, mailbox)
    assert f"was added to request {first.request}" in second.get_content()
    assert "/follow/" in second.get_content()


async def test_who_adds_a_word_is_not_told_the_address_of_who_asked(
    plant: Plant, mailbox: Mailbox, intake: Intake
) -> None:
    first = await take(plant, intake)
    await sent(plant, mailbox)
    await take(
        plant, intake, f"[{first.request}]", "Me too", name="two@x", sender="kim@example.com"
    )
    (letter,) = await sent(plant, mailbox)
    assert letter["To"] == "kim@example.com"
    assert "/follow/" not in letter.get_content()


async def test_our_own_answer_never_becomes_a_request(
    plant: Plant, mailbox: Mailbox, intake: Intake
) -> None:
    await take(plant, intake)
    await sent(plant, mailbox)
    came_back = mailbox.letters[0].content
    taken = await take_in(plant.connection, came_back, intake=intake, clock=plant.now_us)
    assert taken.outcome is Outcome.IGNORED
    assert await sent(plant, mailbox) == []


@pytest.mark.parametrize(
    "sign",
    [
        {"auto_submitted": "auto-replied"},
        {"auto_submitted": "auto-generated"},
        {"precedence": "bulk"},
        {"precedence": "junk"},
        {"precedence": "list"},
        {"list_id": "<all.example.com>"},
        {"return_path": "<>"},
        {"x_auto_response_suppress": "All"},
        {"sender": "no-reply@example.com"},
    ],
    ids=str,
)
async def test_a_program_is_never_answered(
    plant: Plant, mailbox: Mailbox, intake: Intake, sign: dict[str, str]
) -> None:
    taken = await take(plant, intake, **sign)
    if taken.request is not None:
        await accepted(plant, await get_request(plant.connection, taken.request))
    assert await sent(plant, mailbox) == []


async def test_a_mail_is_answered_once_however_often_it_is_read(
    plant: Plant, mailbox: Mailbox, intake: Intake
) -> None:
    for _ in range(2):
        await take(plant, intake)
    assert len(await sent(plant, mailbox)) == 1
    assert await sent(plant, mailbox) == []


async def test_answers_to_one_address_are_bounded(
    plant: Plant, mailbox: Mailbox, intake: Intake
) -> None:
    for number in range(MOST_IN_AN_HOUR + 2):
        await take(plant, intake, f"Leak {number}", name=f"{number}@x")
    assert len(await sent(plant, mailbox)) == MOST_IN_AN_HOUR
    plant.later(hours=2)
    assert await sent(plant, mailbox) == []


async def test_two_processes_answer_a_mail_once(
    plant: Plant, intake: Intake, open_connection: Open
) -> None:
    for number in range(8):
        await take(plant, intake, f"Leak {number}", name=f"{number}@x")
    await plant.connection.commit()
    others = [await open_connection() for _ in range(3)]
    await asyncio.gather(*(answer_mails(each, "people", clock=plant.now_us) for each in others))
    assert len(await deliveries(plant)) == 8


async def test_a_crash_before_the_mark_leaves_the_answer_to_the_next(
    plant: Plant, mailbox: Mailbox, intake: Intake, open_connection: Open
) -> None:
    await take(plant, intake)
    await plant.connection.commit()
    other = await open_connection()
    async with other.transaction(force_rollback=True):
        assert await answer_mails(other, "people", clock=plant.now_us) == 1
    assert len(await sent(plant, mailbox)) == 1


async def test_a_crash_on_the_way_sends_nothing_twice(
    plant: Plant, mailbox: Mailbox, intake: Intake
) -> None:
    await take(plant, intake)
    await lay_out(plant)
    assert len(await store.claim(plant.connection, at=plant.now, limit=10)) == 1
    plant.later(minutes=10)
    await store.take_up_abandoned(plant.connection, before=plant.now, at=plant.now)
    assert await sent(plant, mailbox) == []
    (message,) = await deliveries(plant)
    assert message.state is DeliveryState.UNCERTAIN


async def test_a_requester_hears_that_it_is_accepted_and_that_it_is_done(
    plant: Plant, mailbox: Mailbox, intake: Intake
) -> None:
    taken = await take(plant, intake)
    await sent(plant, mailbox)
    assert taken.request is not None
    request = await accepted(plant, await get_request(plant.connection, taken.request))
    (letter,) = await sent(plant, mailbox)
    assert "It is accepted and waits for its turn." in letter.get_content()
    assert letter["In-Reply-To"] == "<one@example.com>"
    assert request.work_order is not None
    await act(plant, request.work_order, Action.APPROVE, Action.START)
    assert await sent(plant, mailbox) == []
    await act(plant, request.work_order, Action.COMPLETE)
    (letter,) = await sent(plant, mailbox)
    assert "It is done. Does it work again?" in letter.get_content()


async def test_a_requester_hears_why_it_is_declined(
    plant: Plant, mailbox: Mailbox, intake: Intake
) -> None:
    taken = await take(plant, intake)
    await sent(plant, mailbox)
    assert taken.request is not None
    await reject(
        plant.connection,
        taken.request,
        "The pump is scrapped tomorrow",
        expected_version=1,
        actor="kim",
        clock=plant.now_us,
    )
    (letter,) = await sent(plant, mailbox)
    assert "It will not be done: The pump is scrapped tomorrow" in letter.get_content()


@pytest.mark.parametrize(
    ("stage", "told", "expected"),
    [
        (Stage.RECEIVED, None, False),
        (Stage.PLANNED, None, True),
        (Stage.PLANNED, Stage.RECEIVED, True),
        (Stage.PLANNED, Stage.UNDER_WAY, False),
        (Stage.UNDER_WAY, Stage.PLANNED, False),
        (Stage.WAITING, Stage.UNDER_WAY, False),
        (Stage.DONE, Stage.UNDER_WAY, True),
        (Stage.DONE, Stage.DONE, False),
        (Stage.DECLINED, Stage.RECEIVED, True),
        (Stage.WITHDRAWN, Stage.RECEIVED, False),
    ],
)
def test_what_is_news_to_a_requester(stage: Stage, told: Stage | None, *, expected: bool) -> None:
    assert is_news(stage, told) is expected


async def test_without_a_channel_mails_wait_for_a_day_and_nobody_is_told_later(
    plant: Plant, mailbox: Mailbox, intake: Intake
) -> None:
    await take(plant, intake)
    assert await answer_mails(plant.connection, "nowhere", clock=plant.now_us) == 0
    plant.later(hours=25)
    assert await sent(plant, mailbox) == []
