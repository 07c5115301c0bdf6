"""What came of a backtest, as the API shows it and as it is kept."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from pydantic import BaseModel, Field

from api.backtests.outcome import Outcome, RuleOutcome
from api.backtests.trial import Trial
from conditions.backtest.difference import Difference, compare_events
from conditions.backtest.figures import Figures
from conditions.backtest.history import Replayed
from conditions.backtest.replay import Event
from conditions.backtest.score import FailureSeen, Score
from config.clock import from_us
from maintenance.events.would_be import WouldBeOrder

_LISTED = 2_000
"""Events and orders that are kept of a variant; counts are of all."""
_HOUR_US = 3_600_000_000
_MONTH = timedelta(days=365.2425 / 12)


class EventShown(BaseModel):
    """An event that would have been raised."""

    rule: str
    asset: str
    failure_mode: str
    onset: datetime
    raised_at: datetime
    cleared_at: datetime | None
    severity: str
    peak_severity: str
    message: str

    @classmethod
    def of(cls, event: Event) -> "EventShown":
        """An event with times as people read them."""
        return cls(
            rule=event.rule,
            asset=event.asset,
            failure_mode=event.failure_mode,
            onset=from_us(event.onset_us),
            raised_at=from_us(event.raised_us),
            cleared_at=None if event.cleared_us is None else from_us(event.cleared_us),
            severity=event.severity.label,
            peak_severity=event.peak.label,
            message=event.message,
        )


class OrderShown(BaseModel):
    """A work order that would have been made, and what became of it."""

    number: int
    asset: str
    failure_mode: str
    rule: str
    type: str
    raised_at: datetime
    priority: int
    reason: str
    joined: int = Field(description="Further events that joined it.")
    escalated: int = Field(description="Times that it became more urgent.")
    held_back: int = Field(description="Events that it held back by its cooldown.")

    @classmethod
    def of(cls, order: WouldBeOrder) -> "OrderShown":
        """An order with its story."""
        return cls(
            number=order.number,
            asset=order.asset,
            failure_mode=order.failure_mode,
            rule=order.rule,
            type=order.type,
            raised_at=order.raised_at,
            priority=order.priority,
            reason=order.reason,
            joined=order.joined,
            escalated=order.escalated,
            held_back=order.held_back,
        )


class FailureShown(BaseModel):
    """A failure, and how long before it the first warning and the first sign came."""

    asset: str
    at: datetime
    failure_mode: str | None
    source: str
    scored: bool
    caught: bool
    lead_hours: float | None
    sign_hours: float | None

    @classmethod
    def of(cls, seen: FailureSeen) -> "FailureShown":
        """A failure with times in hours."""
        return cls(
            asset=seen.failure.asset,
            at=from_us(seen.failure.at_us),
            failure_mode=seen.failure.failure_mode,
            source=seen.failure.source,
            scored=seen.scored,
            caught=seen.caught,
            lead_hours=_hours(seen.lead_us),
            sign_hours=_hours(seen.sign_us),
        )


class ScoreShown(BaseModel):
    """Warnings against failures; docs/guide/tuning.md has the formulas."""

    true: int
    false: int
    late: int
    aftermath: int
    undecided: int
    precision: float | None = Field(description="true / (true + false)")
    failures: int = Field(description="Failures that could have been caught.")
    caught: int
    left_out: int = Field(description="Failures of assets or times that were not replayed.")
    recall: float | None = Field(description="caught / failures")
    lead_hours: float | None = Field(description="Median from the first warning to the failure.")
    sign_hours: float | None = Field(description="Median from the first sign to the failure.")

    @classmethod
    def of(cls, score: Score) -> "ScoreShown":
        """A score with its ratios."""
        return cls(
            **{str(verdict): count for verdict, count in score.verdicts.items()},
            precision=score.precision,
            failures=score.scored,
            caught=score.caught,
            left_out=score.left_out,
            recall=score.recall,
            lead_hours=_hours(score.lead_us),
            sign_hours=_hours(score.sign_us),
        )


class FiguresShown(BaseModel):
    """How many events, how long, how restless."""

    events: int
    open: int = Field(description="Open at the end of the range.")
    assets: int = Field(description="Assets that had one.")
    alarm_hours: float = Field(description="From raise to clearing, added up over assets.")
    longest_hours: float
    chatter: int = Field(description="Raises within an hour after the last one cleared.")

    @classmethod
    def of(cls, figures: Figures) -> "FiguresShown":
        """Figures with times in hours."""
        return cls(
            events=figures.events,
            open=figures.open,
            assets=figures.assets,
            alarm_hours=figures.alarm_us / _HOUR_US,
            longest_hours=figures.longest_us / _HOUR_US,
            chatter=figures.chatter,
        )


class RuleShown(BaseModel):
    """One rule's part."""

    rule: str
    figures: FiguresShown
    orders: int = Field(description="Orders that began with an event of this rule.")
    by_event: ScoreShown

    @classmethod
    def of(cls, outcome: RuleOutcome) -> "RuleShown":
        """A rule's part with its ratios."""
        return cls(
            rule=outcome.rule,
            figures=FiguresShown.of(outcome.figures),
            orders=outcome.orders,
            by_event=ScoreShown.of(outcome.score),
        )


class VariantShown(BaseModel):
    """What the rules of one variant would have found; the lists hold the first 2,000."""

    label: str = Field(description="Empty, `before` or `after`, or `parameter=value`.")
    value: float | None
    figures: FiguresShown
    orders_made: int
    orders_per_month: float
    by_event: ScoreShown
    by_order: ScoreShown | None = Field(description="null: no rule asks for work.")
    rules: list[RuleShown]
    events: list[EventShown]
    orders: list[OrderShown]
    failures: list[FailureShown]

    @classmethod
    def of(cls, outcome: Outcome, *, months: float, listed: int) -> "VariantShown":
        """A variant's outcome with up to `listed` events and orders."""
        return cls(
            label=outcome.variant.label,
            value=outcome.variant.value,
            figures=FiguresShown.of(outcome.figures),
            orders_made=len(outcome.orders),
            orders_per_month=len(outcome.orders) / months,
            by_event=ScoreShown.of(outcome.by_event),
            by_order=ScoreShown.of(outcome.by_order) if outcome.by_order else None,
            rules=[RuleShown.of(one) for one in outcome.rules],
            events=[EventShown.of(event) for event in outcome.events[:listed]],
            orders=[OrderShown.of(order) for order in outcome.orders[:listed]],
            failures=[FailureShown.of(seen) for seen in outcome.failures],
        )


class ShiftedShown(BaseModel):
    """An event of both versions, raised or cleared at another time."""

    before: EventShown
    after: EventShown
    raised_later_hours: float


class DifferenceShown(BaseModel):
    """How two versions differ; `orders_…` are orders of one version that the other has not."""

    same: int
    only_before: list[EventShown]
    only_after: list[EventShown]
    shifted: list[ShiftedShown]
    orders_only_before: list[OrderShown]
    orders_only_after: list[OrderShown]

    @classmethod
    def of(cls, before: Outcome, after: Outcome, *, end_us: int) -> "DifferenceShown":
        """The difference of two outcomes over the same history."""
        found: Difference = compare_events(before.events, after.events, end_us=end_us)
        return cls(
            same=found.same,
            only_before=[EventShown.of(event) for event in found.only_before],
            only_after=[EventShown.of(event) for event in found.only_after],
            shifted=[
                ShiftedShown(
                    before=EventShown.of(pair.before),
                    after=EventShown.of(pair.after),
                    raised_later_hours=pair.raised_by_us / _HOUR_US,
                )
                for pair in found.shifted
            ],
            orders_only_before=_only(before.orders, after.orders),
            orders_only_after=_only(after.orders, before.orders),
        )


class BacktestResult(BaseModel):
    """What came of a backtest; seconds are of the machine that ran it."""

    start: datetime
    end: datetime
    assets: list[str]
    points: int
    readings: int
    reading_s: float = Field(description="Reading history from the database.")
    ordering_s: float = Field(description="Putting an asset's points in the order of time.")
    evaluating_s: float = Field(description="Evaluating the rules.")
    left_out: dict[str, str] = Field(description="Rules that could not be replayed, and why.")
    variants: list[VariantShown]
    difference: DifferenceShown | None

    @classmethod
    def of(cls, trial: Trial, replayed: Replayed, outcomes: Sequence[Outcome]) -> "BacktestResult":
        """The result of a trial; a sweep keeps no lists of events."""
        start, end = from_us(trial.span.start_us), from_us(trial.span.end_us)
        listed = 0 if len(outcomes) > 2 or outcomes[0].variant.value is not None else _LISTED
        pair = outcomes if listed and len(outcomes) == 2 else None
        return cls(
            start=start,
            end=end,
            assets=replayed.assets,
            points=replayed.points,
            readings=replayed.readings,
            reading_s=round(replayed.watch.reading_s, 3),
            ordering_s=round(replayed.watch.ordering_s, 3),
            evaluating_s=round(replayed.evaluating_s, 3),
            left_out=dict(trial.left_out),
            variants=[
                VariantShown.of(one, months=(end - start) / _MONTH, listed=listed)
                for one in outcomes
            ],
            difference=DifferenceShown.of(pair[0], pair[1], end_us=trial.span.end_us)
            if pair
            else None,
        )


def _only(ours: Sequence[WouldBeOrder], theirs: Sequence[WouldBeOrder]) -> list[OrderShown]:
    """Orders without a partner: each of theirs is that of the nearest in time of the same problem."""
    left: dict[str, list[WouldBeOrder]] = {}
    for order in ours:
        left.setdefault(order.problem, []).append(order)
    for other in theirs:
        rivals = left.get(other.problem)
        if rivals:
            rivals.remove(min(rivals, key=lambda one: abs(one.raised_at - other.raised_at)))
    alone = [order for rest in left.values() for order in rest]
    return [OrderShown.of(order) for order in sorted(alone, key=lambda order: order.number)]


def _hours(us: int | None) -> float | None:
    return None if us is None else us / _HOUR_US
