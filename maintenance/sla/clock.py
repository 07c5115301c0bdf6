"""The clocks of an order, derived from the history of its states and the calendar's versions. Pure.

Nothing counts as time goes by: whoever asks, whenever, gets the same answer from the same history.
So a hold over a night, a reopening, an edit of the calendar or another agreement need no
correction, and nothing can be counted twice.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import pairwise

from maintenance.calendars.calendar import CalendarHistory
from maintenance.calendars.working_time import is_working, moment_after, working_seconds
from maintenance.orders.work_order import State
from maintenance.sla.agreement import Agreement, ClockKind, Measure, Target

_HELD = "on_hold"
_RESPONDED = frozenset({State.IN_PROGRESS, State.COMPLETED, State.CLOSED, State.CANCELLED})
_DONE = frozenset({State.COMPLETED, State.CLOSED})


class ClockState(StrEnum):
    """How a clock stands."""

    RUNNING = "running"
    PAUSED = "paused"
    MET = "met"
    BREACHED = "breached"
    """The target was passed, whether or not the work is done since."""
    VOID = "void"
    """The order was cancelled before the target was passed."""


class Part(StrEnum):
    """What a stretch of an order's life is to a clock."""

    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Change:
    """The state that an order came to; for a hold its reason, and whether that is marked as a pause."""

    at: datetime
    state: str
    hold_reason: str | None = None
    pauses: bool = False


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of an order's life, and how many seconds of it the clock took."""

    start: datetime
    end: datetime
    state: str
    hold_reason: str | None
    part: Part
    used_s: float


@dataclass(frozen=True, slots=True)
class Clock:
    """A clock as of `now`. `due_at` is when a running one passes its target if nothing stops it.

    `counting` says whether time is being taken at this moment: a running clock waits outside of
    working time. `breached_at` is when the target was passed.
    """

    kind: ClockKind
    target: Target
    now: datetime
    state: ClockState
    used_s: float
    due_at: datetime | None
    breached_at: datetime | None
    finished_at: datetime | None
    counting: bool
    segments: tuple[Segment, ...]

    @property
    def left_s(self) -> float:
        """Seconds that are left; negative once the target is passed."""
        return self.target.seconds - self.used_s

    @property
    def runs(self) -> bool:
        """Does it take time now, or as soon as work is done again?"""
        return self.finished_at is None and bool(self.segments) and _last_runs(self.segments)


@dataclass(frozen=True, slots=True)
class Timekeeper:
    """Measures spans by one agreement: working time of a calendar, or every hour."""

    measure: Measure
    calendar: CalendarHistory | None

    def seconds(self, start: datetime, end: datetime) -> float:
        """How much of a span counts."""
        if self.measure is Measure.ELAPSED or self.calendar is None:
            return (end - start).total_seconds()
        return working_seconds(self.calendar, start, end)

    def after(self, start: datetime, seconds: float) -> datetime | None:
        """When so much has counted since `start`."""
        if self.measure is Measure.ELAPSED or self.calendar is None:
            return start.astimezone(UTC) + timedelta(seconds=seconds)
        return moment_after(self.calendar, start, seconds)

    def counts_at(self, at: datetime) -> bool:
        """Does time count at a moment?"""
        if self.measure is Measure.ELAPSED or self.calendar is None:
            return True
        return is_working(self.calendar, at)


def clock_of(
    kind: ClockKind,
    agreement: Agreement,
    changes: Sequence[Change],
    *,
    calendar: CalendarHistory | None,
    now: datetime,
) -> Clock | None:
    """A clock as of `now`, from the changes of an order's state, oldest first (at least one).

    None where nothing was agreed. Changes after `now` do not count.
    """
    target = agreement.target(kind)
    past = [change for change in changes if change.at <= now]
    if target is None or not past:
        return None
    keeper = Timekeeper(target.measure, calendar)
    life = _until_end(kind, past)
    ended = _ended(kind, life)
    segments = tuple(_segments(kind, agreement, life, keeper, ended or now))
    used = sum(segment.used_s for segment in segments)
    breached = _breached_at(segments, target, keeper)
    finished = ended if life[-1].state != State.CANCELLED else None
    runs = ended is None and _last_runs(segments)
    return Clock(
        kind=kind,
        target=target,
        now=now,
        state=_state(life[-1], finished, breached, runs=runs),
        used_s=used,
        due_at=reached_at(segments, target.seconds, keeper) if runs else None,
        breached_at=breached,
        finished_at=finished,
        counting=runs and keeper.counts_at(now),
        segments=segments,
    )


def reached_at(segments: Sequence[Segment], seconds: float, keeper: Timekeeper) -> datetime | None:
    """When a clock that runs on has taken (or took) so many seconds."""
    left = seconds
    for segment in segments[:-1]:
        if segment.used_s >= left and segment.used_s > 0:
            return keeper.after(segment.start, left)
        left -= segment.used_s
    return keeper.after(segments[-1].start, left) if segments else None


def moment_of(clock: Clock, percent: int, keeper: Timekeeper) -> datetime | None:
    """When a running clock has used (or used) so many per cent of its target."""
    if not clock.runs:
        return None
    return reached_at(clock.segments, clock.target.seconds * percent / 100, keeper)


def _until_end(kind: ClockKind, changes: Sequence[Change]) -> list[Change]:
    """The changes that concern a clock: response is over for good once work has begun."""
    life: list[Change] = []
    for change in changes:
        if life and _same(life[-1], change):
            continue
        life.append(change)
        if kind is ClockKind.RESPONSE and change.state in _RESPONDED:
            break
    return life


def _same(before: Change, after: Change) -> bool:
    """Does a change leave the state as it was?"""
    return (before.state, before.hold_reason) == (after.state, after.hold_reason)


def _ended(kind: ClockKind, life: Sequence[Change]) -> datetime | None:
    """When the clock came to its end, unless it goes on."""
    last = life[-1]
    if kind is ClockKind.RESPONSE and last.state in _RESPONDED:
        return last.at
    if last.state == State.CANCELLED:
        return last.at
    if last.state in _DONE:
        # Closing what is completed ends nothing anew.
        done = last.at
        for change in reversed(life):
            if change.state not in _DONE:
                break
            done = change.at
        return done
    return None


def _segments(
    kind: ClockKind,
    agreement: Agreement,
    life: Sequence[Change],
    keeper: Timekeeper,
    end: datetime,
) -> Iterator[Segment]:
    for change, until in pairwise([*life, None]):
        assert change is not None  # noqa: S101 - only the last is None
        start, stop = change.at, min(until.at if until else end, end)
        if start >= stop and until is not None:
            continue
        stop = max(start, stop)
        part = _part(kind, agreement, change)
        used = keeper.seconds(start, stop) if part is Part.RUNNING else 0.0
        yield Segment(start, stop, change.state, change.hold_reason, part, used)


def _part(kind: ClockKind, agreement: Agreement, change: Change) -> Part:
    if change.state in _DONE or change.state == State.CANCELLED:
        return Part.STOPPED
    if kind is ClockKind.RESPONSE and change.state in _RESPONDED:
        return Part.STOPPED
    if change.state == _HELD and _pauses(agreement, change):
        return Part.PAUSED
    return Part.RUNNING


def _pauses(agreement: Agreement, change: Change) -> bool:
    if agreement.pauses is None:
        return change.pauses
    return change.hold_reason in agreement.pauses


def _last_runs(segments: Sequence[Segment]) -> bool:
    return bool(segments) and segments[-1].part is Part.RUNNING


def _breached_at(
    segments: Sequence[Segment], target: Target, keeper: Timekeeper
) -> datetime | None:
    """When more than the target was used; what is used up to the last second is met."""
    left: float = target.seconds
    for segment in segments:
        if segment.used_s > left:
            return keeper.after(segment.start, left)
        left -= segment.used_s
    return None


def _state(
    last: Change, finished: datetime | None, breached: datetime | None, *, runs: bool
) -> ClockState:
    if breached is not None:
        return ClockState.BREACHED
    if last.state == State.CANCELLED:
        return ClockState.VOID
    if finished is not None:
        return ClockState.MET
    return ClockState.RUNNING if runs else ClockState.PAUSED
