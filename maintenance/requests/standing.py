"""Where a request stands, in the words of whoever asked for it. Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from maintenance.orders.work_order import State, WorkOrder
from maintenance.requests.request import RequestState, WorkRequest

_DONE = frozenset({State.COMPLETED, State.CLOSED})


class Stage(StrEnum):
    """What a requester is told, in the order in which it comes about."""

    RECEIVED = "received"
    PLANNED = "planned"
    UNDER_WAY = "under_way"
    WAITING = "waiting"
    DONE = "done"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Standing:
    """The stage, a sentence about it, and what the requester may say now."""

    stage: Stage
    sentence: str
    planned_start: datetime | None = None
    asks_whether_fixed: bool = False
    may_rate: bool = False
    may_withdraw: bool = False


def standing(request: WorkRequest, order: WorkOrder | None) -> Standing:
    """Where a request stands; `order` is the one that it led to or joined, if there is one."""
    match request.state:
        case RequestState.NEW:
            return Standing(
                Stage.RECEIVED, "Received. Somebody will look at it.", may_withdraw=True
            )
        case RequestState.WITHDRAWN:
            return Standing(Stage.WITHDRAWN, "You have withdrawn it.")
        case RequestState.REJECTED:
            return Standing(Stage.DECLINED, f"It will not be done: {request.reason}")
        case _ if order is None:
            return Standing(Stage.RECEIVED, "Somebody reported the same before; it is looked at.")
        case _:
            return _of_order(request, order)


def is_asked(request: WorkRequest, order: WorkOrder) -> bool:
    """Is the work done, and has the requester not yet said of it whether that helped?"""
    if order.state not in _DONE or order.completed_at is None:
        return False
    return request.answered_at is None or request.answered_at < order.completed_at


def _of_order(request: WorkRequest, order: WorkOrder) -> Standing:
    match order.state:
        case State.IN_PROGRESS:
            return Standing(Stage.UNDER_WAY, "It is being worked on.")
        case State.ON_HOLD:
            waits = (order.hold_reason or "something").replace("_", " ")
            return Standing(Stage.WAITING, f"Work has begun and stands still for now ({waits}).")
        case State.COMPLETED | State.CLOSED:
            asked = is_asked(request, order)
            sentence = "It is done." if not asked else "It is done. Does it work again?"
            return Standing(Stage.DONE, sentence, asks_whether_fixed=asked, may_rate=True)
        case State.CANCELLED:
            return Standing(Stage.DECLINED, "The work was called off.")
        case _ if order.planned_start is not None:
            return Standing(Stage.PLANNED, "It is planned.", planned_start=order.planned_start)
        case _:
            return Standing(Stage.PLANNED, "It is accepted and waits for its turn.")
