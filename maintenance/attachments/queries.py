"""Reads of attachments: those that are in force, in the order in which they were made."""

from collections.abc import Sequence
from typing import Final, LiteralString

from psycopg.rows import TupleRow

from config.database import Connection, fetch_one
from maintenance.attachments.attachment import Attachment, Subject, SubjectKind
from maintenance.errors import NotFound

ATTACHMENTS: Final[LiteralString] = """
SELECT a.id, a.subject, a.subject_id, a.sha256, f.size, f.media_type, a.name, a.caption, a.actor,
       a.attached_at
  FROM attachment a
  JOIN kept_file f ON f.sha256 = a.sha256
 WHERE a.removed_at IS NULL
"""

OF_SUBJECTS: Final[LiteralString] = (
    ATTACHMENTS + " AND a.subject = %s AND a.subject_id = ANY(%s) ORDER BY a.id"
)

ONE: Final[LiteralString] = ATTACHMENTS + " AND a.id = %s"


async def attachments_of(connection: Connection, subject: Subject) -> list[Attachment]:
    """The files of a thing."""
    return (await attachments_of_all(connection, subject.kind, [subject.id])).get(subject.id, [])


async def attachments_of_all(
    connection: Connection, kind: SubjectKind, ids: Sequence[int]
) -> dict[int, list[Attachment]]:
    """The files of several things of one kind, by the thing's id; those without any are left out."""
    cursor = await connection.execute(OF_SUBJECTS, [kind, list(ids)])
    found: dict[int, list[Attachment]] = {}
    for row in await cursor.fetchall():
        attachment = _attachment(row)
        found.setdefault(attachment.subject.id, []).append(attachment)
    return found


async def get_attachment(connection: Connection, attachment_id: int) -> Attachment:
    """One attachment in force. Raises `NotFound`."""
    row = await fetch_one(connection, ONE, [attachment_id])
    if row is None:
        raise NotFound("attachment", str(attachment_id))
    return _attachment(row)


def _attachment(row: TupleRow) -> Attachment:
    identity, kind, subject_id, *rest = row
    return Attachment(identity, Subject(SubjectKind(kind), subject_id), *rest)
