"""The SQL write of signatures; there is no other: nothing changes one."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, LiteralString

from config.database import Connection
from maintenance.orders.signature import Meaning, hash_of

INSERT_SIGNATURE: Final[LiteralString] = """
INSERT INTO signature (work_order_id, version, meaning, signer, content, hash, at)
VALUES (%(order_id)s, %(version)s, %(meaning)s, %(signer)s, %(content)s, %(hash)s, %(at)s)
RETURNING id
"""


@dataclass(frozen=True, slots=True)
class Signing:
    """A signature that is being given: on which version of which order, to what content."""

    order_id: int
    version: int
    meaning: Meaning
    signer: str
    content: str


async def insert_signature(connection: Connection, signing: Signing, *, at: datetime) -> int:
    """Keep a signature for ever; its id."""
    given = {
        "order_id": signing.order_id,
        "version": signing.version,
        "meaning": signing.meaning.value,
        "signer": signing.signer,
        "content": signing.content,
        "hash": hash_of(signing.content),
        "at": at,
    }
    cursor = await connection.execute(INSERT_SIGNATURE, given)
    row = await cursor.fetchone()
    assert row is not None, "an insert that returns has a row"  # noqa: S101 - SQL says so
    return int(row[0])
