"""What the page of a work order shows beside the order itself."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from api.access.caller import Caller
from api.access.roles import Permission
from api.v1.orders import NEEDS
from config.database import Connection
from maintenance.attachments.attachment import Subject, SubjectKind
from maintenance.attachments.queries import attachments_of
from maintenance.commands.gates import readiness_of
from maintenance.orders.failure_codes import codes_of_asset, failure_report_of
from maintenance.orders.family import children_of, followers_of, progress_of
from maintenance.orders.holds import hold_reasons
from maintenance.orders.labour import net_minutes
from maintenance.orders.labour_queries import labour_of
from maintenance.orders.permit import Energy, PermitKind
from maintenance.orders.permit_queries import permits_of
from maintenance.orders.signature import Meaning
from maintenance.orders.signature_queries import signatures_of
from maintenance.orders.transitions import Possible, Readiness, possible_transitions
from maintenance.orders.work_order import UNDER_WAY, State, WorkOrder
from maintenance.orders.work_policy import Demand
from maintenance.requests.queries import requests_of_order

_TAKES_TIME = UNDER_WAY | {State.COMPLETED}


@dataclass(frozen=True, slots=True)
class Rights:
    """What the caller may do on the page, as far as their role goes."""

    work: bool
    plan: bool
    create: bool

    @classmethod
    def of(cls, caller: Caller) -> "Rights":
        """Of somebody's role."""
        return cls(
            work=caller.may(Permission.WORK),
            plan=caller.may(Permission.APPROVE),
            create=caller.may(Permission.CREATE),
        )


async def order_context(
    connection: Connection, order: WorkOrder, caller: Caller, now: datetime
) -> dict[str, Any]:
    """Names that the template reads."""
    ready = await readiness_of(connection, order, now=now)
    labour = await labour_of(connection, order.id)
    return {
        "possible": _possible(order, ready, caller),
        "rights": Rights.of(caller),
        "me": caller.name,
        "wants_report": ready.policy.failure_report is Demand.REQUIRED,
        "labour": labour,
        "worked": net_minutes(labour),
        "my_timer": any(entry.running and entry.person == caller.name for entry in labour),
        "takes_time": order.state in _TAKES_TIME,
        "permits": await permits_of(connection, order.id),
        "permit_kinds": list(PermitKind),
        "energies": list(Energy),
        "signatures": await signatures_of(connection, order.id),
        "meanings": list(Meaning),
        "parts": await children_of(connection, order),
        "family": await progress_of(connection, order),
        "followers": await followers_of(connection, order),
        "report": await failure_report_of(connection, order),
        "codes": await codes_of_asset(connection, order.asset_id),
        "hold_reasons": await hold_reasons(connection),
        "requests": await requests_of_order(connection, order.id),
        "attachments": await attachments_of(connection, Subject(SubjectKind.ORDER, order.id)),
    }


def _possible(order: WorkOrder, ready: Readiness, caller: Caller) -> list[Possible]:
    found = possible_transitions(order, ready, actor=caller.name)
    return [one for one in found if caller.may(NEEDS[one.action])]
