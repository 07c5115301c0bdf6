"""Reads of access: which API keys there are."""

from dataclasses import dataclass
from datetime import datetime

from api.access.roles import Role
from config.database import Connection


@dataclass(frozen=True, slots=True)
class KeyListing:
    """What may be shown of an API key."""

    prefix: str
    name: str
    role: Role
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


SELECT_KEYS = """
SELECT prefix, name, role, created_at, expires_at, revoked_at FROM api_key ORDER BY id
"""


async def list_api_keys(connection: Connection) -> list[KeyListing]:
    """Every key that was ever made, oldest first."""
    cursor = await connection.execute(SELECT_KEYS)
    return [
        KeyListing(prefix, name, Role(role), *times)
        for prefix, name, role, *times in await cursor.fetchall()
    ]
