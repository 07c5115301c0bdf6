"""Who may go where in an order's life: the table of transitions and what guards each. Pure.

A guard tells what is lacking. What can be given along with the action names its `field`; anything
else has to be brought about first.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType

from maintenance.errors import (
    AssetRetired,
    NotReady,
    ProblemOpen,
    RequirementMissing,
    TransitionRefused,
)
from maintenance.orders.lack import Lack
from maintenance.orders.work_order import (
    FINAL_STATES,
    SOURCES,
    TARGETS,
    Action,
    OrderType,
    Particulars,
    State,
    WorkOrder,
)
from maintenance.orders.work_policy import DEFAULT_POLICY, Demand, Who, WorkPolicy

_NOTHING: Mapping[Action, tuple[Lack, ...]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Readiness:
    """The facts beside the order that guards ask about, as of `now`.

    A lapsed permit was handed back, and none of its kind took its place. Permits are named by kind, isolation points by tag, children by number, timers by person.
    `elsewhere` is what other rooms say is lacking (`commands.gates`).
    """

    now: datetime
    policy: WorkPolicy = DEFAULT_POLICY
    running_timers: tuple[str, ...] = ()
    permits_to_issue: tuple[str, ...] = ()
    permits_expired: tuple[str, ...] = ()
    permits_lapsed: tuple[str, ...] = ()
    permits_open: tuple[str, ...] = ()
    isolations_to_verify: tuple[str, ...] = ()
    isolations_in_place: tuple[str, ...] = ()
    unfinished_children: tuple[str, ...] = ()
    parent_state: State | None = None
    other_order: str | None = None
    failure_reported: bool = False
    performers: frozenset[str] = frozenset()
    elsewhere: Mapping[Action, tuple[Lack, ...]] = field(default_factory=lambda: _NOTHING)


Guard = Callable[[WorkOrder, Readiness, Particulars], Iterator[Lack]]
"""Tells what is lacking for a move, given what is said along."""


@dataclass(frozen=True, slots=True)
class Transition:
    """One row of the table: from where an action leads to where, and what guards it."""

    sources: frozenset[State]
    target: State
    guards: tuple[Guard, ...] = ()


@dataclass(frozen=True, slots=True)
class Possible:
    """An action that the state has: what it asks for, and what has to be brought about first."""

    action: Action
    asks: tuple[Lack, ...]
    missing: tuple[Lack, ...]

    @property
    def allowed(self) -> bool:
        """Whether it may be done now, if what it asks for is given along."""
        return not self.missing


def asset_in_service(order: WorkOrder, _: Readiness, __: Particulars) -> Iterator[Lack]:
    """A retired asset takes no new work."""
    if order.asset_retired:
        yield Lack("asset_retired", f"asset {order.asset} is retired and takes no new work")


def window_given(order: WorkOrder, _: Readiness, given: Particulars) -> Iterator[Lack]:
    """Scheduled work has a planned window, now or before."""
    start = given.planned_start or order.planned_start
    finish = given.planned_finish or order.planned_finish
    if start is None:
        yield Lack("planned_start", "say when it is to begin", field="planned_start")
    elif finish is not None and finish < start:
        yield Lack("planned_finish", "it ends before it begins", field="planned_finish")


def permits_in_force(_: WorkOrder, ready: Readiness, __: Particulars) -> Iterator[Lack]:
    """Nobody works before the permits are issued and the isolations are verified."""
    for kind in ready.permits_to_issue:
        yield Lack("permit_to_issue", f"the permit for {_words(kind)} is not issued")
    for kind in ready.permits_expired:
        yield Lack("permit_expired", f"the permit for {_words(kind)} has run out")
    for kind in ready.permits_lapsed:
        yield Lack("permit_lapsed", f"the permit for {_words(kind)} was handed back: issue another")
    for tag in ready.isolations_to_verify:
        yield Lack("isolation_to_verify", f"isolation {tag} is not applied and verified")


def permits_handed_back(_: WorkOrder, ready: Readiness, __: Particulars) -> Iterator[Lack]:
    """Work is not done while a lock still hangs."""
    for tag in ready.isolations_in_place:
        yield Lack("isolation_in_place", f"isolation {tag} is not removed")
    for kind in ready.permits_open:
        yield Lack("permit_open", f"the permit for {_words(kind)} is not handed back")


def timers_stopped(_: WorkOrder, ready: Readiness, __: Particulars) -> Iterator[Lack]:
    """Time that still runs would be counted after the end of the work."""
    for person in ready.running_timers:
        yield Lack("timer_running", f"the timer of {person} runs")


def children_final(_: WorkOrder, ready: Readiness, __: Particulars) -> Iterator[Lack]:
    """Larger work ends after its parts."""
    for number in ready.unfinished_children:
        yield Lack("child_open", f"{number}, a part of it, is neither closed nor cancelled")


def parent_open(order: WorkOrder, ready: Readiness, _: Particulars) -> Iterator[Lack]:
    """A part is worked on only while the larger work is open."""
    if ready.parent_state in FINAL_STATES | {State.COMPLETED}:
        yield Lack("parent_done", f"{order.parent}, of which it is a part, is {ready.parent_state}")


def resolution_given(order: WorkOrder, _: Readiness, given: Particulars) -> Iterator[Lack]:
    """A corrective order says what was found and done, now or before."""
    said = given.resolution if given.resolution is not None else order.resolution
    if order.type is OrderType.CORRECTIVE and not (said or "").strip():
        message = "a corrective order needs a resolution: say what was found and done"
        yield Lack("resolution", message, field="resolution")


def failure_reported(order: WorkOrder, ready: Readiness, given: Particulars) -> Iterator[Lack]:
    """Where the site asks for it, a corrective order says how the item failed."""
    asked = ready.policy.failure_report is Demand.REQUIRED
    there = ready.failure_reported or given.failure is not None
    if asked and order.type is OrderType.CORRECTIVE and not there:
        yield Lack("failure", "a corrective order needs a failure report", field="failure")


def finish_not_in_the_future(_: WorkOrder, ready: Readiness, given: Particulars) -> Iterator[Lack]:
    """Nobody has finished yet what ends later."""
    if given.finished_at is not None and given.finished_at > ready.now:
        message = f"the work cannot have ended at {given.finished_at:%Y-%m-%d %H:%M} UTC yet"
        yield Lack("finished_at", message, field="finished_at")


def finish_after_start(order: WorkOrder, _: Readiness, given: Particulars) -> Iterator[Lack]:
    """Work ends after it began."""
    began = order.started_at
    if given.finished_at is not None and began is not None and given.finished_at < began:
        message = f"the work began at {began:%Y-%m-%d %H:%M} UTC"
        yield Lack("finished_at", message, field="finished_at")


def reviewed_by_another(_: WorkOrder, ready: Readiness, given: Particulars) -> Iterator[Lack]:
    """Where the site asks for it, nobody closes what they carried out."""
    if ready.policy.reviewer is Who.ANOTHER and given.actor in ready.performers:
        message = f"somebody other than {given.actor} closes it, who had a hand in the work"
        yield Lack("reviewer", message)


def reason_given(_: WorkOrder, __: Readiness, given: Particulars) -> Iterator[Lack]:
    """Nobody should have to guess why."""
    if not given.reason.strip():
        yield Lack("reason", "it needs a reason", field="reason")


def hold_reason_given(_: WorkOrder, __: Readiness, given: Particulars) -> Iterator[Lack]:
    """A hold says by a code what the work waits for."""
    if not given.hold_reason:
        yield Lack("hold_reason", "say what it waits for", field="hold_reason")


def within_reopening(order: WorkOrder, ready: Readiness, _: Particulars) -> Iterator[Lack]:
    """What was done long ago is new work."""
    until = reopens_until(order, ready.policy.reopen_within)
    if until is not None and ready.now > until:
        message = f"it could be reopened until {until:%Y-%m-%d %H:%M} UTC: make a follow-up order"
        yield Lack("reopen_window", message)


def no_other_order(_: WorkOrder, ready: Readiness, __: Particulars) -> Iterator[Lack]:
    """A problem has one open order."""
    if ready.other_order is not None:
        message = f"{ready.other_order} is open about the same problem"
        yield Lack("problem_open", message)


def reopens_until(order: WorkOrder, window: timedelta) -> datetime | None:
    """The end of the time in which an order may be reopened; None before its completion."""
    return order.completed_at + window if order.completed_at is not None else None


_GUARDS: Mapping[Action, tuple[Guard, ...]] = MappingProxyType(
    {
        Action.APPROVE: (asset_in_service,),
        Action.SCHEDULE: (asset_in_service, window_given),
        Action.START: (permits_in_force, parent_open),
        Action.HOLD: (hold_reason_given,),
        Action.RESUME: (permits_in_force, parent_open),
        Action.COMPLETE: (
            permits_handed_back,
            timers_stopped,
            children_final,
            resolution_given,
            failure_reported,
            finish_not_in_the_future,
            finish_after_start,
        ),
        Action.CLOSE: (children_final, reviewed_by_another),
        Action.REOPEN: (
            asset_in_service,
            permits_in_force,
            within_reopening,
            no_other_order,
            parent_open,
            reason_given,
        ),
        Action.CANCEL: (permits_handed_back, children_final, reason_given),
    }
)

TRANSITIONS: Mapping[Action, Transition] = MappingProxyType(
    {action: Transition(SOURCES[action], TARGETS[action], _GUARDS[action]) for action in Action}
)


def allowed_transitions(order: WorkOrder) -> tuple[Action, ...]:
    """The actions that the order's state has, its asset allowing: what lists show.

    `possible_transitions` also asks about everything else.
    """
    retired = order.asset_retired
    return tuple(
        action
        for action in Action
        if order.state in SOURCES[action] and not (retired and asset_in_service in _GUARDS[action])
    )


def possible_transitions(order: WorkOrder, ready: Readiness, *, actor: str) -> tuple[Possible, ...]:
    """The actions of the order's state, each with what is missing for it and what it asks for."""
    return tuple(
        _possible(order, action, ready, actor)
        for action in Action
        if order.state in SOURCES[action]
    )


def check_transition(
    order: WorkOrder, action: Action, given: Particulars, ready: Readiness
) -> Transition:
    """The transition that `action` stands for.

    Raises `TransitionRefused` from a state that does not have it, else what is lacking:
    `AssetRetired`, `ProblemOpen`, `NotReady` with everything that has to be brought about,
    `RequirementMissing` for what was not said along.
    """
    transition = TRANSITIONS[action]
    if order.state not in transition.sources:
        raise TransitionRefused(
            order.number, action=action, state=order.state, allowed=allowed_transitions(order)
        )
    lacks = _lacks(order, action, given, ready)
    if order.asset_retired and any(lack.code == "asset_retired" for lack in lacks):
        raise AssetRetired(order.asset)
    if ready.other_order and any(lack.code == "problem_open" for lack in lacks):
        raise ProblemOpen(order.problem or "", ready.other_order)
    if missing := [lack for lack in lacks if lack.field is None]:
        raise NotReady(order.number, action=action, missing=missing)
    for lack in lacks:
        raise RequirementMissing(
            order.number, action=action, field=lack.field or "", message=lack.message
        )
    return transition


def check_assignable(order: WorkOrder) -> None:
    """Raise `TransitionRefused` unless work is still to be done."""
    if not order.is_open:
        raise TransitionRefused(
            order.number, action="assign", state=order.state, allowed=allowed_transitions(order)
        )


def _possible(order: WorkOrder, action: Action, ready: Readiness, actor: str) -> Possible:
    lacks = _lacks(order, action, Particulars(actor), ready)
    return Possible(
        action,
        asks=tuple(lack for lack in lacks if lack.field is not None),
        missing=tuple(lack for lack in lacks if lack.field is None),
    )


def _lacks(
    order: WorkOrder, action: Action, given: Particulars, ready: Readiness
) -> tuple[Lack, ...]:
    own = (lack for guard in _GUARDS[action] for lack in guard(order, ready, given))
    return (*own, *ready.elsewhere.get(action, ()))


def _words(code: str) -> str:
    return code.replace("_", " ")
