"""Errors as pages, for whoever looks at us with a browser."""

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException

from api import problems
from api.errors import NotAuthenticated
from api.pages.render import render
from api.pages.session import login_address
from config.errors import OilcanError

_SEE_OTHER = 303


def install(application: FastAPI) -> None:
    """Answer the errors of pages as pages; those of the API stay problems."""
    for kind in (OilcanError, HTTPException, RequestValidationError):
        application.add_exception_handler(kind, _answer)


async def _answer(request: Request, error: Exception) -> Response:
    problem = problems.problem_of(error)
    if not _wants_page(request):
        return problems.answer(problem)
    if isinstance(error, NotAuthenticated):
        return RedirectResponse(login_address(request), _SEE_OTHER)
    return render(
        request, "error.html", caller=None, status=int(problem.kind.status), problem=problem
    )


def _wants_page(request: Request) -> bool:
    accepts = request.headers.get("accept", "")
    return not request.url.path.startswith("/api/") and "text/html" in accepts
