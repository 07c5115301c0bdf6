"""Channels, automations, what they did, and messages."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query

from api.access.caller import Caller
from api.access.roles import Permission
from api.bodies.automation import (
    AutomationBody,
    ChannelBody,
    MessageBody,
    MessageQuery,
    NewAutomationBody,
    NewChannelBody,
    RunBody,
    RunQuery,
)
from api.bodies.page import Page, cut, decode_cursor
from api.errors import CodeMismatch, CursorInvalid
from api.guard import Reader, require
from api.problems import documented
from api.services import ConnectionOf
from maintenance.automation import queries
from maintenance.automation.service import (
    put_automation,
    put_channel,
    retire_automation,
    retire_channel,
    send_again,
)
from maintenance.errors import KeptInFiles, NotFound

router = APIRouter(prefix="/api/v1", tags=["Automation"])

Administrator = Annotated[Caller, Depends(require(Permission.ADMINISTER))]
Code = Annotated[str, Path(description="Its code.", examples=["shift-phone"])]


@router.get("/channels", summary="List channels")
async def get_channels(connection: ConnectionOf, _: Administrator) -> Page[ChannelBody]:
    """All that are not retired, by code."""
    found = await queries.channels(connection)
    return Page(items=[ChannelBody.of(one) for one in found.values() if one.retired_at is None])


@router.put(
    "/channels/{code}",
    summary="Make or change a channel",
    responses=documented(KeptInFiles, CodeMismatch),
)
async def put_one_channel(
    connection: ConnectionOf, _: Administrator, code: Code, wanted: NewChannelBody
) -> ChannelBody:
    """As given; one that its end disabled is enabled."""
    _same(code, wanted.code)
    return ChannelBody.of(await put_channel(connection, wanted.definition()))


@router.delete(
    "/channels/{code}",
    summary="Retire a channel",
    responses=documented(NotFound, KeptInFiles),
)
async def delete_channel(connection: ConnectionOf, _: Administrator, code: Code) -> ChannelBody:
    """Nothing more is sent to it; what was sent stays on record."""
    return ChannelBody.of(await retire_channel(connection, code))


@router.get("/automations", summary="List automations")
async def get_automations(connection: ConnectionOf, _: Reader) -> Page[AutomationBody]:
    """Those in force, by code."""
    found = await queries.automations(connection)
    return Page(items=[AutomationBody.of(one) for one in found.values()])


@router.put(
    "/automations/{code}",
    summary="Make or change an automation",
    responses=documented(NotFound, KeptInFiles, CodeMismatch),
)
async def put_one_automation(
    connection: ConnectionOf, caller: Administrator, code: Code, wanted: NewAutomationBody
) -> AutomationBody:
    """A change is a new version; what versions did before stays on record."""
    _same(code, wanted.code)
    kept = await put_automation(connection, wanted.definition(), actor=caller.name)
    return AutomationBody.of(kept)


@router.delete(
    "/automations/{code}",
    summary="Retire an automation",
    responses=documented(NotFound, KeptInFiles),
)
async def delete_automation(
    connection: ConnectionOf, _: Administrator, code: Code
) -> AutomationBody:
    """Nothing more is done by it."""
    return AutomationBody.of(await retire_automation(connection, code))


@router.get("/automation-runs", summary="What automations did", responses=documented(CursorInvalid))
async def get_runs(
    connection: ConnectionOf, _: Reader, query: Annotated[RunQuery, Query()]
) -> Page[RunBody]:
    """Newest first."""
    before = decode_cursor(query.cursor, int)
    found = await queries.find_runs(
        connection, code=query.code, before=before[0] if before else None, limit=query.limit + 1
    )
    page, following = cut(found, query.limit, lambda run: [run.id])
    return Page(items=[RunBody.model_validate(run) for run in page], next=following)


@router.get("/messages", summary="List messages", responses=documented(CursorInvalid))
async def get_messages(
    connection: ConnectionOf, _: Administrator, query: Annotated[MessageQuery, Query()]
) -> Page[MessageBody]:
    """Newest first, with what became of each."""
    before = decode_cursor(query.cursor, str, str)
    found = await queries.find_deliveries(
        connection,
        state=query.state,
        channel_code=query.channel,
        before=(_moment(before[0]), _uuid(before[1])) if before else None,
        limit=query.limit + 1,
    )
    page, following = cut(found, query.limit, lambda one: [one.created_at.isoformat(), str(one.id)])
    return Page(items=[MessageBody.model_validate(one) for one in page], next=following)


@router.post(
    "/messages/{message_id}/send-again",
    summary="Send a message once more",
    responses=documented(NotFound),
)
async def post_send_again(
    connection: ConnectionOf,
    _: Administrator,
    message_id: Annotated[UUID, Path(description="Id of the message.")],
) -> MessageBody:
    """One that is uncertain or was given up; its receiver may have it already."""
    return MessageBody.model_validate(await send_again(connection, message_id))


def _same(in_path: str, in_body: str) -> None:
    if in_path != in_body:
        raise CodeMismatch(f"the path says {in_path}, the body says {in_body}")


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise CursorInvalid("the cursor is of another list: start again without it") from error


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise CursorInvalid("the cursor is of another list: start again without it") from error
