"""SQL writes of policies; transactions are the service's."""

from collections.abc import Sequence
from typing import Final, LiteralString

from psycopg.types.json import Jsonb

from config.database import Connection
from maintenance.orders.policy_json import json_of_policy
from maintenance.orders.work_policy import WorkPolicy

UPSERT_POLICY: Final[LiteralString] = """
INSERT INTO work_policy (site, definition, kept_in) VALUES (%(site)s, %(definition)s, 'files')
ON CONFLICT (site) DO UPDATE SET definition = excluded.definition, kept_in = excluded.kept_in
"""

DELETE_POLICIES: Final[LiteralString] = "DELETE FROM work_policy WHERE site = ANY (%(sites)s)"

POLICIES_OF_FILES: Final[LiteralString] = """
SELECT definition FROM work_policy WHERE kept_in = 'files' FOR UPDATE
"""


async def write_policy(connection: Connection, policy: WorkPolicy) -> None:
    """Set a site's policy, kept in files."""
    given = {"site": policy.site, "definition": Jsonb(json_of_policy(policy))}
    await connection.execute(UPSERT_POLICY, given)


async def delete_policies(connection: Connection, sites: Sequence[str]) -> None:
    """Let sites have no policy of their own."""
    await connection.execute(DELETE_POLICIES, {"sites": list(sites)})
