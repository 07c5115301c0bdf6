"""Errors as they go over HTTP: `application/problem+json` (RFC 9457), from one table.

`PROBLEMS` says for each domain error which status, type and title it has; nothing else in the
program knows an HTTP status. It joins the tables of `problem_tables`, one for each room; a test
demands that every error of every package below is in it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from api.problem_tables.conditions import CONDITIONS
from api.problem_tables.config import CONFIG
from api.problem_tables.ingest import INGEST
from api.problem_tables.orders import ORDERS
from api.problem_tables.planning import PLANNING
from api.problem_tables.register import REGISTER
from api.problem_tables.requests import REQUESTS
from api.problem_tables.stock import STOCK
from api.problem_type import INTERNAL, INVALID, ProblemType
from config import errors as config
from maintenance import errors as maintenance

MEDIA_TYPE = "application/problem+json"


class ProblemBody(BaseModel):
    """An error as RFC 9457 tells it; some types carry more fields."""

    type: str = Field(description="Says which kind of problem it is; stays the same for ever.")
    title: str = Field(description="The kind of problem in words.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="What went wrong this time, and what would be right.")
    errors: list[dict[str, str]] | None = Field(
        default=None, description="For invalid requests: each wrong field with its message."
    )
    allowed_transitions: list[str] | None = Field(
        default=None, description="For refused transitions: the actions that are possible now."
    )
    missing: list[dict[str, str]] | None = Field(
        default=None, description="For orders that are not ready: what has to be brought about."
    )
    known: list[str] | None = Field(
        default=None,
        description="For unknown codes: those that there are, or that may have been meant.",
    )
    refused: list[dict[str, Any]] | None = Field(
        default=None, description="For several orders at once: what stands in the way of each."
    )


PROBLEMS: Mapping[type[config.OilcanError], ProblemType] = MappingProxyType(
    {
        **REQUESTS,
        **ORDERS,
        **REGISTER,
        **STOCK,
        **PLANNING,
        **CONDITIONS,
        **INGEST,
        **CONFIG,
    }
)


def problem_type(error: type[config.OilcanError]) -> ProblemType:
    """How an error is told: by its own entry or that of its nearest ancestor."""
    return next(PROBLEMS[ancestor] for ancestor in error.__mro__ if ancestor in PROBLEMS)


def documented(*errors: type[config.OilcanError]) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that may raise these errors, for OpenAPI."""
    found: dict[int | str, dict[str, Any]] = {}
    for kind in [*(problem_type(error) for error in errors), INVALID]:
        response = found.setdefault(
            int(kind.status),
            {"description": kind.status.phrase, "content": {MEDIA_TYPE: _content()}},
        )
        response["content"][MEDIA_TYPE]["examples"][kind.slug] = {
            "summary": kind.title,
            "value": body_of(kind, kind.example),
        }
    return found


def _content() -> dict[str, Any]:
    return {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": {}}


def body_of(kind: ProblemType, detail: str, **more: Any) -> dict[str, Any]:
    """The JSON of a problem."""
    return {
        "type": kind.uri,
        "title": kind.title,
        "status": int(kind.status),
        "detail": detail,
        **more,
    }


@dataclass(frozen=True, slots=True)
class Problem:
    """An error that happened: its type, and what is to be said of it this time."""

    kind: ProblemType
    detail: str
    more: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


def _more(error: config.OilcanError) -> dict[str, Any]:
    """What an error tells beside its sentence."""
    match error:
        case maintenance.NotReady():
            missing = [{"code": lack.code, "message": lack.message} for lack in error.missing]
            return {"missing": missing}
        case maintenance.AssigneeUnknown():
            wrong = {"field": error.field, "message": str(error)}
            return {"errors": [wrong], "known": list(error.near)}
        case maintenance.CodeUnknown():
            return {"known": list(error.known)}
        case maintenance.ImportRefused():
            told = [said.split(": ", 1) for said in error.problems]
            return {"errors": [dict(zip(("field", "message"), one, strict=True)) for one in told]}
        case maintenance.BulkRefused():
            return {"refused": [_refused(number, why) for number, why in error.refused]}
        case _:
            allowed = getattr(error, "allowed", None)
            return {} if allowed is None else {"allowed_transitions": [str(one) for one in allowed]}


def _refused(number: str, why: config.OilcanError) -> dict[str, Any]:
    return {"number": number, **body_of(problem_type(type(why)), str(why), **_more(why))}


def problem_of(error: Exception) -> Problem:
    """How an error is told: one of ours, of FastAPI's validation, or of the router."""
    if isinstance(error, config.OilcanError):
        return Problem(problem_type(type(error)), str(error), _more(error))
    if isinstance(error, RequestValidationError):
        wrong = [
            {"field": ".".join(str(part) for part in item["loc"]), "message": item["msg"]}
            for item in error.errors()
        ]
        detail = "; ".join(f"{item['field']}: {item['message']}" for item in wrong)
        return Problem(INVALID, detail, {"errors": wrong})
    if isinstance(error, HTTPException):
        status = HTTPStatus(error.status_code)
        slug = status.name.lower().replace("_", "-")
        kind = ProblemType(status, slug, status.phrase, "")
        return Problem(kind, str(error.detail), headers=error.headers or {})
    return Problem(INTERNAL, "see the server's own messages")


def answer(problem: Problem) -> JSONResponse:
    """A problem as a response."""
    kind = problem.kind
    headers = dict(problem.headers)
    if kind.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(
        body_of(kind, problem.detail, **problem.more),
        status_code=kind.status,
        media_type=MEDIA_TYPE,
        headers=headers,
    )
