"""Reads of mails: what was read before, who wrote, which asset they name, what is kept aside."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, LiteralString

from psycopg.rows import dict_row

from config.database import Connection, fetch_one
from maintenance.errors import NotFound
from maintenance.requests.mail.kept import KeptMail, KeptState

CONTENT_OF_TAKEN: Final[LiteralString] = """
SELECT content_hash FROM mail_taken WHERE message_id = %(message_id)s
"""

# The nearest of the mails that it replies to which led to a request.
REQUEST_OF_THREADS: Final[LiteralString] = """
SELECT taken.request
  FROM unnest(%(threads)s::text[]) WITH ORDINALITY AS thread (message_id, rank)
  JOIN mail_taken taken USING (message_id)
 WHERE taken.request IS NOT NULL
 ORDER BY thread.rank
 LIMIT 1
"""

REQUEST_EXISTS: Final[LiteralString] = """
SELECT number FROM work_request WHERE number = %(number)s
"""

TAKEN_SINCE: Final[LiteralString] = """
SELECT count(*) FROM mail_taken
 WHERE sender = %(sender)s AND taken_at > %(since)s AND outcome <> 'ignored'
"""

# Of several people with one address nobody is meant: then it is the address that reports.
STAFF_OF_ADDRESS: Final[LiteralString] = """
SELECT min(coalesce(login, code)) FROM staff
 WHERE lower(contacts ->> 'email') = %(address)s AND retired_at IS NULL
HAVING count(*) = 1
"""

TAGS_AMONG: Final[LiteralString] = """
SELECT asset.tag
  FROM unnest(%(words)s::text[]) WITH ORDINALITY AS said (word, rank)
  JOIN asset ON asset.tag = said.word
 WHERE asset.retired_at IS NULL
 GROUP BY asset.tag
 ORDER BY min(said.rank)
"""

FIND_KEPT: Final[LiteralString] = """
SELECT id, sender, subject, reason, size, is_whole, state, request, kept_at, settled_at, settled_by
  FROM mail_kept
 WHERE (%(only)s::bigint IS NULL OR id = %(only)s)
   AND (%(state)s::text IS NULL OR state = %(state)s)
   AND (%(after)s::bigint IS NULL OR id < %(after)s)
 ORDER BY id DESC
 LIMIT %(limit)s
"""

COUNT_KEPT: Final[LiteralString] = "SELECT count(*) FROM mail_kept WHERE state = 'waiting'"

CONTENT_OF_KEPT: Final[LiteralString] = """
SELECT content FROM mail_kept WHERE id = %(id)s AND content IS NOT NULL
"""


async def content_of_taken(connection: Connection, message_id: str) -> bytes | None:
    """Hash of the mail of that name that was read before."""
    row = await fetch_one(connection, CONTENT_OF_TAKEN, {"message_id": message_id})
    return bytes(row[0]) if row else None


async def request_of_threads(connection: Connection, threads: Sequence[str]) -> str | None:
    """Number of the request that the mails of these names are about; the nearest decides."""
    row = await fetch_one(connection, REQUEST_OF_THREADS, {"threads": list(threads)})
    return str(row[0]) if row else None


async def request_exists(connection: Connection, number: str) -> bool:
    """Is there a request of that number?"""
    return await fetch_one(connection, REQUEST_EXISTS, {"number": number}) is not None


async def taken_since(connection: Connection, sender: str, since: datetime) -> int:
    """How many mails of a sender led to something since then."""
    row = await fetch_one(connection, TAKEN_SINCE, {"sender": sender, "since": since})
    return int(row[0]) if row else 0


async def staff_of_address(connection: Connection, address: str) -> str | None:
    """Login or code of the one person whose e-mail address it is."""
    row = await fetch_one(connection, STAFF_OF_ADDRESS, {"address": address})
    return str(row[0]) if row else None


async def tags_among(connection: Connection, words: Sequence[str]) -> list[str]:
    """Tags of assets in use among words, in their order."""
    cursor = await connection.execute(TAGS_AMONG, {"words": list(words)})
    return [row[0] for row in await cursor.fetchall()]


async def find_kept(
    connection: Connection,
    *,
    state: KeptState | None = KeptState.WAITING,
    after: int | None = None,
    limit: int = 50,
) -> list[KeptMail]:
    """Mails that were kept aside, newest first."""
    return await _kept(connection, {"only": None, "state": state, "after": after, "limit": limit})


async def get_kept(connection: Connection, kept_id: int) -> KeptMail:
    """One of them. Raises `NotFound`."""
    given = {"only": kept_id, "state": None, "after": None, "limit": 1}
    found = await _kept(connection, given)
    if not found:
        raise NotFound("kept mail", str(kept_id))
    return found[0]


async def content_of_kept(connection: Connection, kept_id: int) -> bytes:
    """Bytes of a mail that waits. Raises `NotFound` where it was settled."""
    row = await fetch_one(connection, CONTENT_OF_KEPT, {"id": kept_id})
    if row is None:
        raise NotFound("kept mail", str(kept_id))
    return bytes(row[0])


async def count_kept(connection: Connection) -> int:
    """How many mails wait for somebody to look at them."""
    row = await fetch_one(connection, COUNT_KEPT)
    return int(row[0]) if row else 0


async def _kept(connection: Connection, given: dict[str, Any]) -> list[KeptMail]:
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(FIND_KEPT, given)
        rows = await cursor.fetchall()
    return [KeptMail(**{**row, "state": KeptState(row["state"])}) for row in rows]
