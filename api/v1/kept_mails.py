"""Mails that could not be made requests: look at them, have them read again, discard them."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response

from api.access.caller import Caller
from api.access.roles import Permission
from api.bodies.kept_mail import KeptMailBody, KeptMailQuery, ReadMailBody
from api.bodies.page import Page, cut, decode_cursor
from api.errors import CursorInvalid
from api.guard import require
from api.problems import documented
from api.services import ConnectionOf, ServicesOf
from maintenance.errors import MailUnreadable, NotFound
from maintenance.requests.mail import service
from maintenance.requests.mail.queries import content_of_kept, find_kept, get_kept
from maintenance.requests.mail.service import Intake

router = APIRouter(prefix="/api/v1/kept-mails", tags=["Work requests"])

Planner = Annotated[Caller, Depends(require(Permission.APPROVE))]
Identity = Annotated[int, Path(description="Id of the mail.", examples=[1])]


@router.get("", summary="List mails that were kept aside", responses=documented(CursorInvalid))
async def get_kept_mails(
    connection: ConnectionOf, _: Planner, query: Annotated[KeptMailQuery, Query()]
) -> Page[KeptMailBody]:
    """Newest first; those that wait for somebody, unless `state` says otherwise."""
    after = decode_cursor(query.cursor, int)
    found = await find_kept(
        connection,
        state=query.state,
        after=after[0] if after else None,
        limit=query.limit + 1,
    )
    page, following = cut(found, query.limit, lambda one: [one.id])
    return Page(items=[KeptMailBody.model_validate(one) for one in page], next=following)


@router.get("/{mail_id}", summary="One mail", responses=documented(NotFound))
async def get_kept_mail(connection: ConnectionOf, _: Planner, mail_id: Identity) -> KeptMailBody:
    """Why it was kept, and what became of it."""
    return KeptMailBody.model_validate(await get_kept(connection, mail_id))


@router.get(
    "/{mail_id}/content",
    summary="A mail as it came",
    response_class=Response,
    responses=documented(NotFound) | {200: {"content": {"message/rfc822": {}}}},
)
async def get_content(connection: ConnectionOf, _: Planner, mail_id: Identity) -> Response:
    """Its bytes, to be opened in a mail program; gone once it is settled."""
    return Response(
        await content_of_kept(connection, mail_id),
        media_type="message/rfc822",
        headers={"Content-Disposition": f'attachment; filename="mail-{mail_id}.eml"'},
    )


@router.post(
    "/{mail_id}/read-again",
    summary="Read a mail again",
    responses=documented(NotFound, MailUnreadable),
)
async def post_read_again(
    connection: ConnectionOf, services: ServicesOf, caller: Planner, mail_id: Identity
) -> ReadMailBody:
    """It becomes a request or a comment, whoever sent it: the caller vouches for the sender."""
    intake = Intake(services.files, largest_file=services.largest_file)
    taken = await service.read_again(
        connection, mail_id, actor=caller.name, intake=intake, clock=services.clock
    )
    return ReadMailBody(outcome=taken.outcome, request=taken.request)


@router.post("/{mail_id}/discard", summary="Discard a mail", responses=documented(NotFound))
async def post_discard(
    connection: ConnectionOf, services: ServicesOf, caller: Planner, mail_id: Identity
) -> KeptMailBody:
    """Nothing comes of it; that it came, and who discarded it, stays known."""
    await service.discard(connection, mail_id, actor=caller.name, clock=services.clock)
    return KeptMailBody.model_validate(await get_kept(connection, mail_id))
