"""What changes amount to: events, the orders that maintenance would have made of them, scores. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from api.backtests.trial import Trial, Variant
from conditions.backtest.figures import Figures, figures_of
from conditions.backtest.replay import Event, events_of, of_variant
from conditions.backtest.score import FailureSeen, Forewarning, Score, score
from conditions.change import Change
from conditions.event import ConditionEvent, EventState
from config.clock import from_us, to_us
from maintenance.events.policy import ConditionChange
from maintenance.events.would_be import WouldBeOrder, would_be_orders
from maintenance.orders.work_policy import DEFAULT_POLICY, WorkPolicy
from maintenance.register.asset import AssetFacts


@dataclass(frozen=True, slots=True)
class RuleOutcome:
    """What one rule would have found, and the orders that began with it."""

    rule: str
    figures: Figures
    orders: int
    score: Score


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the rules of a variant would have found.

    `failures` is each failure with the first warning and the first sign before it: by orders where
    the rules ask for work, by events where they ask for none.
    """

    variant: Variant
    events: Sequence[Event]
    orders: Sequence[WouldBeOrder]
    figures: Figures
    by_event: Score
    by_order: Score | None
    failures: Sequence[FailureSeen]
    rules: Sequence[RuleOutcome]


@dataclass(frozen=True, slots=True)
class Known:
    """What the plant knows of its assets, by tag: facts, and the policies of their sites."""

    assets: Mapping[str, AssetFacts]
    policies: Mapping[str, WorkPolicy]

    def policy_of(self, asset: str) -> WorkPolicy:
        """The policy that holds for an asset."""
        return self.policies.get(asset, DEFAULT_POLICY)


def outcome_of(
    variant: Variant,
    changes: Sequence[Change],
    *,
    trial: Trial,
    known: Known,
    replayed: Sequence[str],
) -> Outcome:
    """The outcome of a variant; `changes` are those of all of them."""
    ours = of_variant(changes, variant.label)
    events = events_of(ours)
    orders = would_be_orders(
        _told(ours, known.assets),
        work_takes=timedelta(microseconds=trial.work_takes_us),
        policy_of=known.policy_of,
    )
    asks = any(one.rule.work_order for one in variant.rules)
    by_event, seen_by_event = _score([_warning(event) for event in events], trial, replayed)
    by_order, seen_by_order = _score([_announced(order) for order in orders], trial, replayed)
    return Outcome(
        variant=variant,
        events=events,
        orders=orders,
        figures=figures_of(events, end_us=trial.span.end_us),
        by_event=by_event,
        by_order=by_order if asks else None,
        failures=_with_signs(seen_by_order, seen_by_event) if asks else seen_by_event,
        rules=list(_by_rule(variant, events, orders, trial, replayed)),
    )


def _score(
    warnings: Sequence[Forewarning], trial: Trial, replayed: Sequence[str]
) -> tuple[Score, list[FailureSeen]]:
    return score(warnings, trial.failures, trial.horizon, replayed=frozenset(replayed))


def _with_signs(
    by_order: Sequence[FailureSeen], by_event: Sequence[FailureSeen]
) -> list[FailureSeen]:
    """Failures as orders would have met them, with the first sign of any event."""
    return [
        FailureSeen(order.failure, order.scored, order.lead_us, event.sign_us)
        for order, event in zip(by_order, by_event, strict=True)
    ]


def _by_rule(
    variant: Variant,
    events: Sequence[Event],
    orders: Sequence[WouldBeOrder],
    trial: Trial,
    replayed: Sequence[str],
) -> Iterator[RuleOutcome]:
    for name in sorted({one.rule.name.partition("@")[0] for one in variant.rules}):
        ours = [event for event in events if event.rule == name]
        yield RuleOutcome(
            rule=name,
            figures=figures_of(ours, end_us=trial.span.end_us),
            orders=sum(order.rule == name for order in orders),
            score=_score([_warning(event) for event in ours], trial, replayed)[0],
        )


def _warning(event: Event) -> Forewarning:
    return Forewarning(event.asset, event.failure_mode, event.raised_us, event.onset_us)


def _announced(order: WouldBeOrder) -> Forewarning:
    return Forewarning(order.asset, order.failure_mode, to_us(order.raised_at), to_us(order.onset))


def _told(changes: Sequence[Change], assets: Mapping[str, AssetFacts]) -> Iterator[ConditionChange]:
    """Changes as the conditions' outbox would tell them to maintenance."""
    numbers: dict[str, int] = {}
    for number, change in enumerate(changes, 1):
        event_id = numbers.setdefault(change.key, len(numbers) + 1)
        facts = assets.get(change.asset) or AssetFacts(change.asset, change.asset, "B", False)
        yield ConditionChange(
            id=number,
            kind=change.kind,
            severity=change.severity,
            at=from_us(change.at_us),
            value=change.value,
            event=_event(event_id, change),
            asset=facts,
        )


def _event(event_id: int, change: Change) -> ConditionEvent:
    return ConditionEvent(
        id=event_id,
        key=change.key,
        rule=change.rule,
        asset_id=change.asset_id,
        asset=change.asset,
        failure_mode=change.failure_mode,
        state=EventState.ACTIVE,
        severity=change.severity,
        peak_severity=change.peak_severity,
        message=change.message,
        onset=from_us(change.onset_us),
        raised_at=from_us(change.raised_us),
        changed_at=from_us(change.at_us),
        cleared_at=None,
        value=change.value,
        work_order=change.work_order,
        evidence={},
        acknowledged_at=None,
        acknowledged_by=None,
    )
