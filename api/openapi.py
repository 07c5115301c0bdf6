"""The description of the API: what FastAPI finds in the routes, and the problem's schema."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.problems import ProblemBody

TITLE = "Oilcan"
VERSION = "1"
DESCRIPTION = """\
Assets, points and their readings, rules, condition events and work orders of a plant.

- Send `Authorization: Bearer ock_…`; pages use a session cookie instead.
- Lists come in pages: `{"items": […], "next": "…"}`; send `next` as `cursor` for the next one.
- Errors are `application/problem+json` (RFC 9457); `type` says which kind.
- A work order's `ETag` is its version: send it as `If-Match` with every action.
- Times are UTC, values in the unit that stands beside them.
"""


def install(application: FastAPI) -> None:
    """Have the application describe itself completely."""
    found: dict[str, Any] = {}

    def describe() -> dict[str, Any]:
        if not found:
            found.update(_describe(application))
        return found

    application.openapi = describe  # type: ignore[method-assign]


def _describe(application: FastAPI) -> dict[str, Any]:
    schema = get_openapi(
        title=TITLE, version=VERSION, description=DESCRIPTION, routes=application.routes
    )
    schema["components"]["schemas"]["Problem"] = ProblemBody.model_json_schema()
    return schema
