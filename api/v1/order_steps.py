"""The steps of a work order, and what is recorded at them."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path

from api.access.caller import Caller
from api.access.roles import Permission
from api.bodies.job_plan import (
    OrderStepBody,
    OrderStepsBody,
    RecordingBody,
    StepHistoryBody,
)
from api.guard import Reader, require
from api.problems import documented
from api.services import ConnectionOf
from api.v1.orders import Number
from maintenance.commands.steps import record_step
from maintenance.errors import NotFound, StepStale, StepValueInvalid, TransitionRefused
from maintenance.job_plans.order_step import progress_of
from maintenance.job_plans.queries import results_of_step, steps_of_order
from maintenance.orders.queries import get_order

router = APIRouter(prefix="/api/v1/work-orders", tags=["Job plans"])

Position = Annotated[
    int, Path(ge=1, le=32_000, description="Place of the step in its order.", examples=[1])
]
Worker = Annotated[Caller, Depends(require(Permission.WORK))]


@router.get("/{number}/steps", summary="Steps of an order", responses=documented(NotFound))
async def get_steps(connection: ConnectionOf, _: Reader, number: Number) -> OrderStepsBody:
    """As its job plan was when the order was made, each with what was recorded last."""
    order = await get_order(connection, number)
    steps = await steps_of_order(connection, order.id)
    return OrderStepsBody.of(steps, progress_of(steps))


@router.post(
    "/{number}/steps/{position}/results",
    status_code=201,
    summary="Record at a step",
    responses=documented(NotFound, TransitionRefused, StepStale, StepValueInvalid),
)
async def post_result(
    connection: ConnectionOf,
    caller: Worker,
    number: Number,
    position: Position,
    said: RecordingBody,
) -> OrderStepBody:
    """A number outside its limits has failed. A correction is recorded the same way.

    `request` makes it safe to send again, at any time.
    """
    step = await record_step(connection, number, position, said.to_domain(caller.name))
    return OrderStepBody.model_validate(step)


@router.get(
    "/{number}/steps/{position}/results",
    summary="What was recorded at a step",
    responses=documented(NotFound),
)
async def get_results(
    connection: ConnectionOf, _: Reader, number: Number, position: Position
) -> StepHistoryBody:
    """Oldest first; what was corrected stays."""
    order = await get_order(connection, number)
    for step in await steps_of_order(connection, order.id):
        if step.position == position:
            return StepHistoryBody.of(await results_of_step(connection, step.id))
    raise NotFound("step", f"{position} of {number}")
