"""SQL writes of mails that were read or kept aside; transactions are the service's."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, LiteralString

from config.database import Connection, fetch_one
from maintenance.requests.mail.kept import KeptState, Taken
from maintenance.requests.mail.message import Mail

# Another process that reads the same mail waits here for the end of the first one's transaction.
INSERT_TAKEN: Final[LiteralString] = """
INSERT INTO mail_taken (
    message_id, content_hash, sender, subject, outcome, request, reason, no_answer, follow, taken_at
) VALUES (
    %(message_id)s, %(content_hash)s, %(sender)s, %(subject)s, %(outcome)s, %(request)s,
    %(reason)s, %(no_answer)s, %(follow)s, %(at)s
)
ON CONFLICT (message_id) DO NOTHING
RETURNING true
"""

NOTE_TAKEN: Final[LiteralString] = """
UPDATE mail_taken SET outcome = %(outcome)s, request = %(request)s WHERE message_id = %(message_id)s
"""

KEEP_ASIDE: Final[LiteralString] = """
INSERT INTO mail_kept (digest, content, size, is_whole, sender, subject, reason, kept_at)
VALUES (sha256(%(content)s), %(content)s, %(size)s, %(is_whole)s, %(sender)s, %(subject)s,
        %(reason)s, %(at)s)
ON CONFLICT (digest) DO NOTHING
"""

HOLD_KEPT: Final[LiteralString] = """
SELECT content, is_whole FROM mail_kept WHERE id = %(id)s AND state = 'waiting' FOR UPDATE
"""

SETTLE_KEPT: Final[LiteralString] = """
UPDATE mail_kept
   SET state = %(state)s, request = %(request)s, settled_at = %(at)s, settled_by = %(actor)s,
       content = NULL
 WHERE id = %(id)s AND state = 'waiting'
RETURNING id
"""

EXPLAIN_KEPT: Final[LiteralString] = """
UPDATE mail_kept SET reason = %(reason)s WHERE id = %(id)s AND state = 'waiting'
"""

FORGET_IGNORED: Final[LiteralString] = """
DELETE FROM mail_taken WHERE outcome = 'ignored' AND taken_at < %(before)s
"""


@dataclass(frozen=True, slots=True)
class Aside:
    """A mail to be kept aside; `size` is the whole one's, of which `content` may be the head."""

    content: bytes
    size: int
    is_whole: bool
    sender: str
    subject: str
    reason: str


@dataclass(frozen=True, slots=True)
class Answering:
    """Why a mail gets no answer, else empty; `follow` is the secret that its answer tells."""

    no_answer: str = ""
    follow: str | None = None


async def insert_taken(
    connection: Connection, mail: Mail, taken: Taken, answering: Answering, *, at: datetime
) -> bool:
    """Note that a mail was read; False: one of this name was read before."""
    given = {
        "message_id": mail.message_id,
        "content_hash": mail.content_hash,
        "sender": mail.sender or "",
        "subject": mail.subject,
        "outcome": taken.outcome,
        "request": taken.request,
        "reason": taken.reason,
        "no_answer": answering.no_answer,
        "follow": answering.follow,
        "at": at,
    }
    return await fetch_one(connection, INSERT_TAKEN, given) is not None


async def note_taken(connection: Connection, message_id: str, taken: Taken) -> None:
    """Say what became of a mail that was noted as read."""
    given = {"message_id": message_id, "outcome": taken.outcome, "request": taken.request}
    await connection.execute(NOTE_TAKEN, given)


async def keep_aside(connection: Connection, aside: Aside, *, at: datetime) -> None:
    """Keep a mail until a person has looked at it; the same one is kept once."""
    given = {name: getattr(aside, name) for name in aside.__slots__}
    await connection.execute(KEEP_ASIDE, given | {"at": at})


async def hold_kept(connection: Connection, kept_id: int) -> tuple[bytes, bool] | None:
    """Bytes of a mail that waits, and whether they are all of it; held for the transaction."""
    row = await fetch_one(connection, HOLD_KEPT, {"id": kept_id})
    return (bytes(row[0]), bool(row[1])) if row else None


async def settle_kept(
    connection: Connection,
    kept_id: int,
    state: KeptState,
    *,
    request: str | None,
    actor: str,
    at: datetime,
) -> bool:
    """End the waiting of a mail; False where it does not wait."""
    given = {"id": kept_id, "state": state, "request": request, "actor": actor, "at": at}
    return await fetch_one(connection, SETTLE_KEPT, given) is not None


async def explain_kept(connection: Connection, kept_id: int, reason: str) -> None:
    """Say why a mail could not be taken this time."""
    await connection.execute(EXPLAIN_KEPT, {"id": kept_id, "reason": reason})


async def forget_ignored(connection: Connection, *, before: datetime) -> None:
    """Forget which programs' mails were read; what led to a request stays known for ever."""
    await connection.execute(FORGET_IGNORED, {"before": before})
