"""The requester's portal: report by the label of an asset, follow, confirm, rate.

Where the plant allows it, without a login: then nothing of the plant is shown but the name of the
asset, and whoever has the secret link follows the request.
"""

import hashlib
import re
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import RedirectResponse
from starlette.datastructures import UploadFile

from api.access.caller import Caller
from api.access.roles import Permission
from api.access.same_origin import from_same_origin
from api.access.service import session_caller
from api.attached import take_upload
from api.errors import CrossSiteRequest, FormInvalid, NotAuthenticated, TooManyRequests
from api.guard import SESSION_COOKIE, demand
from api.pages.places import load_places
from api.pages.render import render
from api.portal_form import MOST_FILES, PortalForm, opened_form
from api.services import ConnectionOf, Services, ServicesOf
from config.database import Connection
from maintenance.attachments.attachment import NewAttachment, Subject, SubjectKind
from maintenance.attachments.queries import attachments_of
from maintenance.errors import FileTooLarge, MaintenanceError, NotFound
from maintenance.register.queries import get_asset
from maintenance.requests import service
from maintenance.requests.queries import (
    RequestFilters,
    changes_of,
    find_requests,
    request_of_link,
)
from maintenance.requests.request import Channel, NewRequest, Urgency, WorkRequest
from maintenance.requests.standing import standing

router = APIRouter(include_in_schema=False)

_SEE_OTHER = 303
_KEY = re.compile(r"[A-Za-z0-9_-]{43}")
_FORM_BYTES = 64 * 1024
_FIELDS = ("place", "title", "urgency", "description", "contact")
_UNKNOWN = "portal"
_UNNAMEABLE = re.compile(r"[/\\\x00-\x1f\x7f]")

Link = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{43}$")]


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who stands at the portal; without a login `caller` is None."""

    caller: Caller | None
    address: str

    @property
    def name(self) -> str:
        """What the audit trail writes down."""
        return self.caller.name if self.caller else _UNKNOWN


async def signed_in(request: Request, services: Services) -> Caller | None:
    """The caller by the session's cookie; None without a session that holds."""
    token = request.cookies.get(SESSION_COOKIE)
    if token is None:
        return None
    try:
        async with services.database.connection() as connection:
            return await session_caller(connection, token, clock=services.clock)
    except NotAuthenticated:
        return None


async def visitor(request: Request, services: ServicesOf) -> Visitor:
    """Whoever may report. Raises `NotAuthenticated`, `NotPermitted`, `CrossSiteRequest`."""
    caller = await signed_in(request, services)
    if caller is None and not services.portal_open:
        raise NotAuthenticated("sign in to report a fault")
    if caller is not None:
        demand(caller, Permission.CREATE)
    return _from_our_page(request, caller)


async def follower(request: Request, services: ServicesOf) -> Visitor:
    """Whoever has a link: the link is the proof. Raises `CrossSiteRequest`."""
    return _from_our_page(request, await signed_in(request, services))


def _from_our_page(request: Request, caller: Caller | None) -> Visitor:
    if request.method == "POST" and not from_same_origin(request.headers):
        raise CrossSiteRequest("send the form from our own page")
    return Visitor(caller, request.client.host if request.client else "")


VisitorOf = Annotated[Visitor, Depends(visitor)]
FollowerOf = Annotated[Visitor, Depends(follower)]


@router.get("/report")
async def get_report(
    request: Request,
    connection: ConnectionOf,
    who: VisitorOf,
    asset: Annotated[str, Query(max_length=100)] = "",
) -> Response:
    """The form; the label of an asset leads to it with the asset's tag."""
    return await _form(request, connection, who, {"asset": asset})


@router.post("/report")
async def post_report(request: Request, services: ServicesOf, who: VisitorOf) -> Response:
    """Takes the report in and leads to where it is followed. Sent twice, it is one report."""
    _bound(services, who)
    # Somebody unknown sends one large photo, or a few small ones.
    files = MOST_FILES if who.caller else 1
    most = _FORM_BYTES + files * services.largest_file
    async with opened_form(request, most_bytes=most) as form:
        return await _take(request, services, who, form)


async def _take(request: Request, services: Services, who: Visitor, form: PortalForm) -> Response:
    link = form.text("key")
    if not _KEY.fullmatch(link):
        raise FormInvalid("the form is not one of ours: open the page again")
    try:
        async with services.database.connection() as connection:
            made = await service.report(
                connection, _new(form, link), actor=who.name, clock=services.clock
            )
    except MaintenanceError as refused:
        async with services.database.connection() as connection:
            return await _form(request, connection, who, form.fields, str(refused))
    for file in form.files:
        await _keep(services, made.request, file, who)
    return RedirectResponse(f"/follow/{link}", _SEE_OTHER)


@router.get("/follow/{link}")
async def get_follow(
    request: Request, connection: ConnectionOf, who: FollowerOf, link: Link
) -> Response:
    """Where the request stands, and what its requester may say now."""
    return await _followed(request, connection, who, link)


@router.post("/follow/{link}/{what}")
async def post_follow(
    request: Request, services: ServicesOf, who: FollowerOf, link: Link, what: str
) -> Response:
    """A word, an answer, a rating, or a withdrawal."""
    _bound(services, who)
    try:
        async with (
            opened_form(request, most_bytes=_FORM_BYTES) as form,
            services.database.connection() as connection,
        ):
            found = await request_of_link(connection, _hash(link))
            await _say(connection, services, found, what, form)
    except (NotFound, FileTooLarge):
        raise
    except MaintenanceError as refused:
        async with services.database.connection() as connection:
            return await _followed(request, connection, who, link, str(refused))
    return RedirectResponse(f"/follow/{link}", _SEE_OTHER)


async def _say(
    connection: Connection, services: Services, found: WorkRequest, what: str, form: PortalForm
) -> None:
    """Whoever has the link speaks for the requester."""
    number, actor, clock = found.number, found.requester, services.clock
    remark = form.text("remark")
    match what, form.text("value"):
        case "comment", _:
            await service.comment(connection, number, remark, actor=actor, clock=clock)
        case "confirm", ("yes" | "no") as said:
            await service.confirm(
                connection, number, fixed=said == "yes", remark=remark, actor=actor, clock=clock
            )
        case "rate", ("1" | "2" | "3" | "4" | "5") as said:
            await service.rate(
                connection, number, int(said), remark=remark, actor=actor, clock=clock
            )
        case "withdraw", _:
            await service.withdraw(connection, number, actor=actor, reason=remark, clock=clock)
        case _:
            raise FormInvalid("the form is not one of ours: open the page again")


async def _form(
    request: Request,
    connection: Connection,
    who: Visitor,
    fields: dict[str, str],
    problem: str | None = None,
) -> Response:
    tag = fields.get("asset", "").strip()
    found = await get_asset(connection, tag) if tag else None
    asset = found if found and found.retired_at is None else None
    mine = RequestFilters(requester=who.caller.name) if who.caller else None
    return render(
        request,
        "report.html",
        caller=who.caller,
        status=200 if problem is None else 422,
        asset=asset,
        unknown_tag=tag if asset is None else "",
        fields=dict.fromkeys(_FIELDS, "") | fields,
        problem=problem,
        key=secrets.token_urlsafe(32),
        urgencies=list(Urgency),
        most_files=MOST_FILES,
        mine=await find_requests(connection, mine, limit=10) if mine else [],
    )


async def _followed(
    request: Request,
    connection: Connection,
    who: Visitor,
    link: str,
    problem: str | None = None,
) -> Response:
    found = await request_of_link(connection, _hash(link))
    order = await service.order_of(connection, found)
    places = await load_places(connection)
    changes = await changes_of(connection, found)
    return render(
        request,
        "follow.html",
        caller=who.caller,
        status=200 if problem is None else 409,
        link=link,
        found=found,
        standing=standing(found, order),
        said=[change for change in changes if change.action == "comment"],
        files=await attachments_of(connection, Subject(SubjectKind.REQUEST, found.id)),
        zone=places.zone(found.site or "") if found.site else places.main_zone,
        problem=problem,
    )


def _new(form: PortalForm, link: str) -> NewRequest:
    urgency = form.text("urgency")
    return NewRequest(
        title=form.text("title"),
        channel=Channel.PORTAL,
        description=form.text("description"),
        asset=form.text("asset") or None,
        place=form.text("place"),
        urgency=Urgency(urgency) if urgency in set(Urgency) else Urgency.NORMAL,
        contact=form.text("contact"),
        # The link itself is never written down: who reads the database cannot speak for anybody.
        external_id=_hash(link).hex(),
        follow_hash=_hash(link),
    )


async def _keep(services: Services, request: WorkRequest, file: UploadFile, who: Visitor) -> None:
    name = _UNNAMEABLE.sub("_", file.filename or "")[-200:] or "file"
    new = NewAttachment(Subject(SubjectKind.REQUEST, request.id), name)

    async def chunks() -> AsyncIterator[bytes]:
        while chunk := await file.read(1 << 16):
            yield chunk

    await take_upload(services, chunks(), new, actor=who.name)


def _bound(services: Services, who: Visitor) -> None:
    """Nobody unknown fills the plant's list: so many from one address, and so many from all."""
    if who.caller is not None:
        return
    if not (services.portal_rate.take(who.address) and services.portal_rate_all.take("all")):
        raise TooManyRequests("too many reports from here: wait a minute, or call somebody")


def _hash(link: str) -> bytes:
    return hashlib.sha256(link.encode()).digest()
