"""Files kept by their content, linked to any number of things."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest

from config.clock import to_us
from config.database import Connection
from config.settings import Settings
from maintenance.attachments.attachment import NewAttachment, Subject, SubjectKind
from maintenance.attachments.folder import FileFolder, Received
from maintenance.attachments.job import discard_files
from maintenance.attachments.queries import attachments_of, attachments_of_all, get_attachment
from maintenance.attachments.service import (
    GRACE,
    attach,
    attach_again,
    copy_attachments,
    detach,
    discard_unlinked,
)
from maintenance.errors import FileEmpty, FileMissing, FileTooLarge, NotFound
from tests.maintenance.scene import START

PHOTO = b"\xff\xd8\xff\xe0 a photo"
REQUEST = Subject(SubjectKind.REQUEST, 7)
ORDER = Subject(SubjectKind.ORDER, 12)


@pytest.fixture
def folder(tmp_path: Path) -> FileFolder:
    """A folder of files of the test's own."""
    return FileFolder(tmp_path)


def received(folder: FileFolder, data: bytes = PHOTO, name: str = "leak.jpg") -> Received:
    return folder.receive_bytes([data], name=name)


async def attached(
    connection: Connection, folder: FileFolder, subject: Subject, data: bytes = PHOTO
) -> int:
    new = NewAttachment(subject, "leak.jpg", "At the seal")
    made = await attach(connection, folder, received(folder, data), new, actor="kim", at=START)
    return made.id


def files(folder: FileFolder) -> list[Path]:
    return [path for path in folder.path("00").parent.parent.rglob("*") if path.is_file()]


async def test_what_is_attached_is_found_with_its_content(
    connection: Connection, folder: FileFolder
) -> None:
    await attached(connection, folder, ORDER)
    [found] = await attachments_of(connection, ORDER)
    assert (found.name, found.caption, found.actor) == ("leak.jpg", "At the seal", "kim")
    assert (found.size, found.media_type, found.is_photo) == (len(PHOTO), "image/jpeg", True)
    assert found.sha256 == hashlib.sha256(PHOTO).hexdigest()
    assert folder.existing(found.sha256).read_bytes() == PHOTO


async def test_a_file_comes_in_pieces(folder: FileFolder) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(PHOTO), 3):
            yield PHOTO[start : start + 3]

    came = await folder.receive(pieces(), name="leak.jpg")
    assert came.content.sha256 == hashlib.sha256(PHOTO).hexdigest()
    assert came.content.media_type == "image/jpeg"


async def test_the_same_file_on_the_same_thing_is_one_attachment(
    connection: Connection, folder: FileFolder
) -> None:
    first = await attached(connection, folder, ORDER)
    assert await attached(connection, folder, ORDER) == first
    assert len(files(folder)) == 1


async def test_attachments_of_a_request_are_linked_to_its_order_and_never_moved(
    connection: Connection, folder: FileFolder
) -> None:
    await attached(connection, folder, REQUEST)
    await attached(connection, folder, REQUEST, b"second")
    assert await copy_attachments(connection, REQUEST, ORDER, actor="kim", at=START) == 2
    assert await copy_attachments(connection, REQUEST, ORDER, actor="kim", at=START) == 2
    assert len(await attachments_of(connection, ORDER)) == 2
    assert len(await attachments_of(connection, REQUEST)) == 2
    assert len(files(folder)) == 2


async def test_a_link_that_goes_leaves_the_file_to_the_others(
    connection: Connection, folder: FileFolder
) -> None:
    first = await attached(connection, folder, REQUEST)
    other = await attach_again(connection, first, ORDER, actor="kim", at=START)
    await detach(connection, first, actor="kim", at=START)
    later = START + GRACE + timedelta(hours=1)
    assert await discard_unlinked(connection, folder, at=later) == 0
    assert folder.existing(other.sha256).read_bytes() == PHOTO
    assert await attachments_of(connection, REQUEST) == []


async def test_a_file_without_a_link_is_discarded_after_a_day(
    connection: Connection, folder: FileFolder
) -> None:
    made = await attached(connection, folder, ORDER)
    removed = START + timedelta(days=30)
    await detach(connection, made, actor="kim", at=removed)
    assert await discard_unlinked(connection, folder, at=removed + timedelta(hours=1)) == 0
    assert len(files(folder)) == 1
    assert await discard_unlinked(connection, folder, at=removed + GRACE * 2) == 1
    assert files(folder) == []


async def test_a_discarded_file_may_come_again(connection: Connection, folder: FileFolder) -> None:
    made = await attached(connection, folder, ORDER)
    await detach(connection, made, actor="kim", at=START)
    await discard_unlinked(connection, folder, at=START + GRACE * 2)
    again = await get_attachment(connection, await attached(connection, folder, ORDER))
    assert folder.existing(again.sha256).read_bytes() == PHOTO


async def test_a_file_that_gets_a_link_meanwhile_is_not_discarded(
    connection: Connection,
    folder: FileFolder,
    open_connection: Callable[[], Awaitable[Connection]],
) -> None:
    made = await attached(connection, folder, REQUEST)
    other = await open_connection()
    async with other.transaction():
        linked = await attach_again(other, made, ORDER, actor="kim", at=START)
        await detach(connection, made, actor="kim", at=START)
        assert await discard_unlinked(connection, folder, at=START + GRACE * 2) == 0
    assert await discard_unlinked(connection, folder, at=START + GRACE * 2) == 0
    assert folder.existing(linked.sha256).is_file()


async def test_two_processes_discard_a_file_once(
    connection: Connection,
    folder: FileFolder,
    open_connection: Callable[[], Awaitable[Connection]],
) -> None:
    for number in range(20):
        made = await attached(connection, folder, ORDER, b"%d" % number)
        await detach(connection, made, actor="kim", at=START)
    other = await open_connection()
    done = await asyncio.gather(
        discard_unlinked(connection, folder, at=START + GRACE * 2),
        discard_unlinked(other, folder, at=START + GRACE * 2),
    )
    assert sum(done) + await discard_unlinked(connection, folder, at=START + GRACE * 2) == 20
    assert files(folder) == []


async def test_files_of_many_things_come_at_once(
    connection: Connection, folder: FileFolder
) -> None:
    await attached(connection, folder, ORDER)
    await attached(connection, folder, Subject(SubjectKind.ORDER, 13), b"other")
    found = await attachments_of_all(connection, SubjectKind.ORDER, [11, 12, 13])
    assert {key: len(value) for key, value in found.items()} == {12: 1, 13: 1}


def test_a_file_that_is_too_large_leaves_nothing(folder: FileFolder) -> None:
    with pytest.raises(FileTooLarge, match="1 MiB"):
        folder.receive_bytes([b"x" * 1024] * 1025, name="a", most=1024**2)
    assert files(folder) == []


def test_an_empty_file_is_refused(folder: FileFolder) -> None:
    with pytest.raises(FileEmpty):
        folder.receive_bytes([], name="a")
    assert files(folder) == []


def test_a_content_that_is_not_there_is_missing(folder: FileFolder) -> None:
    with pytest.raises(FileMissing):
        folder.existing("0" * 64)


async def test_what_is_not_there_cannot_be_taken_away(connection: Connection) -> None:
    with pytest.raises(NotFound, match="attachment 9"):
        await detach(connection, 9, actor="kim", at=START)


async def test_the_job_discards_until_nothing_is_left(
    connection: Connection, folder: FileFolder, tmp_path: Path
) -> None:
    for number in range(120):
        made = await attached(connection, folder, ORDER, b"%d" % number)
        await detach(connection, made, actor="kim", at=START)
    await discard_files(connection, Settings(home=tmp_path), lambda: to_us(START + GRACE * 2))
    assert files(folder) == []
