"""A request that may be sent again without being carried out again (`Idempotency-Key`).

The answer is written in the transaction of the command itself: either both are there or neither.
An answer is kept for a day. Only what was done is kept; a refusal may be tried again.
"""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from psycopg.types.json import Jsonb

from api.errors import IdempotencyKeyInFlight, IdempotencyKeyReused
from config.database import Connection, fetch_one

TRY_LOCK = "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))"

FORGET_OLD = "DELETE FROM idempotency_key WHERE created_at < now() - interval '24 hours'"

FIND = "SELECT fingerprint, status, body FROM idempotency_key WHERE caller = %s AND key = %s"

REMEMBER = """
INSERT INTO idempotency_key (caller, key, fingerprint, status, body) VALUES (%s, %s, %s, %s, %s)
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back, and sent again: a status and a JSON body."""

    status: int
    body: dict[str, Any]


async def once(
    connection: Connection,
    caller: str,
    key: str | None,
    request: bytes,
    command: Callable[[], Awaitable[Answer]],
) -> Answer:
    """The answer of `command`, or the one that it gave to this key before. No key: just carry it out.

    Raises `IdempotencyKeyInFlight`, and `IdempotencyKeyReused` where the key stood for another
    request. Runs in the caller's transaction.
    """
    if key is None:
        return await command()
    row = await fetch_one(connection, TRY_LOCK, [f"{caller}\x1f{key}"])
    if row is None or not row[0]:
        raise IdempotencyKeyInFlight("a request with this Idempotency-Key is being worked on")
    await connection.execute(FORGET_OLD)
    fingerprint = hashlib.sha256(request).digest()
    found = await fetch_one(connection, FIND, [caller, key])
    if found is not None:
        if found[0] != fingerprint:
            raise IdempotencyKeyReused("this Idempotency-Key belongs to another request")
        return Answer(found[1], found[2])
    answer = await command()
    await connection.execute(
        REMEMBER, [caller, key, fingerprint, answer.status, Jsonb(answer.body)]
    )
    return answer
