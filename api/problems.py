"""Errors as they go over HTTP: `application/problem+json` (RFC 9457), from one table.

`PROBLEMS` says for each domain error which status, type and title it has; nothing else in the
program knows an HTTP status. A test demands that every error of every package below is in it.
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

from api import errors as api
from conditions import errors as conditions
from config import errors as config
from ingest import errors as ingest
from maintenance import errors as maintenance

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True)
class ProblemType:
    """How one kind of error is told: `slug` ends its type URI, `example` is a detail of it."""

    status: HTTPStatus
    slug: str
    title: str
    example: str

    @property
    def uri(self) -> str:
        """Type URI; the address also serves a page that explains it."""
        return f"/problems/{self.slug}"


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


_Status = HTTPStatus

INVALID = ProblemType(
    _Status.UNPROCESSABLE_ENTITY, "invalid-request", "The request is invalid", "limit: too large"
)

_INTERNAL = ProblemType(
    _Status.INTERNAL_SERVER_ERROR,
    "unexpected",
    "Something failed that should not",
    "see the server's own messages",
)

PROBLEMS: Mapping[type[config.OilcanError], ProblemType] = MappingProxyType(
    {
        api.NotAuthenticated: ProblemType(
            _Status.UNAUTHORIZED,
            "not-authenticated",
            "Who is asking is not known",
            "the API key is unknown, expired or revoked",
        ),
        api.NotPermitted: ProblemType(
            _Status.FORBIDDEN,
            "not-permitted",
            "The role does not include this",
            "the role viewer may not approve",
        ),
        api.CrossSiteRequest: ProblemType(
            _Status.FORBIDDEN,
            "cross-site-request",
            "The request did not come from our pages",
            "a changing request with a session has to come from our own pages",
        ),
        api.ResourceMissing: ProblemType(
            _Status.NOT_FOUND, "not-found", "There is no such thing", "there is no asset 'P-999'"
        ),
        api.FormInvalid: ProblemType(
            _Status.UNPROCESSABLE_ENTITY,
            "form-invalid",
            "The form cannot be read",
            "the form is not one of ours: open the page again",
        ),
        api.TooManyRequests: ProblemType(
            _Status.TOO_MANY_REQUESTS,
            "too-many-requests",
            "Too many requests",
            "too many reports from here: wait a minute, or call somebody",
        ),
        api.CursorInvalid: ProblemType(
            _Status.BAD_REQUEST,
            "cursor-invalid",
            "The cursor is not one of this list",
            "start again without `cursor`",
        ),
        api.RangeInvalid: ProblemType(
            _Status.BAD_REQUEST,
            "range-invalid",
            "The range cannot be answered",
            "start has to be before end",
        ),
        api.PreconditionMissing: ProblemType(
            _Status.PRECONDITION_REQUIRED,
            "precondition-missing",
            "If-Match is needed",
            "read the work order and send its ETag as If-Match",
        ),
        api.PreconditionInvalid: ProblemType(
            _Status.BAD_REQUEST,
            "precondition-invalid",
            "If-Match is not an ETag of ours",
            'send If-Match as it was given, such as "3"',
        ),
        api.IdempotencyKeyInFlight: ProblemType(
            _Status.CONFLICT,
            "idempotency-key-in-flight",
            "The first request with this key is being worked on",
            "ask again in a moment",
        ),
        api.IdempotencyKeyReused: ProblemType(
            _Status.UNPROCESSABLE_ENTITY,
            "idempotency-key-reused",
            "The key belongs to another request",
            "use a new Idempotency-Key for a different request",
        ),
        api.CodeMismatch: ProblemType(
            _Status.UNPROCESSABLE_ENTITY,
            "code-mismatch",
            "Path and body name different things",
            "the path says shift-phone, the body says shift-mail",
        ),
        api.NameTaken: ProblemType(
            _Status.CONFLICT,
            "name-taken",
            "The name is taken",
            "a person with the login 'kim' exists",
        ),
        maintenance.NotFound: ProblemType(
            _Status.NOT_FOUND, "not-found", "There is no such thing", "there is no work order WO-9"
        ),
        maintenance.KeptInFiles: ProblemType(
            _Status.CONFLICT,
            "kept-in-files",
            "It is kept in plant files",
            "job plan inspect-bearing is kept in the plant's files: change it there",
        ),
        maintenance.StaleVersion: ProblemType(
            _Status.PRECONDITION_FAILED,
            "stale-version",
            "It has changed since it was read",
            "WO-000001 has version 3, not 2: read it again",
        ),
        maintenance.TransitionRefused: ProblemType(
            _Status.CONFLICT,
            "transition-refused",
            "The state does not allow this",
            "cannot close WO-000001: it is draft; allowed now: approve, cancel",
        ),
        maintenance.RequirementMissing: ProblemType(
            _Status.UNPROCESSABLE_ENTITY,
            "requirement-missing",
            "Something is missing for this",
            "cannot cancel WO-000001: it needs a reason",
        ),
        maintenance.NotReady: ProblemType(
            _Status.CONFLICT,
            "not-ready",
            "Something has to be brought about first",
            "cannot start WO-000001: the permit for hot work is not issued",
        ),
        maintenance.TimeOverlaps: ProblemType(
            _Status.CONFLICT,
            "time-overlaps",
            "That time is taken already",
            "kim worked on WO-000001 in that time: entries do not overlap",
        ),
        maintenance.LabourRefused: ProblemType(
            _Status.CONFLICT,
            "labour-refused",
            "Time cannot be recorded so",
            "time is recorded while work is under way: WO-000001 is approved",
        ),
        maintenance.PermitRefused: ProblemType(
            _Status.CONFLICT,
            "permit-refused",
            "The permit does not take this step",
            "isolation XV-7 is not removed",
        ),
        maintenance.FamilyRefused: ProblemType(
            _Status.CONFLICT,
            "family-refused",
            "The order cannot be a part of that one",
            "WO-000001 is itself a part of WO-000002",
        ),
        maintenance.CodeUnknown: ProblemType(
            _Status.UNPROCESSABLE_ENTITY,
            "code-unknown",
            "There is no such code",
            "there is no hold reason rain; there are waiting_parts, weather",
        ),
        maintenance.AssigneeUnknown: ProblemType(
            _Status.UNPROCESSABLE_ENTITY,
            "assignee-unknown",
            "Nobody who takes work has this code",
            "assignee: no person, team or vendor has the code 'kmi'; did you mean kim?",
        ),
        maintenance.BulkRefused: ProblemType(
            _Status.CONFLICT,
            "bulk-refused",
            "Nothing was done",
            "nothing was done: 2 of the orders could not be changed",
        ),
        maintenance.AssetRetired: ProblemType(
            _Status.CONFLICT,
            "asset-retired",
            "The asset is retired",
            "asset P-101 is retired and takes no new work",
        ),
        maintenance.ProblemOpen: ProblemType(
            _Status.CONFLICT,
            "problem-open",
            "An order about this problem is open",
            "WO-000001 is open about the same problem",
        ),
        maintenance.ScheduleFrozen: ProblemType(
            _Status.CONFLICT,
            "schedule-frozen",
            "The week is frozen already",
            "the schedule of berlin for the week of 2026-03-02 is frozen already",
        ),
        maintenance.CodeTaken: ProblemType(
            _Status.CONFLICT,
            "code-taken",
            "The code is taken",
            "kim is the code of a person: choose another one",
        ),
        maintenance.RegisterConflict: ProblemType(
            _Status.UNPROCESSABLE_ENTITY,
            "register-conflict",
            "The register would contradict itself",
            "parent: P-101 cannot be a part of itself",
        ),
        maintenance.DowntimeOverlaps: ProblemType(
            _Status.CONFLICT,
            "downtime-overlaps",
            "The asset is down already at that time",
            "P-101 is down since 2026-11-23 10:00Z (downtime 7)",
        ),
        maintenance.DowntimeEnded: ProblemType(
            _Status.CONFLICT,
            "downtime-ended",
            "The downtime is over",
            "downtime 7 has ended at 2026-11-23 12:00Z",
        ),
        maintenance.ImportRefused: ProblemType(
            _Status.UNPROCESSABLE_ENTITY,
            "import-refused",
            "Rows of the file are wrong",
            "row 3, column class: there is no asset class 'pmp'. Did you mean 'pump'?",
        ),
        maintenance.FileTooLarge: ProblemType(
            _Status.REQUEST_ENTITY_TOO_LARGE,
            "file-too-large",
            "The file is too large",
            "the file is larger than 32 MiB",
        ),
        maintenance.FileEmpty: ProblemType(
            _Status.UNPROCESSABLE_ENTITY,
            "file-empty",
            "The file holds nothing",
            "the file holds nothing",
        ),
        maintenance.FileMissing: _INTERNAL,
        maintenance.StockShort: ProblemType(
            _Status.CONFLICT,
            "stock-short",
            "There is not that much in stock",
            "MAIN has 1 of BRG-6309 to give, not 2",
        ),
        maintenance.BookingRefused: ProblemType(
            _Status.CONFLICT,
            "booking-refused",
            "This cannot be booked",
            "entry 7 was taken back before",
        ),
        maintenance.LimitExceeded: ProblemType(
            _Status.FORBIDDEN,
            "limit-exceeded",
            "It costs more than you may approve",
            "RQ-000001 costs 900000 minor units, more than the 500000 that you may approve",
        ),
        maintenance.PriceMissing: ProblemType(
            _Status.CONFLICT,
            "price-missing",
            "No vendor has a price for it",
            "no vendor has agreed on a price for BRG-6309",
        ),
        maintenance.DeliveryRefused: ProblemType(
            _Status.CONFLICT,
            "delivery-refused",
            "The delivery differs from what was ordered",
            "12 are more than the 10 that are still to come",
        ),
        maintenance.ContractRefused: ProblemType(
            _Status.CONFLICT,
            "contract-refused",
            "The contract does not allow this",
            "contract SC-1 has 20000 minor units left, not 50000",
        ),
        maintenance.PlanUnknown: ProblemType(
            _Status.UNPROCESSABLE_ENTITY,
            "plan-unknown",
            "There is no such job plan in use",
            "there is no job plan inspect-baring in use",
        ),
        maintenance.StepStale: ProblemType(
            _Status.PRECONDITION_FAILED,
            "step-stale",
            "Somebody recorded at the step meanwhile",
            "'Vibration' was recorded meanwhile (revision 2, not 1): look at it again",
        ),
        maintenance.StepValueInvalid: ProblemType(
            _Status.UNPROCESSABLE_ENTITY,
            "step-value-invalid",
            "The step asks for something else",
            "'Vibration' asks for a number",
        ),
        maintenance.OccurrenceSettled: ProblemType(
            _Status.CONFLICT,
            "occurrence-settled",
            "This work of a plan is no longer ahead",
            "occurrence 17 is released already",
        ),
        maintenance.TooEarly: ProblemType(
            _Status.CONFLICT,
            "too-early",
            "Work done so early does not count",
            "occurrence 17: work counts for it from 2026-03-24 on",
        ),
        maintenance.JoinRefused: ProblemType(
            _Status.CONFLICT,
            "join-refused",
            "It cannot be joined to that",
            "WO-000001 is closed: nothing more is done for it",
        ),
        conditions.EventNotFound: ProblemType(
            _Status.NOT_FOUND, "not-found", "There is no such thing", "there is no event 9"
        ),
        conditions.RuleNotFound: ProblemType(
            _Status.NOT_FOUND, "not-found", "There is no such thing", "there is no rule pump/x"
        ),
        conditions.RuleInvalid: ProblemType(
            _Status.UNPROCESSABLE_ENTITY,
            "rule-invalid",
            "The rule has mistakes",
            "request: 'tmp' is not an input; Did you mean 'temp'?",
        ),
        conditions.RuleTransitionRefused: ProblemType(
            _Status.CONFLICT,
            "transition-refused",
            "The state does not allow this",
            "cannot activate pump/hot version 3: it is draft; allowed now: shadow, retire",
        ),
        conditions.BacktestNotFound: ProblemType(
            _Status.NOT_FOUND, "not-found", "There is no such thing", "there is no backtest 9"
        ),
        conditions.BacktestRefused: ProblemType(
            _Status.UNPROCESSABLE_ENTITY,
            "backtest-refused",
            "This backtest could tell nothing",
            "start has to be before end",
        ),
        conditions.BacktestCancelled: _INTERNAL,
        conditions.FailuresUnreadable: _INTERNAL,
        conditions.AssetUnknown: ProblemType(
            _Status.UNPROCESSABLE_ENTITY,
            "asset-unknown",
            "The asset is not in the register",
            "apply the asset before its parameters",
        ),
        conditions.EventClosed: ProblemType(
            _Status.CONFLICT,
            "event-closed",
            "The event has cleared",
            "event 9 has cleared: there is nothing to shelve",
        ),
        conditions.ShelfTooLong: ProblemType(
            _Status.UNPROCESSABLE_ENTITY,
            "shelf-too-long",
            "It may not be shelved until then",
            "shelve a critical event for at most 8 hours",
        ),
        conditions.NotShelved: ProblemType(
            _Status.CONFLICT, "not-shelved", "The event is not shelved", "event 9 is not shelved"
        ),
        conditions.ResetRefused: ProblemType(
            _Status.CONFLICT,
            "reset-refused",
            "The event cannot be reset now",
            "event 9 cannot be reset: acknowledge it first",
        ),
        conditions.AlreadyOutOfService: ProblemType(
            _Status.CONFLICT,
            "already-out-of-service",
            "It is out of service already",
            "every alarm of P-101 is out of service already",
        ),
        conditions.NotInForce: ProblemType(
            _Status.NOT_FOUND,
            "not-found",
            "There is no such thing",
            "nothing is out of service under 9",
        ),
        conditions.LibraryEntryUnknown: ProblemType(
            _Status.NOT_FOUND, "not-found", "There is no such thing", "there is no template 'pump'"
        ),
        conditions.SnapshotUnreadable: _INTERNAL,
        ingest.CursorMoved: _INTERNAL,
        ingest.NotAMeter: ProblemType(
            _Status.CONFLICT,
            "not-a-meter",
            "The point is no counter",
            "the point is no counter: only counters have a meter",
        ),
        ingest.FactMissing: ProblemType(
            _Status.NOT_FOUND, "not-found", "There is no such thing", "the meter has no fact 9"
        ),
        ingest.FactRefused: ProblemType(
            _Status.UNPROCESSABLE_ENTITY,
            "fact-refused",
            "What is said of the meter cannot be so",
            "at: it lies in the future",
        ),
        ingest.ImportRefused: _INTERNAL,
        ingest.ExportRefused: _INTERNAL,
        ingest.DeadLetterMissing: ProblemType(
            _Status.NOT_FOUND, "not-found", "There is no such thing", "there is no dead letter 9"
        ),
        ingest.DeadLetterSettled: ProblemType(
            _Status.CONFLICT,
            "dead-letter-settled",
            "Somebody retried or discarded it before",
            "dead letter 9 was discarded by kim",
        ),
        ingest.RetryRefused: ProblemType(
            _Status.UNPROCESSABLE_ENTITY,
            "retry-refused",
            "It still cannot be stored",
            "of 1 rows 0 are older than readings are kept and 1 lie too far in the future",
        ),
        ingest.DiscardReasonMissing: ProblemType(
            _Status.UNPROCESSABLE_ENTITY,
            "requirement-missing",
            "Something is missing for this",
            "say why it is given up",
        ),
        config.DatabaseUnavailable: ProblemType(
            _Status.SERVICE_UNAVAILABLE,
            "database-unavailable",
            "The database cannot be reached",
            "the database cannot be reached",
        ),
        config.DatabaseOutdated: ProblemType(
            _Status.SERVICE_UNAVAILABLE,
            "database-outdated",
            "The database is older than this program",
            "the database lacks migration 0007_access: run `oilcan migrate`",
        ),
        config.LogUnavailable: ProblemType(
            _Status.SERVICE_UNAVAILABLE,
            "log-unavailable",
            "The log cannot be reached",
            "the log cannot be reached",
        ),
        config.OilcanError: _INTERNAL,
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
        status = _Status(error.status_code)
        slug = status.name.lower().replace("_", "-")
        kind = ProblemType(status, slug, status.phrase, "")
        return Problem(kind, str(error.detail), headers=error.headers or {})
    return Problem(_INTERNAL, "see the server's own messages")


def answer(problem: Problem) -> JSONResponse:
    """A problem as a response."""
    kind = problem.kind
    headers = dict(problem.headers)
    if kind.status == _Status.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(
        body_of(kind, problem.detail, **problem.more),
        status_code=kind.status,
        media_type=MEDIA_TYPE,
        headers=headers,
    )
