"""Assignment: rules, decisions about orders, the board for dispatch, and the schedule."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Response

from api.access.caller import Caller
from api.access.roles import Permission
from api.bodies.assignment import (
    AssignmentRuleBody,
    CapacityBody,
    ConflictBody,
    DecisionBody,
    DispatchBody,
    DispatchOrderBody,
    FreezeBody,
    FrozenBody,
    HolderBody,
    OrderAssignmentBody,
    PastDecisionBody,
    PlannedBody,
    ScheduleBody,
    ScheduleQuery,
)
from api.bodies.page import Page
from api.errors import PreconditionInvalid, PreconditionMissing
from api.guard import Reader, require
from api.problems import documented
from api.services import ConnectionOf, ServicesOf
from api.v1.changing import IfMatch, expected, tag
from api.v1.orders import Number
from config.clock import from_us
from config.database import Connection
from maintenance.assignment import queries
from maintenance.assignment.board import board_orders, holders, week_schedule
from maintenance.assignment.file import AssignmentRuleShape
from maintenance.assignment.service import (
    assign_by_rule,
    freeze_week,
    retire_rule,
    save_rule,
    suggest,
    week_of,
)
from maintenance.errors import KeptInFiles, NotFound, ScheduleFrozen, StaleVersion
from maintenance.orders.queries import get_order

router = APIRouter(prefix="/api/v1", tags=["Assignment and schedule"])

Keeper = Annotated[Caller, Depends(require(Permission.KEEP_PEOPLE))]
Planner = Annotated[Caller, Depends(require(Permission.APPROVE))]
Code = Annotated[str, Path(description="Code of the rule.", examples=["pumps"])]

_ON_THE_BOARD = 500


@router.get("/assignment-rules", summary="List rules of assignment")
async def get_rules(connection: ConnectionOf, _: Reader) -> Page[AssignmentRuleBody]:
    """In the order in which they are tried."""
    found = await queries.list_rules(connection)
    return Page(items=[AssignmentRuleBody.of(each) for each in found])


@router.put(
    "/assignment-rules/{code}",
    summary="Make or change a rule of assignment",
    responses=documented(
        NotFound, KeptInFiles, StaleVersion, PreconditionMissing, PreconditionInvalid
    ),
)
async def put_rule(
    connection: ConnectionOf,
    _: Keeper,
    code: Code,
    wanted: AssignmentRuleShape,
    response: Response,
    if_match: IfMatch = None,
) -> AssignmentRuleBody:
    """For orders from now on; who has an order keeps it."""
    present = await _find(connection, code)
    version = expected(present.version if present else None, if_match)
    rule = wanted.model_copy(update={"code": code}).definition()
    await save_rule(connection, rule, expected_version=version)
    found = await _existing(connection, code)
    tag(response, found.version)
    return found


@router.post(
    "/assignment-rules/{code}/retire",
    summary="Retire a rule of assignment",
    responses=documented(NotFound, KeptInFiles),
)
async def post_retire(connection: ConnectionOf, _: Keeper, code: Code) -> AssignmentRuleBody:
    """It decides no more."""
    found = await _existing(connection, code)
    await retire_rule(connection, code)
    return found


@router.get(
    "/work-orders/{number}/assignment",
    summary="Who has an order and why, and whom the rules would choose now",
    responses=documented(NotFound),
)
async def get_assignment(
    connection: ConnectionOf, services: ServicesOf, _: Reader, number: Number
) -> OrderAssignmentBody:
    """With everybody who was looked at, and why they were not chosen; nothing is written."""
    order = await get_order(connection, number)
    decisions = await queries.decisions_of(connection, order.id)
    suggestion = None
    if order.is_open:
        decision = await suggest(connection, order, at=from_us(services.clock()))
        suggestion = DecisionBody.model_validate(decision)
    return OrderAssignmentBody(
        assignee=order.assignee,
        decisions=[PastDecisionBody.model_validate(each) for each in decisions],
        suggestion=suggestion,
    )


@router.post(
    "/work-orders/{number}/assignment/by-rule",
    summary="Let the rules decide about an order again",
    responses=documented(NotFound),
)
async def post_by_rule(
    connection: ConnectionOf, services: ServicesOf, _: Planner, number: Number
) -> OrderAssignmentBody:
    """Not where a person has decided: give it to somebody by its `assignee` then."""
    at = from_us(services.clock())
    order = await get_order(connection, number)
    await assign_by_rule(connection, order, at=at)
    decisions = await queries.decisions_of(connection, order.id)
    return OrderAssignmentBody(
        assignee=(await get_order(connection, number)).assignee,
        decisions=[PastDecisionBody.model_validate(each) for each in decisions],
        suggestion=None,
    )


@router.get("/dispatch", summary="Open work and whom it can be given to")
async def get_dispatch(
    connection: ConnectionOf,
    services: ServicesOf,
    _: Reader,
    site: Annotated[str | None, Query(description="Code of a site.", examples=["berlin"])] = None,
) -> DispatchBody:
    """The most urgent first, at most 500 orders; with who is on shift and how much they have."""
    orders = await board_orders(connection, site=site, limit=_ON_THE_BOARD + 1)
    people = await holders(connection, at=from_us(services.clock()), site=site)
    return DispatchBody(
        orders=[DispatchOrderBody.model_validate(each) for each in orders[:_ON_THE_BOARD]],
        people=[HolderBody.model_validate(each) for each in people],
        more=len(orders) > _ON_THE_BOARD,
    )


@router.get("/schedule", summary="A week of a site", responses=documented(NotFound))
async def get_schedule(
    connection: ConnectionOf, _: Reader, query: Annotated[ScheduleQuery, Query()]
) -> ScheduleBody:
    """What is planned, what each craft can give on each day, and what does not fit."""
    found = await week_schedule(connection, query.site, query.week)
    return ScheduleBody(
        site=found.week.site,
        week=found.week.monday,
        orders=[PlannedBody.model_validate(each) for each in found.orders],
        capacity=[CapacityBody.model_validate(each) for each in found.capacity],
        conflicts=[ConflictBody.model_validate(each) for each in found.conflicts],
        frozen_at=found.frozen_at,
        frozen_by=found.frozen_by,
    )


@router.post(
    "/schedule/freezes",
    status_code=201,
    summary="Freeze a week's schedule",
    responses=documented(NotFound, ScheduleFrozen),
)
async def post_freeze(connection: ConnectionOf, caller: Keeper, wanted: FreezeBody) -> FrozenBody:
    """It is kept as it stands, once and for ever: schedule compliance is measured against it."""
    count = await freeze_week(connection, wanted.site, wanted.week, actor=caller.name)
    week = await week_of(connection, wanted.site, wanted.week)
    return FrozenBody(site=wanted.site, week=week.monday, orders=count)


async def _find(connection: Connection, code: str) -> AssignmentRuleBody | None:
    found: list[Any] = await queries.list_rules(connection)
    return next((AssignmentRuleBody.of(each) for each in found if each.rule.code == code), None)


async def _existing(connection: Connection, code: str) -> AssignmentRuleBody:
    found = await _find(connection, code)
    if found is None:
        raise NotFound("assignment rule", code)
    return found
