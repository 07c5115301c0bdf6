"""What is done on a work order: time, permits, signatures, failure reports, and their codes."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import BaseModel

from api.access.caller import Caller
from api.access.roles import Permission
from api.bodies.order import FailureBody, OrderBody
from api.bodies.order_work import (
    FailureCodeBody,
    FailureReportBody,
    HoldReasonBody,
    LabourBody,
    NewPermitBody,
    NewSignatureBody,
    PermitBody,
    PermitStepBody,
    ReasonBody,
    SignatureBody,
    TimerBody,
    TimeWorkedBody,
)
from api.bodies.page import Page
from api.entity_tag import etag, version_of
from api.errors import (
    IdempotencyKeyInFlight,
    IdempotencyKeyReused,
    PreconditionInvalid,
    PreconditionMissing,
)
from api.guard import CallerOf, Reader, demand, require
from api.idempotency import Answer, once
from api.problems import documented
from api.services import ConnectionOf, ServicesOf
from api.v1.assets import existing_asset
from api.v1.orders import Held, Number
from api.v1.repeatable import IdempotencyKey
from config.clock import from_us
from config.database import Connection
from maintenance.commands.failures import report_failure
from maintenance.commands.labour import enter_time, reverse_time, start_timer, stop_timer
from maintenance.commands.permits import AtPermit, require_permit, step_isolation, step_permit
from maintenance.commands.signatures import sign
from maintenance.errors import (
    CodeUnknown,
    LabourRefused,
    NotFound,
    PermitRefused,
    RequirementMissing,
    StaleVersion,
    TimeOverlaps,
    TransitionRefused,
)
from maintenance.orders.failure_codes import codes_of_asset, failure_report_of
from maintenance.orders.holds import hold_reasons
from maintenance.orders.labour_queries import labour_of
from maintenance.orders.permit import IsolationStep, PermitStep
from maintenance.orders.permit_queries import permits_of
from maintenance.orders.queries import get_order
from maintenance.orders.signature_queries import signatures_of
from maintenance.orders.work_order import Particulars

router = APIRouter(prefix="/api/v1", tags=["Work orders"])

_ORDER = "/work-orders/{number}"
_KEPT = (IdempotencyKeyInFlight, IdempotencyKeyReused)

Worker = Annotated[Caller, Depends(require(Permission.WORK))]


class AtPermitPath:
    """A permit of an order, from the path."""

    def __init__(
        self,
        number: Number,
        permit: Annotated[int, Path(ge=1, le=2**63 - 1, description="Id of the permit.")],
    ) -> None:
        self.where = AtPermit(number, permit)


PERMIT_NEEDS = {
    PermitStep.ISSUE: Permission.APPROVE,
    PermitStep.CLOSE: Permission.WORK,
    PermitStep.WITHDRAW: Permission.APPROVE,
}


@router.get("/hold-reasons", summary="Reasons for which work stands still")
async def get_hold_reasons(connection: ConnectionOf, _: Reader) -> Page[HoldReasonBody]:
    """Those that a hold may name."""
    found = await hold_reasons(connection)
    return Page(items=[HoldReasonBody.model_validate(reason) for reason in found])


@router.get("/failure-codes", summary="Codes of failure reports", responses=documented(NotFound))
async def get_failure_codes(
    connection: ConnectionOf,
    _: Reader,
    asset: Annotated[str, Query(max_length=100, description="Tag of the asset.")],
) -> Page[FailureCodeBody]:
    """Those of the asset's class, and those of every class."""
    found = await codes_of_asset(connection, (await existing_asset(connection, asset)).id)
    return Page(items=[FailureCodeBody.model_validate(code) for code in found])


@router.get(_ORDER + "/labour", summary="Time worked on an order", responses=documented(NotFound))
async def get_labour(connection: ConnectionOf, _: Reader, number: Number) -> Page[LabourBody]:
    """Every entry, corrections and what they take back too."""
    order = await get_order(connection, number)
    found = await labour_of(connection, order.id)
    return Page(items=[LabourBody.model_validate(entry) for entry in found])


@router.post(
    _ORDER + "/labour",
    status_code=201,
    summary="Write down time that was worked",
    responses=documented(NotFound, LabourRefused, TimeOverlaps, *_KEPT),
)
async def post_labour(
    connection: ConnectionOf,
    caller: Worker,
    number: Number,
    said: TimeWorkedBody,
    key: IdempotencyKey = None,
) -> LabourBody:
    """From and to, or minutes; entries of a person do not overlap."""

    async def enter() -> LabourBody:
        worked = said.worked_by(caller.name)
        entry = await enter_time(connection, number, worked, actor=caller.name)
        return LabourBody.model_validate(entry)

    return LabourBody.model_validate(
        await _made_once(connection, caller, key, f"{number} {said.model_dump_json()}", enter)
    )


@router.post(
    _ORDER + "/labour/{entry}/reverse",
    summary="Take an entry of time back",
    responses=documented(NotFound, LabourRefused),
)
async def post_reversal(
    connection: ConnectionOf,
    caller: Worker,
    number: Number,
    entry: Annotated[int, Path(ge=1, le=2**63 - 1, description="Id of the entry.")],
    said: ReasonBody,
) -> LabourBody:
    """By an entry that reverses it; both stay to be seen."""
    given = Particulars(caller.name, said.reason)
    return LabourBody.model_validate(await reverse_time(connection, number, entry, given=given))


@router.post(
    _ORDER + "/timer/start",
    summary="Let time run",
    responses=documented(NotFound, LabourRefused, TimeOverlaps),
)
async def post_timer_start(
    connection: ConnectionOf, caller: Worker, number: Number, said: TimerBody | None = None
) -> LabourBody:
    """A person has one timer, on whichever order."""
    asked = said or TimerBody()
    entry = await start_timer(
        connection,
        number,
        person=asked.person or caller.name,
        craft=asked.craft,
        actor=caller.name,
    )
    return LabourBody.model_validate(entry)


@router.post(
    _ORDER + "/timer/stop",
    summary="Stop a timer",
    responses=documented(NotFound, LabourRefused),
)
async def post_timer_stop(
    connection: ConnectionOf, caller: Worker, number: Number, said: TimerBody | None = None
) -> LabourBody:
    """The time becomes an entry of whole minutes."""
    person = (said or TimerBody()).person or caller.name
    entry = await stop_timer(connection, number, person=person, actor=caller.name)
    return LabourBody.model_validate(entry)


@router.get(_ORDER + "/permits", summary="Permits of an order", responses=documented(NotFound))
async def get_permits(
    connection: ConnectionOf, services: ServicesOf, _: Reader, number: Number
) -> Page[PermitBody]:
    """With their isolations."""
    order = await get_order(connection, number)
    now = from_us(services.clock())
    return Page(items=[PermitBody.of(one, now) for one in await permits_of(connection, order.id)])


@router.post(
    _ORDER + "/permits",
    status_code=201,
    summary="Require a permit",
    responses=documented(NotFound, PermitRefused, *_KEPT),
)
async def post_permit(
    connection: ConnectionOf,
    services: ServicesOf,
    caller: Annotated[Caller, Depends(require(Permission.APPROVE))],
    number: Number,
    said: NewPermitBody,
    key: IdempotencyKey = None,
) -> PermitBody:
    """Work does not start before it is issued and its isolations are verified."""

    async def make() -> PermitBody:
        permit = await require_permit(connection, number, said.permit(), actor=caller.name)
        return PermitBody.of(permit, from_us(services.clock()))

    return PermitBody.model_validate(
        await _made_once(connection, caller, key, f"{number} {said.model_dump_json()}", make)
    )


@router.post(
    _ORDER + "/permits/{permit}/{step}",
    summary="Issue a permit, hand it back, or withdraw it",
    responses=documented(NotFound, PermitRefused),
)
async def post_permit_step(
    connection: ConnectionOf,
    services: ServicesOf,
    caller: CallerOf,
    at: Annotated[AtPermitPath, Depends()],
    step: Annotated[PermitStep, Path(description="What becomes of it.")],
    said: PermitStepBody | None = None,
) -> PermitBody:
    """It is handed back after its isolations are removed."""
    demand(caller, PERMIT_NEEDS[step])
    until = said.valid_until if said else None
    permit = await step_permit(connection, at.where, step, actor=caller.name, valid_until=until)
    return PermitBody.of(permit, from_us(services.clock()))


@router.post(
    _ORDER + "/permits/{permit}/isolations/{tag}/{step}",
    summary="Apply, verify or remove an isolation",
    responses=documented(NotFound, PermitRefused),
)
async def post_isolation_step(
    connection: ConnectionOf,
    services: ServicesOf,
    caller: Worker,
    at: Annotated[AtPermitPath, Depends()],
    tag: Annotated[str, Path(description="Tag of the point.", examples=["Q-101"])],
    step: Annotated[IsolationStep, Path(description="What is done there.")],
) -> PermitBody:
    """Who applied it does not verify it, unless the site's policy lets them."""
    permit = await step_isolation(connection, at.where, tag, step, actor=caller.name)
    return PermitBody.of(permit, from_us(services.clock()))


@router.get(
    _ORDER + "/signatures", summary="Signatures of an order", responses=documented(NotFound)
)
async def get_signatures(
    connection: ConnectionOf, _: Reader, number: Number
) -> Page[SignatureBody]:
    """Each with what was signed; no later change touches them."""
    order = await get_order(connection, number)
    found = await signatures_of(connection, order.id)
    return Page(items=[SignatureBody.of(one) for one in found])


@router.post(
    _ORDER + "/signatures",
    status_code=201,
    summary="Sign an order",
    responses=documented(NotFound, StaleVersion, PreconditionMissing, PreconditionInvalid),
)
async def post_signature(
    connection: ConnectionOf,
    caller: Worker,
    held: Annotated[Held, Depends()],
    said: NewSignatureBody,
    response: Response,
) -> OrderBody:
    """As it was read: `If-Match` holds the ETag."""
    order = await sign(
        connection,
        held.number,
        said.meaning,
        expected_version=version_of(held.if_match),
        actor=caller.name,
    )
    response.headers["ETag"] = etag(order.version)
    return OrderBody.of(order)


@router.get(_ORDER + "/failure-report", summary="What people found", responses=documented(NotFound))
async def get_failure_report(
    connection: ConnectionOf, _: Reader, number: Number
) -> FailureReportBody:
    """Codes of ISO 14224, and when the item failed and could work again."""
    report = await failure_report_of(connection, await get_order(connection, number))
    if report is None:
        raise NotFound("failure report of", number)
    found = {
        name: getattr(report.found, name)
        for name in FailureReportBody.model_fields
        if hasattr(report.found, name)
    }
    return FailureReportBody(
        **found, reported_by=report.reported_by, reported_at=report.reported_at
    )


@router.put(
    _ORDER + "/failure-report",
    summary="Say what was found",
    responses=documented(
        NotFound,
        StaleVersion,
        TransitionRefused,
        CodeUnknown,
        RequirementMissing,
        PreconditionMissing,
        PreconditionInvalid,
    ),
)
async def put_failure_report(
    connection: ConnectionOf,
    caller: Worker,
    held: Annotated[Held, Depends()],
    said: FailureBody,
    response: Response,
) -> OrderBody:
    """Or say it anew. `If-Match` holds the ETag that was read."""
    order = await report_failure(
        connection,
        held.number,
        said.found(),
        expected_version=version_of(held.if_match),
        given=Particulars(caller.name),
    )
    response.headers["ETag"] = etag(order.version)
    return OrderBody.of(order)


async def _made_once(
    connection: Connection,
    caller: Caller,
    key: str | None,
    request: str,
    make: Callable[[], Awaitable[BaseModel]],
) -> object:
    """What `make` gives, or what it gave to this key before."""
    if key is None:
        return await make()

    async def answer() -> Answer:
        return Answer(201, (await make()).model_dump(mode="json"))

    return (await once(connection, caller.identity, key, request.encode(), answer)).body
