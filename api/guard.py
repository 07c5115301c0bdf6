"""Who is asking, as a dependency of a route: `Annotated[Caller, Depends(require(...))]`."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer

from api.access.caller import Caller
from api.access.roles import Permission
from api.access.same_origin import SAFE_METHODS, from_same_origin
from api.access.service import authenticate, session_caller
from api.errors import CrossSiteRequest, NotAuthenticated, NotPermitted
from api.services import ConnectionOf, ServicesOf

SESSION_COOKIE = "oilcan_session"
_LOOPBACK = frozenset({"127.0.0.1", "::1"})
_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip")

_bearer = HTTPBearer(
    scheme_name="API key", description="`Authorization: Bearer ock_…`", auto_error=False
)
_cookie = APIKeyCookie(
    name=SESSION_COOKIE,
    scheme_name="Session",
    description="The cookie of somebody signed in to the pages.",
    auto_error=False,
)


BearerOf = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


async def identify(
    request: Request,
    services: ServicesOf,
    connection: ConnectionOf,
    bearer: BearerOf,
    token: Annotated[str | None, Depends(_cookie)],
) -> Caller:
    """The caller of a request. Raises `NotAuthenticated`, `CrossSiteRequest`."""
    if bearer is not None:
        return await authenticate(connection, bearer.credentials, clock=services.clock)
    if token is None:
        raise NotAuthenticated("send an API key (Authorization: Bearer ock_…) or sign in")
    if request.method not in SAFE_METHODS and not from_same_origin(request.headers):
        raise CrossSiteRequest("a changing request with a session has to come from our own pages")
    return await session_caller(connection, token, clock=services.clock)


CallerOf = Annotated[Caller, Depends(identify)]


def require(permission: Permission) -> Callable[[Caller], Awaitable[Caller]]:
    """A dependency that gives the caller if its role includes `permission`.

    It raises `NotPermitted` otherwise.
    """

    async def permitted(caller: CallerOf) -> Caller:
        demand(caller, permission)
        return caller

    return permitted


def require_and_let_go(permission: Permission) -> Callable[..., Awaitable[Caller]]:
    """The same, for a route that waits for others: it holds no connection meanwhile."""

    async def permitted(
        request: Request,
        services: ServicesOf,
        bearer: BearerOf,
        token: Annotated[str | None, Depends(_cookie)],
    ) -> Caller:
        async with services.database.connection() as connection:
            caller = await identify(request, services, connection, bearer, token)
        demand(caller, permission)
        return caller

    return permitted


def demand(caller: Caller, permission: Permission) -> None:
    """Raise `NotPermitted` unless the caller's role includes the permission."""
    if not caller.may(permission):
        raise NotPermitted(f"the role {caller.role} may not {permission}")


Reader = Annotated[Caller, Depends(require(Permission.READ))]


async def local_or_key(request: Request, services: ServicesOf, bearer: BearerOf) -> None:
    """Let in what runs on this machine or holds a key. Raises `NotAuthenticated`.

    What a proxy on this machine passes on is not local: its headers say so.
    """
    if is_local(request):
        return
    if bearer is None:
        raise NotAuthenticated("from another machine this needs an API key")
    async with services.database.connection() as connection:
        await authenticate(connection, bearer.credentials, clock=services.clock)


def is_local(request: Request) -> bool:
    """Does the request come from this machine, and not through a proxy?"""
    host = request.client.host if request.client else ""
    return host in _LOOPBACK and not any(name in request.headers for name in _FORWARDED)
