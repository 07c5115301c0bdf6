"""Commands on people and keys, and the question who is asking.

Each works inside the caller's transaction.
"""

from datetime import datetime, timedelta

from api.access.caller import Caller, CallerKind
from api.access.credentials import (
    digest,
    hash_password,
    new_api_key,
    new_session_token,
    parse_api_key,
    password_fits,
    same,
)
from api.access.roles import Role
from api.access.store import (
    delete_session,
    delete_sessions_of,
    find_key,
    find_login,
    find_session,
    insert_key,
    insert_person,
    insert_session,
    revoke_key,
    update_password,
)
from api.errors import NameTaken, NotAuthenticated, ResourceMissing
from config.clock import ClockUs, from_us, now_us
from config.database import Connection

SESSION_LASTS = timedelta(hours=12)


async def create_person(
    connection: Connection, *, login: str, name: str, role: Role, password: str
) -> int:
    """Id of a new person who may sign in. Raises `NameTaken`."""
    hashed = await hash_password(password)
    person_id = await insert_person(
        connection, login=login, name=name, role=role, password_hash=hashed
    )
    if person_id is None:
        raise NameTaken(f"a person with the login {login!r} exists")
    return person_id


async def set_password(connection: Connection, *, login: str, password: str) -> None:
    """Change a password and end the person's sessions. Raises `ResourceMissing`."""
    hashed = await hash_password(password)
    person_id = await update_password(connection, login=login, password_hash=hashed)
    if person_id is None:
        raise ResourceMissing(f"nobody has the login {login!r}")
    await delete_sessions_of(connection, person_id)


async def create_api_key(
    connection: Connection, *, name: str, role: Role, expires: datetime | None = None
) -> str:
    """The text of a new key: it is shown this once and cannot be found out again."""
    key = new_api_key()
    await insert_key(
        connection,
        name=name,
        prefix=key.prefix,
        key_hash=digest(key.secret),
        role=role,
        expires_at=expires,
    )
    return str(key)


async def revoke_api_key(connection: Connection, prefix: str, *, clock: ClockUs = now_us) -> None:
    """Make a key worthless from now on. Raises `ResourceMissing`."""
    if not await revoke_key(connection, prefix, from_us(clock())):
        raise ResourceMissing(f"there is no key {prefix!r} that holds")


async def authenticate(connection: Connection, key_text: str, *, clock: ClockUs = now_us) -> Caller:
    """The program behind an API key. Raises `NotAuthenticated`."""
    if (key := parse_api_key(key_text)) is not None:
        stored = await find_key(connection, key.prefix, from_us(clock()))
        if stored is not None and same(stored.key_hash, digest(key.secret)):
            return Caller(CallerKind.KEY, stored.id, f"key:{stored.name}", stored.role)
    raise NotAuthenticated("the API key is unknown, expired or revoked")


async def sign_in(
    connection: Connection, *, login: str, password: str, clock: ClockUs = now_us
) -> str:
    """The token of a new session. Raises `NotAuthenticated`, not saying what was wrong."""
    found = await find_login(connection, login)
    if not await password_fits(password, found.password_hash if found else None) or found is None:
        raise NotAuthenticated("login or password is wrong")
    token = new_session_token()
    await insert_session(
        connection,
        token_hash=digest(token),
        person_id=found.person_id,
        expires_at=from_us(clock()) + SESSION_LASTS,
    )
    return token


async def session_caller(connection: Connection, token: str, *, clock: ClockUs = now_us) -> Caller:
    """The person behind a session's token. Raises `NotAuthenticated`."""
    holder = await find_session(connection, digest(token), from_us(clock()))
    if holder is None:
        raise NotAuthenticated("the session is over: sign in again")
    return Caller(CallerKind.PERSON, holder.person_id, holder.login, holder.role)


async def sign_out(connection: Connection, token: str) -> None:
    """End the session of a token; one that is over already is no error."""
    await delete_session(connection, digest(token))
