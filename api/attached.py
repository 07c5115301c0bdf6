"""Files over HTTP: whom they are about, how they come in, and how they go out safely."""

from collections.abc import AsyncIterable, Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any

from fastapi.responses import FileResponse

from api.errors import ResourceMissing
from api.services import Services
from config.clock import from_us
from config.database import Connection, fetch_one
from maintenance.attachments.attachment import Attachment, NewAttachment, Subject, SubjectKind
from maintenance.attachments.media_type import SHOWN
from maintenance.attachments.service import attach
from maintenance.requests.service import show_at_order

Find = Callable[[Connection, str], Awaitable[int | None]]
"""Gives the id of the thing that a key names, or None."""

ASSET_ID = "SELECT id FROM asset WHERE tag = %s"
ORDER_ID = "SELECT id FROM work_order WHERE number = %s"
REQUEST_ID = "SELECT id FROM work_request WHERE number = %s"
ARTICLE_ID = "SELECT id FROM article WHERE code = %s"

# A picture or a document is looked at by itself: whatever is in it runs nothing and loads nothing.
_ALONE = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
# The browser's own viewer of PDF does not start inside a sandbox.
_PDF = "default-src 'none'; style-src 'unsafe-inline'; object-src 'self'"
_A_YEAR = "private, max-age=31536000, immutable"

UPLOAD: Mapping[str, Any] = MappingProxyType(
    {
        "requestBody": {
            "required": True,
            "description": "The file itself, as `curl --data-binary @leak.jpg` sends it.",
            "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}},
        }
    }
)
"""How OpenAPI tells of a body that is a file."""


async def _asset_id(connection: Connection, tag: str) -> int | None:
    row = await fetch_one(connection, ASSET_ID, [tag])
    return row[0] if row else None


async def _order_id(connection: Connection, number: str) -> int | None:
    row = await fetch_one(connection, ORDER_ID, [number])
    return row[0] if row else None


async def _request_id(connection: Connection, number: str) -> int | None:
    row = await fetch_one(connection, REQUEST_ID, [number])
    return row[0] if row else None


async def _article_id(connection: Connection, code: str) -> int | None:
    row = await fetch_one(connection, ARTICLE_ID, [code])
    return row[0] if row else None


SUBJECTS: Mapping[SubjectKind, Find] = MappingProxyType(
    {
        SubjectKind.ASSET: _asset_id,
        SubjectKind.ORDER: _order_id,
        SubjectKind.REQUEST: _request_id,
        SubjectKind.ARTICLE: _article_id,
    }
)
"""What files are sent to by this road; a room whose things have files of their own adds its line."""


async def find_subject(connection: Connection, kind: SubjectKind, key: str) -> Subject:
    """The thing that a key names. Raises `ResourceMissing`."""
    find = SUBJECTS.get(kind)
    found = await find(connection, key) if find else None
    if found is None:
        raise ResourceMissing(f"there is no {kind} {key!r}")
    return Subject(kind, found)


async def take_upload(
    services: Services, chunks: AsyncIterable[bytes], new: NewAttachment, *, actor: str
) -> Attachment:
    """Take a file in and attach it. No connection is held while it comes.

    Raises `FileTooLarge`, `FileEmpty`.
    """
    received = await services.files.receive(chunks, name=new.name, most=services.largest_file)
    at = from_us(services.clock())
    try:
        async with services.database.connection() as connection:
            made = await attach(connection, services.files, received, new, actor=actor, at=at)
            if new.subject.kind is SubjectKind.REQUEST:
                await show_at_order(connection, new.subject.id, actor=actor, at=at)
            return made
    finally:
        received.drop()


def send_content(services: Services, attachment: Attachment) -> FileResponse:
    """The content: shown by the browser where that is safe, else to be saved.

    Raises `FileMissing`.
    """
    shown = attachment.media_type in SHOWN
    return FileResponse(
        services.files.existing(attachment.sha256),
        media_type=attachment.media_type,
        filename=attachment.name,
        content_disposition_type="inline" if shown else "attachment",
        headers={
            "Cache-Control": _A_YEAR,
            "Content-Security-Policy": _PDF
            if attachment.media_type == "application/pdf"
            else _ALONE,
            "Cross-Origin-Resource-Policy": "same-origin",
        },
    )
