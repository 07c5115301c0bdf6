"""Errors of job plans, their steps, maintenance plans and schedules."""

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType

from api.problem_type import ProblemType
from config.errors import OilcanError
from maintenance import errors as maintenance

PLANNING: Mapping[type[OilcanError], ProblemType] = MappingProxyType(
    {
        maintenance.ScheduleFrozen: ProblemType(
            HTTPStatus.CONFLICT,
            "schedule-frozen",
            "The week is frozen already",
            "the schedule of berlin for the week of 2026-03-02 is frozen already",
        ),
        maintenance.PlanUnknown: ProblemType(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "plan-unknown",
            "There is no such job plan in use",
            "there is no job plan inspect-baring in use",
        ),
        maintenance.StepStale: ProblemType(
            HTTPStatus.PRECONDITION_FAILED,
            "step-stale",
            "Somebody recorded at the step meanwhile",
            "'Vibration' was recorded meanwhile (revision 2, not 1): look at it again",
        ),
        maintenance.StepValueInvalid: ProblemType(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "step-value-invalid",
            "The step asks for something else",
            "'Vibration' asks for a number",
        ),
        maintenance.OccurrenceSettled: ProblemType(
            HTTPStatus.CONFLICT,
            "occurrence-settled",
            "This work of a plan is no longer ahead",
            "occurrence 17 is released already",
        ),
        maintenance.TooEarly: ProblemType(
            HTTPStatus.CONFLICT,
            "too-early",
            "Work done so early does not count",
            "occurrence 17: work counts for it from 2026-03-24 on",
        ),
    }
)
