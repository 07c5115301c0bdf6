"""A mail makes one request or one comment, or waits for a person; whatever happens in between."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import psycopg
import pytest

from config.database import Connection
from maintenance.attachments.attachment import Subject, SubjectKind
from maintenance.attachments.folder import FileFolder
from maintenance.attachments.queries import attachments_of
from maintenance.errors import MailUnreadable, NotFound
from maintenance.orders.queries import get_order
from maintenance.people.service import save_staff
from maintenance.people.staff import Staff
from maintenance.requests.mail.judgement import Welcome
from maintenance.requests.mail.kept import KeptState, Outcome, Taken
from maintenance.requests.mail.queries import count_kept, find_kept, get_kept
from maintenance.requests.mail.service import (
    MOST_IN_AN_HOUR,
    Intake,
    discard,
    keep_aside,
    read_again,
    take_in,
)
from maintenance.requests.queries import changes_of, get_request
from maintenance.requests.request import Channel
from tests.maintenance.requests.mail.letters import letter, raw, with_file
from tests.maintenance.requests.reports import accepted
from tests.maintenance.scene import Plant

pytestmark = pytest.mark.store


@pytest.fixture
def intake(tmp_path: Path) -> Intake:
    """Files below the test's folder; everybody may write."""
    return Intake(FileFolder(tmp_path), Welcome(own="maintenance@example.com"))


async def _take(plant: Plant, intake: Intake, data: bytes) -> Taken:
    return await take_in(plant.connection, data, intake=intake, clock=plant.now_us)


async def _requests(plant: Plant) -> int:
    return int(await plant.value("SELECT count(*) FROM work_request"))


async def _trail(plant: Plant, number: str) -> list[tuple[str, str, str]]:
    request = await get_request(plant.connection, number)
    changes = await changes_of(plant.connection, request)
    return [(each.action, each.actor, each.reason) for each in changes]


async def test_a_mail_becomes_a_request(plant: Plant, intake: Intake) -> None:
    taken = await _take(plant, intake, raw("Re: P-101 drips"))
    assert taken.request is not None
    request = await get_request(plant.connection, taken.request)
    assert (request.title, request.description) == ("P-101 drips", "Oil below the coupling.")
    assert (request.asset, request.channel) == ("P-101", Channel.EMAIL)
    assert (request.requester, request.contact) == ("lee@example.com", "lee@example.com")


async def test_the_same_mail_again_does_nothing(plant: Plant, intake: Intake) -> None:
    outcomes = [(await _take(plant, intake, raw())).outcome for _ in range(3)]
    assert outcomes == [Outcome.REQUEST, Outcome.KNOWN, Outcome.KNOWN]
    assert await _requests(plant) == 1


async def test_the_same_mail_by_two_ways_is_one(plant: Plant, intake: Intake) -> None:
    await _take(plant, intake, b"Received: from a\r\n" + raw())
    assert (await _take(plant, intake, b"Received: from b\r\n" + raw())).outcome is Outcome.KNOWN


async def test_another_mail_of_the_same_name_is_kept(plant: Plant, intake: Intake) -> None:
    await _take(plant, intake, raw())
    assert (await _take(plant, intake, raw(text="Something else"))).outcome is Outcome.KEPT
    (kept,) = await find_kept(plant.connection)
    assert "Message-ID" in kept.reason


async def test_two_processes_that_read_a_mail_make_one_request(
    plant: Plant, intake: Intake, open_connection: Callable[[], Awaitable[Connection]]
) -> None:
    others = [await open_connection() for _ in range(4)]
    outcomes = await asyncio.gather(
        *(take_in(one, raw(), intake=intake, clock=plant.now_us) for one in others)
    )
    assert sorted(each.outcome for each in outcomes) == [*[Outcome.KNOWN] * 3, Outcome.REQUEST]
    assert await _requests(plant) == 1


async def test_a_reply_is_a_word_on_the_request(plant: Plant, intake: Intake) -> None:
    first = await _take(plant, intake, raw())
    reply = raw("AW: P-101 drips", "Worse now.", name="two@x", in_reply_to="<one@example.com>")
    taken = await _take(plant, intake, reply)
    assert (taken.outcome, taken.request) == (Outcome.COMMENT, first.request)
    assert (await _trail(plant, first.request or ""))[-1] == (
        "comment",
        "lee@example.com",
        "Worse now.",
    )
    assert (await _take(plant, intake, reply)).outcome is Outcome.KNOWN
    assert await _requests(plant) == 1


async def test_a_reply_to_a_reply_finds_the_request(plant: Plant, intake: Intake) -> None:
    first = await _take(plant, intake, raw())
    await _take(plant, intake, raw(name="two@x", in_reply_to="<one@example.com>"))
    third = await _take(plant, intake, raw(name="three@x", references="<two@x> <unknown@x>"))
    assert third == Taken(Outcome.COMMENT, first.request)


async def test_our_mark_in_the_subject_finds_the_request(plant: Plant, intake: Intake) -> None:
    first = await _take(plant, intake, raw())
    marked = raw(f"Re: [{first.request}] received", "And it hisses.", name="two@x")
    assert await _take(plant, intake, marked) == Taken(Outcome.COMMENT, first.request)


async def test_a_mark_of_no_request_is_none(plant: Plant, intake: Intake) -> None:
    taken = await _take(plant, intake, raw("[WR-999999] P-101 drips"))
    assert taken.outcome is Outcome.REQUEST
    assert (await get_request(plant.connection, taken.request or "")).title == "P-101 drips"


async def test_an_absence_note_makes_nothing_and_is_not_kept(plant: Plant, intake: Intake) -> None:
    note = raw("Out of office", name="two@x", auto_submitted="auto-replied")
    assert (await _take(plant, intake, note)).outcome is Outcome.IGNORED
    assert await _requests(plant) == await count_kept(plant.connection) == 0


async def test_files_are_at_the_request_and_its_order(plant: Plant, intake: Intake) -> None:
    first = await _take(plant, intake, with_file(letter(), b"\xff\xd8\xff1", "a.jpg"))
    request = await get_request(plant.connection, first.request or "")
    order = await accepted(plant, request)
    reply = letter(name="two@x", in_reply_to="<one@example.com>")
    await _take(plant, intake, with_file(reply, b"\xff\xd8\xff2", "b.jpg"))
    at_request = await attachments_of(plant.connection, Subject(SubjectKind.REQUEST, request.id))
    order_id = (await get_order(plant.connection, order.work_order or "")).id
    at_order = await attachments_of(plant.connection, Subject(SubjectKind.ORDER, order_id))
    assert (
        sorted(f.name for f in at_request) == sorted(f.name for f in at_order) == ["a.jpg", "b.jpg"]
    )


async def test_a_file_too_large_is_named(plant: Plant, tmp_path: Path) -> None:
    small = Intake(FileFolder(tmp_path), largest_file=10)
    taken = await _take(plant, small, with_file(letter(), b"x" * 11, "film.mp4"))
    assert "film.mp4" in (await _trail(plant, taken.request or ""))[-1][2]


async def test_a_persons_address_is_the_person(plant: Plant, intake: Intake) -> None:
    staff = Staff("lee", "Lee Park", contacts={"email": "Lee@Example.com"})
    await save_staff(plant.connection, staff)
    taken = await _take(plant, intake, raw())
    assert (await get_request(plant.connection, taken.request or "")).requester == "lee"


@pytest.mark.parametrize(
    ("subject", "text", "asset"),
    [
        ("Noise at p-102.", "P-101 is fine", "P-102"),
        ("Noise", "It is P-103, in hall 1.", "P-103"),
        ("Noise", "P-101 or P-102", None),
        ("Noise", "http://oilcan.example.com/report?asset=P%2D103 beside P-101", "P-103"),
        ("Noise", "P-999", None),
    ],
)
async def test_an_asset_is_found_by_its_tag(
    plant: Plant, intake: Intake, subject: str, text: str, asset: str | None
) -> None:
    taken = await _take(plant, intake, raw(subject, text))
    assert (await get_request(plant.connection, taken.request or "")).asset == asset


async def test_a_mail_without_a_subject_is_called_by_its_first_line(
    plant: Plant, intake: Intake
) -> None:
    taken = await _take(plant, intake, raw("", "It drips.\nSince Monday."))
    assert (await get_request(plant.connection, taken.request or "")).title == "It drips."


async def test_what_cannot_be_read_is_kept_once(plant: Plant, intake: Intake) -> None:
    for _ in range(2):
        taken = await _take(plant, intake, raw(sender="nobody"))
        assert taken.outcome is Outcome.KEPT
    (kept,) = await find_kept(plant.connection)
    assert (kept.subject, kept.is_whole, kept.state) == ("P-101 drips", True, KeptState.WAITING)


async def test_a_stranger_is_taken_when_a_person_says_so(plant: Plant, tmp_path: Path) -> None:
    closed = Intake(FileFolder(tmp_path), Welcome(("other.org",)))
    await _take(plant, closed, raw())
    (kept,) = await find_kept(plant.connection)
    taken = await read_again(plant.connection, kept.id, actor="kim", intake=closed)
    assert taken.outcome is Outcome.REQUEST
    after = await get_kept(plant.connection, kept.id)
    assert (after.state, after.request, after.settled_by) == (KeptState.TAKEN, taken.request, "kim")
    assert await count_kept(plant.connection) == 0


async def test_what_still_cannot_be_read_waits_on(plant: Plant, intake: Intake) -> None:
    await _take(plant, intake, raw(sender="nobody"))
    (kept,) = await find_kept(plant.connection)
    with pytest.raises(MailUnreadable):
        await read_again(plant.connection, kept.id, actor="kim", intake=intake)
    assert await count_kept(plant.connection) == 1


async def test_a_mail_too_large_to_be_fetched_is_not_read_again(
    plant: Plant, intake: Intake
) -> None:
    await keep_aside(plant.connection, raw(), reason="too large", whole_size=10**9)
    (kept,) = await find_kept(plant.connection)
    assert (kept.size, kept.is_whole) == (10**9, False)
    with pytest.raises(MailUnreadable):
        await read_again(plant.connection, kept.id, actor="kim", intake=intake)


async def test_a_discarded_mail_is_settled_and_stays_known(plant: Plant, intake: Intake) -> None:
    await _take(plant, intake, raw(sender="nobody"))
    (kept,) = await find_kept(plant.connection)
    await discard(plant.connection, kept.id, actor="kim")
    await _take(plant, intake, raw(sender="nobody"))
    assert await count_kept(plant.connection) == 0
    with pytest.raises(NotFound):
        await discard(plant.connection, kept.id, actor="kim")


async def test_two_programs_that_answer_each_other_are_stopped(
    plant: Plant, intake: Intake
) -> None:
    outcomes = [
        (await _take(plant, intake, raw(name=f"{number}@x"))).outcome
        for number in range(MOST_IN_AN_HOUR + 2)
    ]
    assert outcomes[-2:] == [Outcome.KEPT] * 2
    plant.later(hours=2)
    assert (await _take(plant, intake, raw(name="later@x"))).outcome is Outcome.REQUEST


async def test_a_lost_database_keeps_nothing_and_loses_nothing(
    plant: Plant, intake: Intake, open_connection: Callable[[], Awaitable[Connection]]
) -> None:
    gone = await open_connection()
    await gone.close()
    with pytest.raises(psycopg.OperationalError):
        await take_in(gone, raw(), intake=intake)
    assert (await _take(plant, intake, raw())).outcome is Outcome.REQUEST
