"""Writes of kept files and their links; transactions are the service's."""

from datetime import datetime

from config.database import Connection, fetch_one
from maintenance.attachments.attachment import Content, NewAttachment

# Holds the file's row: whoever discards files waits, and finds that it has a link again.
KEEP = """
INSERT INTO kept_file (sha256, size, media_type, kept_at) VALUES (%s, %s, %s, %s)
    ON CONFLICT (sha256) DO UPDATE SET discarded_at = NULL
"""

HOLD = "SELECT 1 FROM kept_file WHERE sha256 = %s AND discarded_at IS NULL FOR UPDATE"

LINK = """
INSERT INTO attachment (subject, subject_id, sha256, name, caption, actor, attached_at)
VALUES (%s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (subject, subject_id, sha256) WHERE removed_at IS NULL DO NOTHING
RETURNING id
"""

PRESENT_LINK = """
SELECT id FROM attachment
 WHERE subject = %s AND subject_id = %s AND sha256 = %s AND removed_at IS NULL
"""

UNLINK = """
UPDATE attachment SET removed_at = %s, removed_by = %s WHERE id = %s AND removed_at IS NULL
RETURNING id
"""

HOLD_UNLINKED = """
SELECT f.sha256 FROM kept_file f
 WHERE f.discarded_at IS NULL AND f.kept_at < %(before)s
   AND NOT EXISTS (SELECT FROM attachment a WHERE a.sha256 = f.sha256 AND a.removed_at IS NULL)
   AND NOT EXISTS (
       SELECT FROM attachment a WHERE a.sha256 = f.sha256 AND a.removed_at >= %(before)s
   )
 ORDER BY f.sha256
 LIMIT %(limit)s
   FOR UPDATE SKIP LOCKED
"""

# Asked again once they are held: a link may have been made between the look and the lock.
STILL_UNLINKED = """
SELECT f.sha256 FROM kept_file f
 WHERE f.sha256 = ANY(%s)
   AND NOT EXISTS (SELECT FROM attachment a WHERE a.sha256 = f.sha256 AND a.removed_at IS NULL)
"""

DISCARD = "UPDATE kept_file SET discarded_at = %s WHERE sha256 = ANY(%s)"


async def keep(connection: Connection, content: Content, *, at: datetime) -> None:
    """Note that a file of this content is kept, and hold it until the transaction ends."""
    given = [content.sha256, content.size, content.media_type, at]
    await connection.execute(KEEP, given)


async def hold(connection: Connection, sha256: str) -> bool:
    """Hold a kept file until the transaction ends; is there one?"""
    return await fetch_one(connection, HOLD, [sha256]) is not None


async def link(
    connection: Connection, new: NewAttachment, sha256: str, *, actor: str, at: datetime
) -> int:
    """Link a kept file to a thing; gives the link's id, of the present one if there is one."""
    key = [new.subject.kind, new.subject.id, sha256]
    row = await fetch_one(connection, LINK, [*key, new.name, new.caption, actor, at])
    row = row or await fetch_one(connection, PRESENT_LINK, key)
    assert row is not None  # noqa: S101 - the file is held, so the link can only have been made
    return int(row[0])


async def unlink(connection: Connection, attachment_id: int, *, actor: str, at: datetime) -> bool:
    """Take a link away; False where there is none."""
    return await fetch_one(connection, UNLINK, [at, actor, attachment_id]) is not None


async def hold_unlinked(connection: Connection, *, before: datetime, limit: int) -> list[str]:
    """Digests of files that nothing has linked since a moment, held until the transaction ends."""
    cursor = await connection.execute(HOLD_UNLINKED, {"before": before, "limit": limit})
    held = [sha256 for (sha256,) in await cursor.fetchall()]
    cursor = await connection.execute(STILL_UNLINKED, [held])
    return [sha256 for (sha256,) in await cursor.fetchall()]


async def mark_discarded(connection: Connection, digests: list[str], *, at: datetime) -> None:
    """Note that the files are gone."""
    await connection.execute(DISCARD, [at, digests])
