"""Signing in and out of the pages, and what a page asks of whoever looks at it."""

import asyncio
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from api.access.same_origin import from_same_origin
from api.access.service import SESSION_LASTS, sign_in, sign_out
from api.errors import CrossSiteRequest, NotAuthenticated
from api.guard import SESSION_COOKIE, CallerOf
from api.pages.render import render
from api.services import ConnectionOf, ServicesOf

router = APIRouter(include_in_schema=False)

_SEE_OTHER = 303


@router.get("/login")
async def get_login(request: Request, next: str = "/") -> Response:  # noqa: A002 - in the address
    """The form."""
    return render(request, "login.html", caller=None, next=local_path(next), problem=None, login="")


@router.post("/login")
async def post_login(
    request: Request,
    services: ServicesOf,
    login: Annotated[str, Form(max_length=200)],
    password: Annotated[str, Form(max_length=1000)],
    next: Annotated[str, Form(max_length=2000)] = "/",  # noqa: A002 - the form's field
) -> Response:
    """Signs in and leads on. A wrong password answers late, each time later."""
    if not from_same_origin(request.headers):
        raise CrossSiteRequest("sign in from our own page")
    await asyncio.sleep(services.throttle.delay_s(login))
    try:
        # Opened only now: nobody who waits holds a connection.
        async with services.database.connection() as connection:
            token = await sign_in(connection, login=login, password=password, clock=services.clock)
    except NotAuthenticated as error:
        services.throttle.failed(login)
        return render(
            request,
            "login.html",
            caller=None,
            status=401,
            next=local_path(next),
            problem=str(error),
            login=login,
        )
    services.throttle.succeeded(login)
    response = RedirectResponse(local_path(next), _SEE_OTHER)
    response.set_cookie(
        SESSION_COOKIE,
        token,
        max_age=int(SESSION_LASTS.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )
    return response


@router.post("/logout")
async def post_logout(request: Request, connection: ConnectionOf, _: CallerOf) -> Response:
    """Ends the session, here and in the database."""
    await sign_out(connection, request.cookies.get(SESSION_COOKIE, ""))
    response = RedirectResponse("/login", _SEE_OTHER)
    response.delete_cookie(SESSION_COOKIE)
    return response


def local_path(address: str) -> str:
    """The address if it is a path of ours, else the first page: nobody is led elsewhere."""
    inside = address.startswith("/") and not address.startswith(("//", "/\\"))
    return address if inside else "/"


def login_address(request: Request) -> str:
    """The login page, leading back to the page that was asked for."""
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return f"/login?{urlencode({'next': wanted})}"
