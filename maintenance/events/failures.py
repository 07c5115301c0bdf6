"""Failures on record, and what the policy asks about assets: what a backtest is held against."""

from dataclasses import dataclass
from datetime import datetime

from config.database import Connection
from maintenance.orders.policy_queries import policies, sites_of_assets
from maintenance.orders.work_policy import EVERY_SITE, WorkPolicy
from maintenance.register.asset import AssetFacts

# A person's order is made when the failure is seen; a condition's order comes before it, and its
# failure is when the work begins.
SELECT_FAILURES = """
SELECT a.tag, o.failure_mode, o.number,
       CASE o.origin WHEN 'person' THEN o.created_at ELSE coalesce(o.started_at, o.created_at) END
FROM work_order o JOIN asset a ON a.id = o.asset_id
WHERE o.type = 'corrective' AND o.state IN ('completed', 'closed') AND o.failure_mode IS NOT NULL
ORDER BY o.id
"""

SELECT_ASSET_FACTS = """
SELECT tag, name, criticality, retired_at IS NOT NULL FROM asset
"""


@dataclass(frozen=True, slots=True)
class RecordedFailure:
    """A failure that a corrective work order was completed for."""

    asset: str
    failure_mode: str
    number: str
    at: datetime


async def recorded_failures(connection: Connection) -> list[RecordedFailure]:
    """The failures of all completed corrective orders that name a failure mode."""
    cursor = await connection.execute(SELECT_FAILURES)
    return [RecordedFailure(*row) for row in await cursor.fetchall()]


async def asset_facts(connection: Connection) -> dict[str, AssetFacts]:
    """What the policy asks about every asset, by tag."""
    cursor = await connection.execute(SELECT_ASSET_FACTS)
    return {row[0]: AssetFacts(*row) for row in await cursor.fetchall()}


async def asset_policies(connection: Connection) -> dict[str, WorkPolicy]:
    """The policy of every asset's site, by tag, where one is set."""
    by_site = await policies(connection)
    everywhere = by_site.get(EVERY_SITE)
    found = {
        tag: by_site.get(site, everywhere)
        for tag, site in (await sites_of_assets(connection)).items()
    }
    return {tag: policy for tag, policy in found.items() if policy is not None}
