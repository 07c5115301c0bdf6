"""A real mailbox is read: each mail once, marked only when it is taken, none in the way of others."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from config.database import Connection
from config.settings import Settings
from config.tasks import end_tasks
from maintenance.errors import MailboxUnavailable
from maintenance.requests.mail.mailbox import Address, Mailbox, Security
from maintenance.requests.mail.polling import MailboxHealth, follow_mailbox, intake_of, look
from maintenance.requests.mail.queries import find_kept
from maintenance.requests.mail.service import take_in
from maintenance.requests.queries import RequestFilters, find_requests
from tests.maintenance.requests.mail.dovecot import PASSWORD, Box, dovecot, make_box
from tests.maintenance.requests.mail.letters import raw
from tests.maintenance.scene import Plant


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[Path, int]]:
    """A running server: its folder and its port. The paths of its sockets have to be short."""
    with TemporaryDirectory(prefix="imap") as folder, dovecot(Path(folder)) as port:
        yield Path(folder), port


@pytest.fixture
def box(server: tuple[Path, int], request: pytest.FixtureRequest) -> Box:
    """An empty mailbox of the test's own."""
    return make_box(*server, user=f"{abs(hash(request.node.name))}@example.com")


@pytest.fixture
def settings(box: Box, tmp_path: Path) -> Settings:
    """Told of that mailbox."""
    password = tmp_path / "password"
    password.write_text(f"{PASSWORD}\n")
    return Settings(
        home=tmp_path,
        mail_host="127.0.0.1",
        mail_port=box.port,
        mail_security="none",
        mail_user=box.user,
        mail_password_file=password,
        mail_every_s=1,
    )


def _open(settings: Settings, *, folder: str = "INBOX", password: str = PASSWORD) -> Mailbox:
    address = Address(
        settings.mail_host,
        settings.mail_port,
        settings.mail_user,
        password,
        Security.NONE,
        folder=folder,
    )
    mailbox = Mailbox(address)
    try:
        mailbox.open()
    except MailboxUnavailable:
        mailbox.cut()
        raise
    return mailbox


def _waiting(settings: Settings) -> list[int]:
    mailbox = _open(settings)
    try:
        return mailbox.waiting()
    finally:
        mailbox.close()


async def _titles(connection: Connection) -> list[str]:
    return [each.title for each in await find_requests(connection, RequestFilters())]


async def test_what_waits_is_read_once(plant: Plant, box: Box, settings: Settings) -> None:
    box.deliver("1", raw("First"))
    box.deliver("2", raw("Second", name="two@x"))
    health = MailboxHealth()
    for _ in range(2):
        await look(plant.connection, settings, health)
    assert sorted(await _titles(plant.connection)) == ["First", "Second"]
    assert (health.requests, health.comments) == (2, 0)
    assert _waiting(settings) == []


async def test_a_crash_before_the_mark_makes_no_second_request(
    plant: Plant, box: Box, settings: Settings
) -> None:
    box.deliver("1", raw("First"))
    mailbox = _open(settings)
    (uid,) = mailbox.waiting()
    data = mailbox.whole(uid)
    assert data is not None
    await take_in(plant.connection, data, intake=intake_of(settings))
    mailbox.cut()
    await look(plant.connection, settings, MailboxHealth())
    assert await _titles(plant.connection) == ["First"]


async def test_a_mail_that_cannot_be_read_stops_no_other(
    plant: Plant, box: Box, settings: Settings
) -> None:
    box.deliver("1", b"\x00\xff no mail at all")
    box.deliver("2", raw("Second", name="two@x"))
    health = MailboxHealth()
    await look(plant.connection, settings, health)
    assert await _titles(plant.connection) == ["Second"]
    assert health.kept == len(await find_kept(plant.connection)) == 1


async def test_a_mail_too_large_is_kept_by_its_head(
    plant: Plant, box: Box, settings: Settings
) -> None:
    box.deliver("1", raw("Film", "x" * 70 + "\n" + "long line\n" * 20_000))
    small = settings.model_copy(update={"mail_max_bytes": 100_000})
    await look(plant.connection, small, MailboxHealth())
    (kept,) = await find_kept(plant.connection)
    assert (kept.subject, kept.is_whole) == ("Film", False)
    assert _waiting(settings) == []


async def test_what_was_read_is_moved_where_a_folder_is_named(
    plant: Plant, box: Box, settings: Settings
) -> None:
    box.deliver("1", raw("First"))
    moving = settings.model_copy(update={"mail_done_folder": "Done mails"})
    for _ in range(2):
        await look(plant.connection, moving, MailboxHealth())
    assert await _titles(plant.connection) == ["First"]
    assert _waiting(settings) == []
    there = _open(settings, folder="Done mails")
    data = there.whole(1)
    there.close()
    assert data is not None
    assert b"First" in data


def test_a_wrong_password_is_told_in_words(settings: Settings) -> None:
    with pytest.raises(MailboxUnavailable, match=r"127\.0\.0\.1: \[AUTHENTICATIONFAILED\]"):
        _open(settings, password="wrong")


def test_a_folder_that_is_not_there_is_told_in_words(settings: Settings) -> None:
    with pytest.raises(MailboxUnavailable, match="nowhere"):
        _open(settings, folder="nowhere")


async def test_the_mailbox_is_followed_and_a_lost_one_is_told(
    plant: Plant, database_url: str, box: Box, settings: Settings
) -> None:
    health = MailboxHealth()
    task = asyncio.create_task(follow_mailbox(database_url, settings=settings, health=health))
    try:
        box.deliver("1", raw("First"))
        async with asyncio.timeout(60):
            while health.trouble or not await _titles(plant.connection):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        assert health.part().state == "connected"
    finally:
        await end_tasks([task])


async def test_a_mailbox_that_cannot_be_reached_is_told_and_tried_again(
    database_url: str, plant: Plant, tmp_path: Path
) -> None:
    lost = Settings(home=tmp_path, mail_host="127.0.0.1", mail_port=1, mail_security="none")
    health = MailboxHealth()
    task = asyncio.create_task(follow_mailbox(database_url, settings=lost, health=health))
    try:
        async with asyncio.timeout(60):
            while "127.0.0.1" not in health.trouble:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        assert health.part().state == "failed"
        assert not task.done()
    finally:
        await end_tasks([task])
