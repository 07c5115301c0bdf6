"""People, keys, sessions, roles: who gets in and who may do what."""

from datetime import timedelta
from itertools import pairwise

import httpx
import pytest

from api.access.caller import CallerKind
from api.access.credentials import new_api_key, parse_api_key
from api.access.roles import PERMISSIONS, Permission, Role, may
from api.access.same_origin import from_same_origin
from api.access.service import (
    SESSION_LASTS,
    authenticate,
    create_api_key,
    create_person,
    revoke_api_key,
    session_caller,
    set_password,
    sign_in,
    sign_out,
)
from api.access.throttle import Throttle
from api.errors import NameTaken, NotAuthenticated, ResourceMissing
from config.clock import from_us, now_us, to_us
from config.database import Connection, fetch_one


async def test_a_key_stands_for_its_name_and_role(connection: Connection) -> None:
    key = await create_api_key(connection, name="historian", role=Role.VIEWER)
    caller = await authenticate(connection, key)
    assert (caller.kind, caller.name, caller.role) == (
        CallerKind.KEY,
        "key:historian",
        Role.VIEWER,
    )


async def test_the_database_does_not_hold_the_secret(connection: Connection) -> None:
    key = await create_api_key(connection, name="historian", role=Role.VIEWER)
    parsed = parse_api_key(key)
    row = await fetch_one(connection, "SELECT to_jsonb(api_key)::text FROM api_key")
    assert parsed is not None
    assert row is not None
    assert parsed.prefix in row[0]
    assert parsed.secret not in row[0]


async def test_a_key_with_a_wrong_secret_is_refused(connection: Connection) -> None:
    key = await create_api_key(connection, name="historian", role=Role.VIEWER)
    with pytest.raises(NotAuthenticated):
        await authenticate(connection, key[:-1] + ("A" if key[-1] != "A" else "B"))


@pytest.mark.parametrize("text", ["", "ock", "ock_", "ock_ab", "ock_ab_", "oak_ab_cd"])
async def test_what_is_no_key_is_refused(connection: Connection, text: str) -> None:
    with pytest.raises(NotAuthenticated):
        await authenticate(connection, text)


async def test_an_expired_key_is_refused(connection: Connection) -> None:
    expires = from_us(now_us()) + timedelta(minutes=1)
    key = await create_api_key(connection, name="short", role=Role.VIEWER, expires=expires)
    await authenticate(connection, key)
    with pytest.raises(NotAuthenticated):
        await authenticate(connection, key, clock=lambda: to_us(expires))


async def test_a_revoked_key_is_refused(connection: Connection) -> None:
    key = await create_api_key(connection, name="lost", role=Role.VIEWER)
    prefix = key.split("_")[1]
    await revoke_api_key(connection, prefix)
    with pytest.raises(NotAuthenticated):
        await authenticate(connection, key)
    with pytest.raises(ResourceMissing):
        await revoke_api_key(connection, prefix)


def test_a_key_is_read_back_from_its_text() -> None:
    key = new_api_key()
    assert parse_api_key(str(key)) == key
    assert key.secret not in repr(key)


async def test_a_person_signs_in_and_out(connection: Connection) -> None:
    await create_person(connection, login="kim", name="Kim", role=Role.PLANNER, password="secret")
    token = await sign_in(connection, login="kim", password="secret")
    caller = await session_caller(connection, token)
    assert (caller.kind, caller.name, caller.role) == (CallerKind.PERSON, "kim", Role.PLANNER)
    await sign_out(connection, token)
    with pytest.raises(NotAuthenticated):
        await session_caller(connection, token)


@pytest.mark.parametrize(("login", "password"), [("kim", "wrong"), ("nobody", "secret")])
async def test_a_wrong_login_does_not_say_what_was_wrong(
    connection: Connection, login: str, password: str
) -> None:
    await create_person(connection, login="kim", name="Kim", role=Role.PLANNER, password="secret")
    with pytest.raises(NotAuthenticated, match=r"^login or password is wrong$"):
        await sign_in(connection, login=login, password=password)


async def test_a_session_ends_by_itself(connection: Connection) -> None:
    await create_person(connection, login="kim", name="Kim", role=Role.VIEWER, password="secret")
    token = await sign_in(connection, login="kim", password="secret")
    late = now_us() + to_us(from_us(0) + SESSION_LASTS)
    with pytest.raises(NotAuthenticated):
        await session_caller(connection, token, clock=lambda: late)


async def test_a_new_password_ends_the_sessions(connection: Connection) -> None:
    await create_person(connection, login="kim", name="Kim", role=Role.VIEWER, password="old")
    token = await sign_in(connection, login="kim", password="old")
    await set_password(connection, login="kim", password="new")
    with pytest.raises(NotAuthenticated):
        await session_caller(connection, token)
    assert await sign_in(connection, login="kim", password="new")


async def test_a_login_is_given_once(connection: Connection) -> None:
    await create_person(connection, login="kim", name="Kim", role=Role.VIEWER, password="a")
    with pytest.raises(NameTaken):
        await create_person(connection, login="kim", name="Kim 2", role=Role.VIEWER, password="b")


async def test_a_disabled_person_is_out_at_once(connection: Connection) -> None:
    await create_person(connection, login="kim", name="Kim", role=Role.VIEWER, password="a")
    token = await sign_in(connection, login="kim", password="a")
    await connection.execute("UPDATE person SET disabled_at = now()")
    with pytest.raises(NotAuthenticated):
        await session_caller(connection, token)
    with pytest.raises(NotAuthenticated):
        await sign_in(connection, login="kim", password="a")


def test_every_role_includes_the_one_before() -> None:
    roles = list(Role)
    assert roles == list(PERMISSIONS)
    for lesser, greater in pairwise(roles):
        assert PERMISSIONS[lesser] <= PERMISSIONS[greater]


@pytest.mark.parametrize(
    ("permission", "least"),
    [
        (Permission.READ, Role.VIEWER),
        (Permission.CREATE, Role.REQUESTER),
        (Permission.ACKNOWLEDGE, Role.TECHNICIAN),
        (Permission.WORK, Role.TECHNICIAN),
        (Permission.APPROVE, Role.PLANNER),
        (Permission.CLOSE, Role.PLANNER),
        (Permission.KEEP_METERS, Role.PLANNER),
        (Permission.KEEP_JOB_PLANS, Role.PLANNER),
        (Permission.KEEP_KNOWLEDGE, Role.PLANNER),
        (Permission.SHELVE, Role.PLANNER),
        (Permission.WRITE, Role.RELIABILITY_ENGINEER),
        (Permission.SILENCE, Role.RELIABILITY_ENGINEER),
        (Permission.ADMINISTER, Role.ADMINISTRATOR),
    ],
)
def test_each_permission_begins_with_a_role(permission: Permission, least: Role) -> None:
    assert next(role for role in Role if may(role, permission)) == least


@pytest.mark.parametrize(
    ("headers", "ours"),
    [
        ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "same-site"}, False),
        ({"sec-fetch-site": "cross-site", "origin": "http://oilcan", "host": "oilcan"}, False),
        ({"origin": "http://oilcan:8080", "host": "oilcan:8080"}, True),
        ({"origin": "http://evil", "host": "oilcan:8080"}, False),
        ({"origin": "null", "host": "oilcan"}, False),
        ({"host": "oilcan"}, False),
    ],
)
def test_a_browser_has_to_come_from_our_pages(headers: dict[str, str], ours: bool) -> None:
    assert from_same_origin(headers) is ours


class TestThrottle:
    def test_the_first_mistakes_cost_nothing(self) -> None:
        throttle = Throttle()
        throttle.failed("kim")
        throttle.failed("kim")
        assert throttle.delay_s("kim") == 0

    def test_more_of_them_cost_ever_more_up_to_a_bound(self) -> None:
        throttle = Throttle()
        delays = []
        for _ in range(12):
            throttle.failed("kim")
            delays.append(throttle.delay_s("kim"))
        assert delays[2:7] == [0.5, 1, 2, 4, 8]
        assert max(delays) == 8

    def test_others_do_not_wait(self) -> None:
        throttle = Throttle()
        for _ in range(5):
            throttle.failed("kim")
        assert throttle.delay_s("lee") == 0

    def test_success_and_time_forgive(self) -> None:
        now = [0]
        throttle = Throttle(lambda: now[0])
        for _ in range(5):
            throttle.failed("kim")
        now[0] = 901_000_000
        assert throttle.delay_s("kim") == 0
        for _ in range(5):
            throttle.failed("kim")
        throttle.succeeded("kim")
        assert throttle.delay_s("kim") == 0


async def test_without_a_key_the_api_says_so(stranger: httpx.AsyncClient) -> None:
    answer = await stranger.get("/api/v1/assets")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.json()["type"] == "/problems/not-authenticated"


async def test_a_session_reads_but_a_foreign_page_changes_nothing(
    stranger: httpx.AsyncClient, connection: Connection
) -> None:
    await create_person(connection, login="kim", name="Kim", role=Role.PLANNER, password="secret")
    token = await sign_in(connection, login="kim", password="secret")
    stranger.cookies.set("oilcan_session", token)
    assert (await stranger.get("/api/v1/assets")).status_code == 200
    new = {"asset": "P-1", "title": "x"}
    foreign = {"Sec-Fetch-Site": "cross-site"}
    refused = await stranger.post("/api/v1/work-orders", json=new, headers=foreign)
    assert refused.json()["type"] == "/problems/cross-site-request"
    own = {"Sec-Fetch-Site": "same-origin"}
    reached = await stranger.post("/api/v1/work-orders", json=new, headers=own)
    assert reached.json()["type"] == "/problems/not-found"
