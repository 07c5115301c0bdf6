"""Whom a message to people is for: reads of who has to do with what happened, and their addresses."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, LiteralString
from uuid import UUID, uuid5

from config.database import Connection, fetch_dicts
from maintenance.automation.happening import Happening
from maintenance.automation.rule import Role

_MESSAGES = UUID("9b0f3a52-7c1e-4f0d-8b7e-2f6a1d7c4e10")

# Somebody with an address in the staff register; of requesters also the one that they wrote from.
RECIPIENTS: Final[LiteralString] = """
WITH asked AS (
    SELECT requester, contact FROM work_request WHERE number = %(request)s
    UNION
    SELECT requester, contact FROM work_request
    WHERE work_order_id = %(order_id)s AND state <> 'new'
    UNION
    SELECT twin.requester, twin.contact
    FROM work_request own JOIN work_request twin ON twin.duplicate_of = own.id
    WHERE own.work_order_id = %(order_id)s AND own.state <> 'new'
), who AS (
    SELECT 'assignee' AS role, o.assignee AS name, '' AS otherwise
    FROM work_order o WHERE o.id = %(order_id)s AND o.assignee IS NOT NULL
    UNION ALL
    SELECT 'team', member.code, ''
    FROM work_order o
    JOIN team ON team.code = o.team AND team.retired_at IS NULL
    JOIN team_member ON team_member.team_id = team.id
    JOIN staff member ON member.id = team_member.staff_id AND member.retired_at IS NULL
    WHERE o.id = %(order_id)s
    UNION ALL
    SELECT 'planner', login, '' FROM person WHERE role = 'planner' AND disabled_at IS NULL
    UNION ALL
    SELECT 'requester', requester, CASE WHEN contact LIKE '%%_@_%%' THEN contact ELSE requester END
    FROM asked
)
SELECT DISTINCT coalesce(staff.code, who.name) AS person,
       coalesce(nullif(staff.contacts ->> 'email', ''),
                CASE WHEN who.otherwise ~ '^[^@[:space:]<>]+@[^@[:space:]<>]+$'
                     THEN who.otherwise END) AS address
FROM who
LEFT JOIN staff ON staff.retired_at IS NULL
               AND (staff.code = who.name OR staff.login = who.name)
WHERE who.role = ANY (%(roles)s)
ORDER BY person
"""


@dataclass(frozen=True, slots=True)
class Recipient:
    """A person by code, login or name, and the address that their messages go to, if they have one."""

    person: str
    address: str | None


async def recipients(
    connection: Connection, happening: Happening, roles: Sequence[Role]
) -> list[Recipient]:
    """Who has to do with it in one of these roles; each once."""
    given = {
        "order_id": happening.order_id,
        "request": happening.payload.get("request"),
        "roles": [role.value for role in roles],
    }
    return [Recipient(**row) for row in await fetch_dicts(connection, RECIPIENTS, given)]


def message_id(outbox_id: int, recipient: Recipient) -> UUID:
    """Names what one address is told of one thing: laid out again, it is the same message."""
    whose = (recipient.address or recipient.person).lower()
    return uuid5(_MESSAGES, f"{outbox_id}/{whose}")


def answer_id(mail: str) -> UUID:
    """Names the answer to a mail, which has one at most."""
    return uuid5(_MESSAGES, f"mail/{mail}")
