"""What becomes of work of one asset that is due: an order, a place in an open one, or none. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from maintenance.plans.plan import Nesting, OccurrenceState, OpenOrderPolicy


@dataclass(frozen=True, slots=True)
class Pending:
    """An occurrence that is not decided yet and may be released; `left_out` says why it is not due."""

    id: int
    plan_id: int
    code: str
    due_at: datetime
    policy: OpenOrderPolicy
    nesting: Nesting | None
    left_out: str = ""


@dataclass(frozen=True, slots=True)
class OpenOrder:
    """An open order of a plan on the asset, and the occurrence that it was made for."""

    plan_id: int
    order_id: int
    number: str
    occurrence_id: int
    begun: bool


@dataclass(frozen=True, slots=True)
class Neighbour:
    """An occurrence of the same asset that stands (forecast, released or done), of any plan."""

    id: int
    code: str
    due_at: datetime
    nesting: Nesting


@dataclass(frozen=True, slots=True)
class Situation:
    """One asset: its open orders of plans, oldest first; nested work around; why nothing is done."""

    orders: Sequence[OpenOrder] = ()
    neighbours: Sequence[Neighbour] = ()
    paused: frozenset[int] = frozenset()
    """Ids of plans that are paused."""
    retired: bool = False


@dataclass(frozen=True, slots=True)
class Release:
    """Make an order for it; `supersedes` is cancelled first."""

    occurrence: Pending
    supersedes: tuple[OpenOrder, ...] = ()


@dataclass(frozen=True, slots=True)
class Join:
    """It is done with an open order."""

    occurrence: Pending
    order: OpenOrder
    reason: str


@dataclass(frozen=True, slots=True)
class Drop:
    """It is not done."""

    occurrence: Pending
    state: OccurrenceState
    reason: str
    absorbed_by: int | None = None


Decision = Release | Join | Drop


def decide(pending: Sequence[Pending], situation: Situation, now: datetime) -> list[Decision]:
    """What becomes of each occurrence; one that has no decision waits.

    Work of the greatest rank comes first, then what is due first: what is decided for one counts
    for those after it.
    """
    decisions: list[Decision] = []
    standing = list(situation.neighbours)
    ranked = sorted(pending, key=lambda one: (-_rank(one), one.due_at, one.id))
    given = set[int]()
    for occurrence in ranked:
        decision = _decide(occurrence, pending, situation, standing, now)
        if decision is None or (isinstance(decision, Release) and _waits(occurrence, given)):
            continue
        decisions.append(decision)
        given |= {occurrence.plan_id} if isinstance(decision, Release) else set()
        if isinstance(decision, Drop):
            standing = [each for each in standing if each.id != occurrence.id]
    return decisions


def _rank(occurrence: Pending) -> int:
    return occurrence.nesting.rank if occurrence.nesting else 0


def _waits(occurrence: Pending, given: set[int]) -> bool:
    """Whether the plan got an order just now, which has to be open work first."""
    return occurrence.plan_id in given and occurrence.policy is not OpenOrderPolicy.STACK


def _decide(
    one: Pending,
    pending: Sequence[Pending],
    situation: Situation,
    standing: Sequence[Neighbour],
    now: datetime,
) -> Decision | None:
    if situation.retired:
        return Drop(one, OccurrenceState.SKIPPED, "the asset is retired")
    if one.left_out:
        return Drop(one, OccurrenceState.SKIPPED, one.left_out) if one.due_at <= now else None
    if one.plan_id in situation.paused:
        why = "the plan is paused"
        return Drop(one, OccurrenceState.SKIPPED, why) if one.due_at <= now else None
    absorber = absorbed_by(one, standing)
    if absorber is not None:
        why = f"absorbed by {absorber.code}, due on {absorber.due_at:%Y-%m-%d}"
        return Drop(one, OccurrenceState.SUPPRESSED, why, absorber.id)
    later = _later_and_due(one, pending, now)
    if later and one.policy is not OpenOrderPolicy.STACK:
        why = f"not released in time; {len(later)} later ones were due when it was looked at"
        return Drop(one, OccurrenceState.MISSED, why)
    return _by_policy(one, [each for each in situation.orders if each.plan_id == one.plan_id], now)


def absorbed_by(one: Pending, standing: Sequence[Neighbour]) -> Neighbour | None:
    """The work of greatest rank that makes this work needless."""
    nesting = one.nesting
    if nesting is None:
        return None
    within = timedelta(minutes=nesting.within_minutes)
    greater = [
        each
        for each in standing
        if each.nesting.group == nesting.group
        and each.nesting.rank > nesting.rank
        and abs(each.due_at - one.due_at) <= within
    ]
    return max(greater, key=lambda each: (each.nesting.rank, -each.id), default=None)


def _later_and_due(one: Pending, pending: Sequence[Pending], now: datetime) -> list[Pending]:
    return [
        each
        for each in pending
        if each.plan_id == one.plan_id
        and not each.left_out
        and (one.due_at, one.id) < (each.due_at, each.id)
        and each.due_at <= now
    ]


def _by_policy(one: Pending, orders: Sequence[OpenOrder], now: datetime) -> Decision | None:
    if not orders or one.policy is OpenOrderPolicy.STACK:
        return Release(one)
    if one.due_at > now:
        # The open order may be done by then.
        return None
    last = orders[-1]
    if one.policy is OpenOrderPolicy.SKIP:
        return Drop(one, OccurrenceState.SKIPPED, f"{last.number} of the same plan is open")
    if one.policy is OpenOrderPolicy.COALESCE:
        return Join(one, last, f"done with {last.number}, which was open")
    if last.begun:
        return Join(one, last, f"done with {last.number}, on which work has begun")
    return Release(one, tuple(each for each in orders if not each.begun))
