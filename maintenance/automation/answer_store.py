"""SQL of answers to mails: which are due, who asked for what, what they were told."""

from datetime import datetime
from typing import Any, Final, LiteralString

from config.database import Connection, fetch_dicts, fetch_one
from maintenance.requests.standing import Stage

RECEIPT = "mail.receipt"
"""Topic of the answer to one mail."""

# The secret address of a request is told to the one who made it, never to others who add a word.
DUE: Final[LiteralString] = """
SELECT mail.message_id, mail.sender, mail.subject, mail.request, mail.outcome,
       coalesce(mail.follow, (
           SELECT first.follow FROM work_request r
           JOIN mail_taken first ON first.message_id = r.external_id
           WHERE r.number = mail.request AND r.channel = 'email' AND first.sender = mail.sender
       )) AS follow
FROM mail_taken mail
WHERE mail.answered_at IS NULL AND mail.no_answer = '' AND mail.outcome <> 'ignored'
  AND mail.taken_at > %(since)s
ORDER BY mail.taken_at
LIMIT %(limit)s
FOR UPDATE OF mail SKIP LOCKED
"""

NOTE_ANSWERED: Final[LiteralString] = """
UPDATE mail_taken SET answered_at = %(at)s WHERE message_id = %(message_id)s
"""

NOTE_UNANSWERED: Final[LiteralString] = """
UPDATE mail_taken SET no_answer = %(why)s WHERE message_id = %(message_id)s
"""

COUNT_ANSWERS: Final[LiteralString] = """
SELECT count(*) FROM delivery
WHERE recipient = %(recipient)s AND topic = 'mail.receipt' AND created_at > %(since)s
"""

ASKED: Final[LiteralString] = """
SELECT r.id, mail.message_id, mail.sender, mail.subject, mail.follow, told.stage
FROM work_request r
JOIN mail_taken mail ON mail.message_id = r.external_id
LEFT JOIN request_told told ON told.work_request_id = r.id
WHERE r.channel = 'email' AND mail.no_answer = '' AND r.id IN (
    SELECT id FROM work_request WHERE number = %(request)s
    UNION ALL
    SELECT id FROM work_request WHERE work_order_id = %(order_id)s
    UNION ALL
    SELECT twin.id FROM work_request own JOIN work_request twin ON twin.duplicate_of = own.id
    WHERE own.work_order_id = %(order_id)s
)
ORDER BY r.id
"""

NOTE_TOLD: Final[LiteralString] = """
INSERT INTO request_told (work_request_id, stage, told_at) VALUES (%(id)s, %(stage)s, %(at)s)
ON CONFLICT (work_request_id) DO UPDATE SET stage = excluded.stage, told_at = excluded.told_at
"""


async def due(connection: Connection, *, since: datetime, limit: int) -> list[dict[str, Any]]:
    """Mails that are to be answered, oldest first, held to the end of the transaction."""
    return await fetch_dicts(connection, DUE, {"since": since, "limit": limit})


async def note_answered(connection: Connection, message_id: str, *, at: datetime) -> None:
    """The answer to a mail lies in the deliveries."""
    await connection.execute(NOTE_ANSWERED, {"message_id": message_id, "at": at})


async def note_unanswered(connection: Connection, message_id: str, why: str) -> None:
    """A mail gets no answer."""
    await connection.execute(NOTE_UNANSWERED, {"message_id": message_id, "why": why})


async def count_answers(connection: Connection, recipient: str, since: datetime) -> int:
    """How many mails of an address were answered since then."""
    row = await fetch_one(connection, COUNT_ANSWERS, {"recipient": recipient, "since": since})
    return int(row[0]) if row else 0


async def asked(
    connection: Connection, order_id: int | None, request: str | None
) -> list[dict[str, Any]]:
    """Requests by e-mail that an order or a request's number is about, and what was told last."""
    return await fetch_dicts(connection, ASKED, {"order_id": order_id, "request": request})


async def note_told(connection: Connection, request_id: int, stage: Stage, *, at: datetime) -> None:
    """Write down where a request was when its requester was told, or could have been."""
    await connection.execute(NOTE_TOLD, {"id": request_id, "stage": stage.value, "at": at})
