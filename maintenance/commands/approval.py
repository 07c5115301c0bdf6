"""Approval that needs no person: what a site's policy lets through."""

from datetime import datetime

from config.database import Connection
from maintenance.commands.service import move
from maintenance.errors import MaintenanceError
from maintenance.orders import queries
from maintenance.orders.policy_queries import policy_of_asset
from maintenance.orders.work_order import Action, Particulars, State

ACTOR = "policy"
"""Who the audit trail names for what a site's policy does."""


async def approve_by_policy(connection: Connection, order_id: int, *, at: datetime) -> None:
    """Approve a new order if its site's policy says that nobody has to; else it stays a draft."""
    order = await queries.order_by_id(connection, order_id)
    if order is None or order.state is not State.DRAFT:
        return
    policy = await policy_of_asset(connection, order.asset_id)
    if not policy.approves(order):
        return
    why = f"the policy of site {policy.site} approves such orders by itself"
    try:
        async with connection.transaction():
            await move(connection, order, Action.APPROVE, Particulars(ACTOR, why), at=at)
    except MaintenanceError:
        return
