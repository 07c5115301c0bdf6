"""The pages of job plans: all of them, one with its versions, and the form that writes a version."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any

import yaml
from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse

from api.access.caller import Caller
from api.access.roles import Permission
from api.bodies.job_plan import shape_of
from api.bodies.page import cut, decode_cursor
from api.guard import Reader, require
from api.pages.places import load_places
from api.pages.render import render
from api.pages.stock import quantity
from api.portal_form import PortalForm, opened_form
from api.services import ConnectionOf
from config.database import Connection
from config.documents import Problem, parse_document, parse_model
from config.errors import DocumentError
from maintenance.errors import MaintenanceError, NotFound, StepValueInvalid
from maintenance.job_plans.file import JobPlanShape
from maintenance.job_plans.plan import JobPlan, KeptIn, PlanKind
from maintenance.job_plans.queries import PlanVersion, current_plan, list_plans, versions_of
from maintenance.job_plans.service import save_plan
from maintenance.register.queries import list_asset_classes

router = APIRouter(include_in_schema=False)

_ON_A_PAGE = 100
_SEE_OTHER = 303
_MOST_BYTES = 256 * 1024
_BEGINNING = """\
code: inspect-bearing
name: Inspect the drive end bearing
asset_class: centrifugal_pump
estimated_minutes: 90
crafts: [mechanical]
skills: []
permits: [lock-out]
tools: [stethoscope]
parts:
- {part: BRG-6309, quantity: 1, unit: pcs}
steps:
- {kind: check, text: Locked out and tagged, on_fail: stop}
- kind: number
  text: Vibration at the drive end after the work
  unit: mm/s
  limits: {alert_above: 4.5, reject_above: 7.1}
  on_fail: follow_up
- {kind: signature, text: Handed back to operation}
"""

Keeper = Annotated[Caller, Depends(require(Permission.KEEP_JOB_PLANS))]


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody is writing: the text, the version that it began with (0: none), and its fate."""

    text: str
    version: int
    code: str | None = None
    problems: Sequence[Problem] = ()
    refusal: str = ""
    plan: JobPlan | None = None
    """What the text says, where it is in order."""


@router.get("/job-plans")
async def get_plans_page(
    request: Request,
    connection: ConnectionOf,
    caller: Reader,
    asset_class: Annotated[str, Query(max_length=100)] = "",
    cursor: Annotated[str | None, Query(max_length=300)] = None,
) -> Response:
    """The current version of each, by code."""
    after = decode_cursor(cursor, str)
    found = await list_plans(
        connection,
        asset_class=asset_class or None,
        after=after[0] if after else "",
        limit=_ON_A_PAGE + 1,
    )
    shown, following = cut(found, _ON_A_PAGE, lambda one: [one.plan.code])
    return render(
        request,
        "job-plans.html",
        caller=caller,
        places=await load_places(connection),
        plans=shown,
        classes=await list_asset_classes(connection),
        asset_class=asset_class,
        following=following,
        may_keep=caller.may(Permission.KEEP_JOB_PLANS),
    )


@router.get("/job-plans/new")
async def get_new_plan(
    request: Request,
    connection: ConnectionOf,
    caller: Keeper,
    like: Annotated[str, Query(max_length=100)] = "",
) -> Response:
    """The form for a new plan, with another one's text to begin with."""
    text = _BEGINNING
    if like:
        plan = (await _current(connection, like)).plan
        text = as_written(replace(plan, code=f"{plan.code}-copy"))
    return await _form(request, connection, caller, Draft(text, 0))


@router.post("/job-plans/new")
async def post_new_plan(request: Request, connection: ConnectionOf, caller: Keeper) -> Response:
    """Checks the text, or makes the plan."""
    return await _take(request, connection, caller, None)


@router.get("/job-plans/{code}")
async def get_plan_page(
    request: Request,
    connection: ConnectionOf,
    caller: Reader,
    code: str,
    version: Annotated[int | None, Query(ge=1)] = None,
) -> Response:
    """A version of a plan: its steps, what the work needs, and the other versions."""
    versions = await versions_of(connection, code)
    shown = [
        one for one in versions if (one.current if version is None else one.version == version)
    ]
    if not shown:
        raise NotFound("version of the job plan", f"{code}/{version}")
    places = await load_places(connection)
    is_plan = shown[0].plan.kind is PlanKind.JOB_PLAN
    keeps = is_plan and caller.may(Permission.KEEP_JOB_PLANS)
    return render(
        request,
        "job-plan.html",
        caller=caller,
        places=places,
        zone=places.main_zone,
        shown=shown[0],
        plan=shown[0].plan,
        versions=versions,
        quantity=quantity,
        written=as_written(shown[0].plan) if is_plan else None,
        may_keep=keeps,
        may_change=keeps and shown[0].kept_in is KeptIn.DATABASE,
    )


@router.get("/job-plans/{code}/edit")
async def get_edit(
    request: Request, connection: ConnectionOf, caller: Keeper, code: str
) -> Response:
    """The form for the next version."""
    current = await _current(connection, code)
    draft = Draft(as_written(current.plan), current.version, code)
    return await _form(request, connection, caller, draft)


@router.post("/job-plans/{code}/edit")
async def post_edit(
    request: Request, connection: ConnectionOf, caller: Keeper, code: str
) -> Response:
    """Checks the text, or makes the next version."""
    return await _take(request, connection, caller, code)


def as_written(plan: JobPlan) -> str:
    """A plan as a plant's file would have it, below its `-`."""
    body = shape_of(plan).model_dump(mode="json", exclude_defaults=True)
    return yaml.safe_dump(body, sort_keys=False, allow_unicode=True, width=88)


async def _take(
    request: Request, connection: Connection, caller: Caller, code: str | None
) -> Response:
    async with opened_form(request, most_bytes=_MOST_BYTES) as form:
        draft = _drafted(form, code)
        wants_it = form.text("do") == "save"
    if draft.plan is None or not wants_it:
        return await _form(request, connection, caller, draft)
    try:
        made = await save_plan(
            connection, draft.plan, actor=caller.name, expected_version=draft.version
        )
    except MaintenanceError as refused:
        told = Draft(draft.text, draft.version, code, refusal=str(refused), plan=draft.plan)
        return await _form(request, connection, caller, told)
    return RedirectResponse(f"/job-plans/{made.plan.code}", _SEE_OTHER)


def _drafted(form: PortalForm, code: str | None) -> Draft:
    text = form.fields.get("text", "").replace("\r\n", "\n")
    version = int(said) if (said := form.text("version")).isdecimal() else 0
    try:
        # Nothing of the server's environment is to be read through a form.
        document = parse_document(text, "line", environment={})
        if not isinstance(document.data, dict):
            remedy = "Begin each line with a key, such as `code: inspect-bearing`"
            return Draft(text, version, code, [document.problem((), "it has no keys", remedy)])
        plan = parse_model(JobPlanShape, document).to_domain()
    except DocumentError as error:
        return Draft(text, version, code, problems=error.problems)
    if code is not None and plan.code != code:
        refusal = str(StepValueInvalid("code", f"the code stays {code}"))
        return Draft(text, version, code, refusal=refusal)
    return Draft(text, version, code, plan=plan)


async def _form(request: Request, connection: Connection, caller: Caller, draft: Draft) -> Response:
    given: dict[str, Any] = {"draft": draft, "plan": draft.plan, "quantity": quantity}
    status = 422 if draft.problems or draft.refusal else 200
    places = await load_places(connection)
    return render(
        request, "job-plan-form.html", caller=caller, status=status, places=places, **given
    )


async def _current(connection: Connection, code: str) -> PlanVersion:
    found = await current_plan(connection, code)
    if found.plan.kind is not PlanKind.JOB_PLAN:
        raise NotFound("job plan", code)
    return found
