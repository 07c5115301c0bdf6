"""Errors of asking: who asks, and what was asked for."""

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType

from api import errors as api
from api.problem_type import ProblemType, not_found
from config.errors import OilcanError

REQUESTS: Mapping[type[OilcanError], ProblemType] = MappingProxyType(
    {
        api.NotAuthenticated: ProblemType(
            HTTPStatus.UNAUTHORIZED,
            "not-authenticated",
            "Who is asking is not known",
            "the API key is unknown, expired or revoked",
        ),
        api.NotPermitted: ProblemType(
            HTTPStatus.FORBIDDEN,
            "not-permitted",
            "The role does not include this",
            "the role viewer may not approve",
        ),
        api.CrossSiteRequest: ProblemType(
            HTTPStatus.FORBIDDEN,
            "cross-site-request",
            "The request did not come from our pages",
            "a changing request with a session has to come from our own pages",
        ),
        api.ResourceMissing: not_found("there is no asset 'P-999'"),
        api.FormInvalid: ProblemType(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "form-invalid",
            "The form cannot be read",
            "the form is not one of ours: open the page again",
        ),
        api.TooManyRequests: ProblemType(
            HTTPStatus.TOO_MANY_REQUESTS,
            "too-many-requests",
            "Too many requests",
            "too many reports from here: wait a minute, or call somebody",
        ),
        api.CursorInvalid: ProblemType(
            HTTPStatus.BAD_REQUEST,
            "cursor-invalid",
            "The cursor is not one of this list",
            "start again without `cursor`",
        ),
        api.RangeInvalid: ProblemType(
            HTTPStatus.BAD_REQUEST,
            "range-invalid",
            "The range cannot be answered",
            "start has to be before end",
        ),
        api.PreconditionMissing: ProblemType(
            HTTPStatus.PRECONDITION_REQUIRED,
            "precondition-missing",
            "If-Match is needed",
            "read what is to be changed, and send its ETag as If-Match",
        ),
        api.PreconditionInvalid: ProblemType(
            HTTPStatus.BAD_REQUEST,
            "precondition-invalid",
            "If-Match is not an ETag of ours",
            'send If-Match as it was given, such as "3"',
        ),
        api.IdempotencyKeyInFlight: ProblemType(
            HTTPStatus.CONFLICT,
            "idempotency-key-in-flight",
            "The first request with this key is being worked on",
            "ask again in a moment",
        ),
        api.IdempotencyKeyReused: ProblemType(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "idempotency-key-reused",
            "The key belongs to another request",
            "use a new Idempotency-Key for a different request",
        ),
        api.CodeMismatch: ProblemType(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "code-mismatch",
            "Path and body name different things",
            "the path says shift-phone, the body says shift-mail",
        ),
        api.NameTaken: ProblemType(
            HTTPStatus.CONFLICT,
            "name-taken",
            "The name is taken",
            "a person with the login 'kim' exists",
        ),
    }
)
