"""Bringing the policies of sites in line with a plant's files."""

from collections.abc import Sequence

from config.database import Connection
from config.difference import Difference, Stored, compare
from maintenance.orders.policy_json import policy_of_json
from maintenance.orders.policy_store import POLICIES_OF_FILES, delete_policies, write_policy
from maintenance.orders.work_policy import WorkPolicy


async def apply_work_policies(
    connection: Connection, wanted: Sequence[WorkPolicy]
) -> Difference[WorkPolicy]:
    """Set what the files say, and take back what they no longer do; others' policies stay."""
    async with connection.transaction():
        cursor = await connection.execute(POLICIES_OF_FILES)
        found = [policy_of_json(row[0]) for row in await cursor.fetchall()]
        stored = {policy.site: Stored(policy, retired=False) for policy in found}
        difference = compare("work policy", {policy.site: policy for policy in wanted}, stored)
        for policy in difference.write:
            await write_policy(connection, policy)
        await delete_policies(connection, difference.retire)
    return difference
