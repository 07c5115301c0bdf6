"""What a requester does: report, add a word, say whether it works again, rate, withdraw.

One function, one transaction (in a caller's transaction: a savepoint of it).
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from config.clock import ClockUs, from_us, now_us
from config.database import Connection
from maintenance.attachments.attachment import Subject, SubjectKind
from maintenance.attachments.service import copy_attachments
from maintenance.commands.service import comment as comment_on_order
from maintenance.commands.service import move
from maintenance.errors import CodeUnknown, MaintenanceError, NotFound, RequirementMissing
from maintenance.orders.failure_codes import codes_of_asset
from maintenance.orders.failure_report import CodeKind
from maintenance.orders.queries import get_order, get_order_for_change
from maintenance.orders.work_order import Action, Particulars, State, WorkOrder
from maintenance.requests import queries, store
from maintenance.requests.recording import (
    Step,
    as_expected,
    check,
    recorded,
    take_duplicates_along,
)
from maintenance.requests.request import (
    TEXT_LENGTH,
    TITLE_LENGTH,
    NewRequest,
    RequestAction,
    RequestState,
    WorkRequest,
)
from maintenance.requests.standing import is_asked

_DONE = frozenset({State.COMPLETED, State.CLOSED})


@dataclass(frozen=True, slots=True)
class Reported:
    """A request, and whether it is new: what came before is given back as it stands."""

    request: WorkRequest
    is_new: bool


async def report(
    connection: Connection, new: NewRequest, *, actor: str, clock: ClockUs = now_us
) -> Reported:
    """Take a request in; the same `external_id` of a channel again is the same request.

    Raises `NotFound` for an unknown asset or location, `CodeUnknown` for an unknown failure mode,
    `RequirementMissing` without a title.
    """
    at = from_us(clock())
    tidy = tidied(new)
    async with connection.transaction():
        place = await _place(connection, tidy)
        await _check_failure_mode(connection, tidy.failure_mode, place["asset_id"])
        made = await store.insert_request(connection, tidy, place=place, actor=actor, at=at)
        if made is None:
            present = await queries.request_of_external_id(
                connection, tidy.channel, tidy.external_id or ""
            )
            assert present is not None  # noqa: S101 - it stood in the way
            return Reported(present, is_new=False)
        first = store.Record(made, 1, "create", None, RequestState.NEW, actor, at)
        await store.record(connection, first)
        return Reported(await queries.request_by_id(connection, made), is_new=True)


async def comment(
    connection: Connection, number: str, text: str, *, actor: str, clock: ClockUs = now_us
) -> WorkRequest:
    """Add a word, which stands in the open order's trail too. Raises `NotFound`."""
    at = from_us(clock())
    async with connection.transaction():
        request = await as_expected(connection, number, None)
        said = _text(text, TEXT_LENGTH)
        if not said:
            raise RequirementMissing(
                number, action="comment", field="text", message="say something"
            )
        version = await store.touch(connection, request, at=at)
        after = await recorded(
            connection, request, version, Step("comment", actor, at, reason=said)
        )
        if request.work_order is not None:
            told = f"{request.number}: {said}"
            await comment_on_order(connection, request.work_order, told, actor=actor, clock=clock)
        return after


async def withdraw(
    connection: Connection, number: str, *, actor: str, reason: str = "", clock: ClockUs = now_us
) -> WorkRequest:
    """Take a request back that nobody has triaged; its duplicates are looked at by themselves.

    Raises `NotFound`, `TransitionRefused`.
    """
    at = from_us(clock())
    async with connection.transaction():
        request = await as_expected(connection, number, None)
        check(request, RequestAction.WITHDRAW)
        withdrawn = store.Triage(RequestState.WITHDRAWN, actor, at, _text(reason, TEXT_LENGTH))
        version = await store.triage(connection, request, withdrawn)
        step = Step("withdraw", actor, at, RequestState.WITHDRAWN, withdrawn.reason)
        after = await recorded(connection, request, version, step)
        back = replace(step, action="return", target=RequestState.NEW)
        await take_duplicates_along(connection, request, back)
        return after


async def confirm(
    connection: Connection,
    number: str,
    *,
    fixed: bool,
    actor: str,
    remark: str = "",
    clock: ClockUs = now_us,
) -> WorkRequest:
    """Say whether the work helped. Where it did not, its order is reopened.

    Where the order cannot be reopened any more, the request is triaged anew. Raises `NotFound`,
    and `RequirementMissing` where no work is done that could be judged, or it was judged before.
    """
    at = from_us(clock())
    async with connection.transaction():
        request = await as_expected(connection, number, None)
        order = await _done_order(connection, request, "confirm")
        if not is_asked(request, order):
            raise RequirementMissing(
                number, action="confirm", field="fixed", message="it was answered before"
            )
        said = _text(remark, TEXT_LENGTH)
        version = await store.answer(connection, request, fixed=fixed, at=at)
        step = Step("confirm" if fixed else "not_fixed", actor, at, reason=said)
        after = await recorded(connection, request, version, step)
        if fixed:
            return after
        return await _bring_back(connection, after, order.number, step)


async def rate(
    connection: Connection,
    number: str,
    rating: int,
    *,
    actor: str,
    remark: str = "",
    clock: ClockUs = now_us,
) -> WorkRequest:
    """Rate the work, 1 to 5; rated again, the last one stands, and the trail has all of them.

    Raises `NotFound`, `RequirementMissing` where no work is done that could be rated.
    """
    at = from_us(clock())
    async with connection.transaction():
        request = await as_expected(connection, number, None)
        await _done_order(connection, request, "rate")
        said = _text(remark, TEXT_LENGTH)
        version = await store.rate(connection, request, rating, said, at=at)
        step = Step("rate", actor, at, reason=said, details={"rating": rating})
        return await recorded(connection, request, version, step)


async def order_of(connection: Connection, request: WorkRequest) -> WorkOrder | None:
    """The order that a request led to or joined."""
    if request.work_order is None or request.state is RequestState.NEW:
        return None
    return await get_order(connection, request.work_order)


async def link_attachments(
    connection: Connection,
    requests: Sequence[WorkRequest],
    order: WorkOrder,
    *,
    actor: str,
    at: datetime,
) -> None:
    """Have an order show the files of its requests too; they stay where they are (Atlas #138)."""
    target = Subject(SubjectKind.ORDER, order.id)
    for request in requests:
        source = Subject(SubjectKind.REQUEST, request.id)
        await copy_attachments(connection, source, target, actor=actor, at=at)


async def show_at_order(
    connection: Connection, request_id: int, *, actor: str, at: datetime
) -> None:
    """Have the order of a request show what was attached to the request just now."""
    async with connection.transaction():
        request = await queries.request_by_id(connection, request_id)
        order = await order_of(connection, request)
        if order is not None:
            await link_attachments(connection, [request], order, actor=actor, at=at)


def tidied(new: NewRequest) -> NewRequest:
    """The request with its texts cut to length and freed from what is no text."""
    title = " ".join(_text(new.title, TEXT_LENGTH).split())
    if not title:
        raise RequirementMissing(
            "the request", action="report", field="title", message="say what is wrong"
        )
    return replace(
        new,
        title=title if len(title) <= TITLE_LENGTH else f"{title[: TITLE_LENGTH - 1]}…",
        description=_text(new.description, TEXT_LENGTH),
        place=_text(new.place, TITLE_LENGTH),
        contact=_text(new.contact, TITLE_LENGTH),
    )


def _text(said: str, most: int) -> str:
    """Without control characters, which no database takes and no page shows."""
    kept = (c for c in said if c in "\n\t" or unicodedata.category(c) not in {"Cc", "Cs"})
    text = "".join(kept).strip()
    return text if len(text) <= most else f"{text[: most - 1]}…"


async def _place(connection: Connection, new: NewRequest) -> dict[str, int | None]:
    asset_id = location_id = None
    if new.asset is not None:
        asset_id = await store.share_asset(connection, new.asset)
        if asset_id is None:
            raise NotFound("asset", new.asset)
    if new.location is not None:
        location_id = await store.share_location(connection, new.site or "", new.location)
        if location_id is None:
            raise NotFound("location", f"{new.site}/{new.location}")
    return {"asset_id": asset_id, "location_id": location_id}


async def _check_failure_mode(
    connection: Connection, code: str | None, asset_id: int | None
) -> None:
    if code is None:
        return
    codes = await codes_of_asset(connection, asset_id or 0)
    known = sorted({each.code for each in codes if each.kind is CodeKind.MODE})
    if code not in known:
        raise CodeUnknown("failure mode", code, known=known)


async def _done_order(connection: Connection, request: WorkRequest, action: str) -> WorkOrder:
    order = await order_of(connection, request)
    if order is None or order.state not in _DONE:
        message = "no work is done for it yet"
        raise RequirementMissing(request.number, action=action, field="request", message=message)
    return order


async def _bring_back(
    connection: Connection, request: WorkRequest, order: str, step: Step
) -> WorkRequest:
    reason = f"{request.number}: not fixed. {step.reason}".strip()
    held = await get_order_for_change(connection, order)
    try:
        async with connection.transaction():
            if held.state in _DONE:
                given = Particulars(step.actor, reason)
                await move(connection, held, Action.REOPEN, given, at=step.at)
        return await queries.request_by_id(connection, request.id)
    except MaintenanceError as refused:
        return await _return(connection, request, held.id, step, str(refused))


async def _return(
    connection: Connection, request: WorkRequest, order_id: int, step: Step, why: str
) -> WorkRequest:
    """Have somebody look at it again; its former order stays known, and new work follows that."""
    check(request, RequestAction.RETURN)
    back = store.Triage(
        RequestState.NEW, step.actor, step.at, reason=step.reason, work_order_id=order_id
    )
    version = await store.triage(connection, request, back)
    told = replace(
        step, action="return", target=RequestState.NEW, details={"order_stays_done": why}
    )
    return await recorded(connection, request, version, told)
