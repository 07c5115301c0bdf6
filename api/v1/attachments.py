"""Documents and photos of assets, work orders and whatever else they are about."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import FileResponse

from api.access.caller import Caller
from api.access.roles import Permission
from api.attached import UPLOAD, find_subject, send_content, take_upload
from api.bodies.attachment import AttachmentBody, LinkBody, SubjectQuery, UploadQuery
from api.bodies.page import Page
from api.errors import ResourceMissing
from api.guard import Reader, require, require_and_let_go
from api.problems import documented
from api.services import ConnectionOf, ServicesOf
from config.clock import from_us
from maintenance.attachments.attachment import NewAttachment
from maintenance.attachments.queries import attachments_of, get_attachment
from maintenance.attachments.service import attach_again, detach
from maintenance.errors import FileEmpty, FileMissing, FileTooLarge, NotFound

router = APIRouter(prefix="/api/v1/attachments", tags=["Documents and photos"])

AttachmentId = Annotated[int, Path(ge=1, le=2**63 - 1, description="Id of the attachment.")]


@router.get("", summary="Files of a thing", responses=documented(ResourceMissing))
async def get_attachments(
    connection: ConnectionOf, _: Reader, query: Annotated[SubjectQuery, Query()]
) -> Page[AttachmentBody]:
    """All of them, in the order in which they were attached."""
    subject = await find_subject(connection, query.subject, query.key)
    found = await attachments_of(connection, subject)
    return Page(items=[AttachmentBody.of(each) for each in found])


@router.post(
    "",
    status_code=201,
    summary="Attach a file",
    responses=documented(ResourceMissing, FileTooLarge, FileEmpty),
    openapi_extra=dict(UPLOAD),
)
async def post_attachment(
    request: Request,
    services: ServicesOf,
    caller: Annotated[Caller, Depends(require_and_let_go(Permission.CREATE))],
    query: Annotated[UploadQuery, Query()],
    response: Response,
) -> AttachmentBody:
    """The body is the file. Sent twice, it is one attachment: it is known by its content."""
    async with services.database.connection() as connection:
        subject = await find_subject(connection, query.subject, query.key)
    new = NewAttachment(subject, query.name, query.caption)
    made = await take_upload(services, request.stream(), new, actor=caller.name)
    response.headers["Location"] = f"{router.prefix}/{made.id}"
    return AttachmentBody.of(made)


@router.get("/{attachment_id}", summary="One attachment", responses=documented(NotFound))
async def get_one(
    connection: ConnectionOf, _: Reader, attachment_id: AttachmentId
) -> AttachmentBody:
    """What is known of it; its content is at `address`."""
    return AttachmentBody.of(await get_attachment(connection, attachment_id))


@router.get(
    "/{attachment_id}/content",
    summary="Content of an attachment",
    responses={
        200: {"content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}},
        **documented(NotFound, FileMissing),
    },
    response_class=FileResponse,
)
async def get_content(
    connection: ConnectionOf, services: ServicesOf, _: Reader, attachment_id: AttachmentId
) -> FileResponse:
    """Pictures and PDF are shown by a browser, everything else is saved; nothing in them runs."""
    return send_content(services, await get_attachment(connection, attachment_id))


@router.post(
    "/{attachment_id}/links",
    status_code=201,
    summary="Link the file to another thing as well",
    responses=documented(NotFound, ResourceMissing),
)
async def post_link(
    connection: ConnectionOf,
    services: ServicesOf,
    caller: Annotated[Caller, Depends(require(Permission.CREATE))],
    attachment_id: AttachmentId,
    said: LinkBody,
) -> AttachmentBody:
    """The file stays where it is too: nothing moves."""
    subject = await find_subject(connection, said.subject, said.key)
    at = from_us(services.clock())
    made = await attach_again(connection, attachment_id, subject, actor=caller.name, at=at)
    return AttachmentBody.of(made)


@router.post(
    "/{attachment_id}/remove",
    summary="Take a file from a thing",
    responses=documented(NotFound),
)
async def post_remove(
    connection: ConnectionOf,
    services: ServicesOf,
    caller: Annotated[Caller, Depends(require(Permission.WORK))],
    attachment_id: AttachmentId,
) -> AttachmentBody:
    """Other things keep it; a file that nothing has any more is deleted a day later."""
    present = await get_attachment(connection, attachment_id)
    await detach(connection, attachment_id, actor=caller.name, at=from_us(services.clock()))
    return AttachmentBody.of(present)
