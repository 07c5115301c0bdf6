"""Which policy holds at a site."""

from typing import Final, LiteralString

from config.database import Connection
from maintenance.orders.policy_json import policy_of_json
from maintenance.orders.work_policy import WorkPolicy

POLICY_OF_ASSET: Final[LiteralString] = """
SELECT policy.definition
FROM asset JOIN site ON site.id = asset.site_id
JOIN work_policy policy ON policy.site IN (site.code, '*')
WHERE asset.id = %(asset_id)s
ORDER BY policy.site = '*' LIMIT 1
"""

POLICIES: Final[LiteralString] = "SELECT definition FROM work_policy ORDER BY site"

SITES_OF_ASSETS: Final[LiteralString] = """
SELECT asset.tag, site.code FROM asset JOIN site ON site.id = asset.site_id
"""


async def policy_of_asset(connection: Connection, asset_id: int) -> WorkPolicy:
    """The policy of the site where an asset stands, else that of all sites, else the default."""
    cursor = await connection.execute(POLICY_OF_ASSET, {"asset_id": asset_id})
    row = await cursor.fetchone()
    return policy_of_json(row[0] if row else None)


async def policies(connection: Connection) -> dict[str, WorkPolicy]:
    """Every policy that the plant has set, by site."""
    cursor = await connection.execute(POLICIES)
    found = [policy_of_json(row[0]) for row in await cursor.fetchall()]
    return {policy.site: policy for policy in found}


async def sites_of_assets(connection: Connection) -> dict[str, str]:
    """The site of every asset, by tag."""
    cursor = await connection.execute(SITES_OF_ASSETS)
    return {row[0]: row[1] for row in await cursor.fetchall()}
