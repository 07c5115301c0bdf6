"""What is open and may be the same problem: offered while somebody reports, and at triage."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, LiteralString

from config.database import Connection, fetch_dicts
from maintenance.requests.likeness import ALIKE, likeness

WINDOW = timedelta(days=30)
"""Older requests that nobody has triaged are not offered."""

_MOST = 5

# The asset itself, what it is a part of, its parts. For a request without an asset, others without.
OPEN_ORDERS_NEARBY: Final[LiteralString] = """
SELECT o.number, o.title, o.description, o.failure_mode, o.state, o.created_at AS at,
       near.tag AS asset, near.id = mine.id AS same,
       CASE WHEN near.id = mine.parent_id THEN 'above' ELSE 'part' END AS relation
  FROM asset mine
  JOIN asset near ON near.id = mine.id OR near.id = mine.parent_id OR near.parent_id = mine.id
  JOIN work_order o ON o.asset_id = near.id
 WHERE mine.tag = %(asset)s AND o.state NOT IN ('completed', 'closed', 'cancelled')
 ORDER BY o.id DESC
 LIMIT 200
"""

NEW_REQUESTS_NEARBY: Final[LiteralString] = """
SELECT r.number, r.title, r.description, r.failure_mode, r.state, r.created_at AS at,
       near.tag AS asset, near.id = mine.id AS same,
       CASE WHEN near.id = mine.parent_id THEN 'above' ELSE 'part' END AS relation
  FROM asset mine
  JOIN asset near ON near.id = mine.id OR near.id = mine.parent_id OR near.parent_id = mine.id
  JOIN work_request r ON r.asset_id = near.id
 WHERE mine.tag = %(asset)s AND r.state = 'new' AND r.created_at > %(since)s
   AND r.number IS DISTINCT FROM %(but)s
 ORDER BY r.id DESC
 LIMIT 200
"""

NEW_REQUESTS_ANYWHERE: Final[LiteralString] = """
SELECT r.number, r.title, r.description, r.failure_mode, r.state, r.created_at AS at,
       NULL AS asset, false AS same, 'none' AS relation
  FROM work_request r
 WHERE r.asset_id IS NULL AND r.state = 'new' AND r.created_at > %(since)s
   AND r.number IS DISTINCT FROM %(but)s
 ORDER BY r.id DESC
 LIMIT 200
"""


@dataclass(frozen=True, slots=True)
class Similar:
    """An open order or request that may be about the same, and why it may."""

    number: str
    title: str
    asset: str | None
    state: str
    at: datetime
    share: float
    why: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request says, as far as it is written; `but` is the number that it has itself."""

    text: str
    asset: str | None = None
    failure_mode: str | None = None
    but: str | None = None


async def find_similar(connection: Connection, asked: Asked, *, now: datetime) -> list[Similar]:
    """Open orders and new requests that may be about the same, the likeliest first; a few."""
    given = {"asset": asked.asset, "since": now - WINDOW, "but": asked.but}
    if asked.asset is None:
        rows = await fetch_dicts(connection, NEW_REQUESTS_ANYWHERE, given)
    else:
        rows = await fetch_dicts(connection, OPEN_ORDERS_NEARBY, given)
        rows += await fetch_dicts(connection, NEW_REQUESTS_NEARBY, given)
    found = [similar for row in rows if (similar := judge(asked, row)) is not None]
    # The number decides among equals: the same question has the same answer.
    return sorted(found, key=lambda each: (-each.share, each.number))[:_MOST]


def judge(asked: Asked, row: dict[str, Any]) -> Similar | None:
    """Whether what a row tells of may be the same, and why; a row as the queries here give it."""
    alike = likeness(asked.text, f"{row['title']} {row['description']}")
    same_mode = asked.failure_mode is not None and asked.failure_mode == row["failure_mode"]
    if alike.share < ALIKE and not (same_mode and row["same"]):
        return None
    why = [_WHERE[row["relation"] if not row["same"] else "same"].format(asset=row["asset"])]
    if same_mode:
        why.append(f"the same failure mode {row['failure_mode']}")
    if alike.words:
        why.append(f"both say {', '.join(alike.words[:4])}")
    return Similar(
        number=row["number"],
        title=row["title"],
        asset=row["asset"],
        state=row["state"],
        at=row["at"],
        share=1.0 if same_mode else alike.share,
        why="; ".join(why),
    )


_WHERE = {
    "same": "the same asset",
    "above": "{asset}, which it is a part of",
    "part": "{asset}, a part of it",
    "none": "neither names an asset",
}
