"""Files come to things and leave them: one function, one transaction."""

import asyncio
from datetime import datetime, timedelta

from config.database import Connection
from maintenance.attachments import queries, store
from maintenance.attachments.attachment import Attachment, NewAttachment, Subject
from maintenance.attachments.folder import FileFolder, Received
from maintenance.errors import NotFound

GRACE = timedelta(days=1)
"""A file without a link is kept so long: a link that was taken away by mistake comes back whole."""

_AT_ONCE = 100


async def attach(
    connection: Connection,
    folder: FileFolder,
    received: Received,
    new: NewAttachment,
    *,
    actor: str,
    at: datetime,
) -> Attachment:
    """Keep a received file and link it to a thing. The same file again is the same attachment."""
    try:
        async with connection.transaction():
            await store.keep(connection, received.content, at=at)
            await asyncio.to_thread(folder.keep, received)
            made = await store.link(connection, new, received.content.sha256, actor=actor, at=at)
            return await queries.get_attachment(connection, made)
    finally:
        received.drop()


async def attach_again(
    connection: Connection, attachment_id: int, subject: Subject, *, actor: str, at: datetime
) -> Attachment:
    """Link the file of an attachment to another thing as well. Raises `NotFound`."""
    async with connection.transaction():
        first = await queries.get_attachment(connection, attachment_id)
        if not await store.hold(connection, first.sha256):
            raise NotFound("attachment", str(attachment_id))
        new = NewAttachment(subject, first.name, first.caption)
        made = await store.link(connection, new, first.sha256, actor=actor, at=at)
        return await queries.get_attachment(connection, made)


async def copy_attachments(
    connection: Connection, source: Subject, target: Subject, *, actor: str, at: datetime
) -> int:
    """Link every file of one thing to another as well; gives how many there are."""
    found = await queries.attachments_of(connection, source)
    for attachment in found:
        await attach_again(connection, attachment.id, target, actor=actor, at=at)
    return len(found)


async def detach(connection: Connection, attachment_id: int, *, actor: str, at: datetime) -> None:
    """Take a file from a thing; the file stays while another thing has it. Raises `NotFound`."""
    async with connection.transaction():
        if not await store.unlink(connection, attachment_id, actor=actor, at=at):
            raise NotFound("attachment", str(attachment_id))


async def discard_unlinked(connection: Connection, folder: FileFolder, *, at: datetime) -> int:
    """Delete files that nothing has linked for a day; gives how many. Safe in two processes.

    A crash in between leaves rows that are found again, and never a link without its file.
    """
    async with connection.transaction():
        digests = await store.hold_unlinked(connection, before=at - GRACE, limit=_AT_ONCE)
        for digest in digests:
            folder.discard(digest)
        await store.mark_discarded(connection, digests, at=at)
    return len(digests)
