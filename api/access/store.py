"""The rows of people, their sessions, and API keys."""

from dataclasses import dataclass
from datetime import datetime

from api.access.roles import Role
from config.database import Connection, fetch_one


@dataclass(frozen=True, slots=True)
class Login:
    """What is known of a login that is not disabled."""

    person_id: int
    role: Role
    password_hash: str


@dataclass(frozen=True, slots=True)
class StoredKey:
    """An API key that is neither revoked nor expired."""

    id: int
    name: str
    role: Role
    key_hash: bytes


@dataclass(frozen=True, slots=True)
class Holder:
    """The person behind a session that has not expired."""

    person_id: int
    login: str
    role: Role


async def insert_person(
    connection: Connection, *, login: str, name: str, role: Role, password_hash: str
) -> int | None:
    """Id of the new person, or None where the login exists."""
    row = await fetch_one(
        connection,
        """
        INSERT INTO person (login, name, role, password_hash) VALUES (%s, %s, %s, %s)
        ON CONFLICT (login) DO NOTHING RETURNING id
        """,
        [login, name, role, password_hash],
    )
    return None if row is None else row[0]


async def update_password(connection: Connection, *, login: str, password_hash: str) -> int | None:
    """Id of the person whose password was changed, or None where nobody has this login."""
    row = await fetch_one(
        connection,
        "UPDATE person SET password_hash = %s WHERE login = %s RETURNING id",
        [password_hash, login],
    )
    return None if row is None else row[0]


async def find_login(connection: Connection, login: str) -> Login | None:
    """The person with this login, unless disabled."""
    row = await fetch_one(
        connection,
        "SELECT id, role, password_hash FROM person WHERE login = %s AND disabled_at IS NULL",
        [login],
    )
    return None if row is None else Login(row[0], Role(row[1]), row[2])


async def insert_session(
    connection: Connection, *, token_hash: bytes, person_id: int, expires_at: datetime
) -> None:
    """Remember a session; forget those that are over."""
    await connection.execute("DELETE FROM web_session WHERE expires_at < now()")
    await connection.execute(
        "INSERT INTO web_session (token_hash, person_id, expires_at) VALUES (%s, %s, %s)",
        [token_hash, person_id, expires_at],
    )


async def find_session(connection: Connection, token_hash: bytes, at: datetime) -> Holder | None:
    """The person of a session that holds at a time."""
    row = await fetch_one(
        connection,
        """
        SELECT person.id, person.login, person.role
        FROM web_session JOIN person ON person.id = web_session.person_id
        WHERE token_hash = %s AND expires_at > %s AND disabled_at IS NULL
        """,
        [token_hash, at],
    )
    return None if row is None else Holder(row[0], row[1], Role(row[2]))


async def delete_session(connection: Connection, token_hash: bytes) -> None:
    """End a session."""
    await connection.execute("DELETE FROM web_session WHERE token_hash = %s", [token_hash])


async def delete_sessions_of(connection: Connection, person_id: int) -> None:
    """End every session of a person."""
    await connection.execute("DELETE FROM web_session WHERE person_id = %s", [person_id])


async def insert_key(
    connection: Connection,
    *,
    name: str,
    prefix: str,
    key_hash: bytes,
    role: Role,
    expires_at: datetime | None,
) -> None:
    """Remember a key by its hash."""
    await connection.execute(
        """
        INSERT INTO api_key (name, prefix, key_hash, role, expires_at)
        VALUES (%s, %s, %s, %s, %s)
        """,
        [name, prefix, key_hash, role, expires_at],
    )


async def find_key(connection: Connection, prefix: str, at: datetime) -> StoredKey | None:
    """The key with this prefix, if it holds at a time."""
    row = await fetch_one(
        connection,
        """
        SELECT id, name, role, key_hash FROM api_key
        WHERE prefix = %s AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > %s)
        """,
        [prefix, at],
    )
    return None if row is None else StoredKey(row[0], row[1], Role(row[2]), row[3])


async def revoke_key(connection: Connection, prefix: str, at: datetime) -> bool:
    """Was there a key with this prefix that was not revoked yet?"""
    row = await fetch_one(
        connection,
        """
        UPDATE api_key SET revoked_at = %s WHERE prefix = %s AND revoked_at IS NULL RETURNING id
        """,
        [at, prefix],
    )
    return row is not None
