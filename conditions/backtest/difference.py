"""How two versions of a rule differ over the same history. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from conditions.backtest.replay import Event


@dataclass(frozen=True, slots=True)
class Shifted:
    """An event that both versions found, raised or cleared at another time."""

    before: Event
    after: Event

    @property
    def raised_by_us(self) -> int:
        """How much later the second version raises it; negative: earlier."""
        return self.after.raised_us - self.before.raised_us


@dataclass(frozen=True, slots=True)
class Difference:
    """Events of two versions: of the first alone, of the second alone, of both."""

    only_before: Sequence[Event]
    only_after: Sequence[Event]
    shifted: Sequence[Shifted]
    same: int


def compare_events(before: Sequence[Event], after: Sequence[Event], *, end_us: int) -> Difference:
    """Pair events of one asset and rule that overlap in time, the earliest first.

    Each event has one partner at most: what one version finds as one event and the other as three
    is one pair and two events of the other alone.
    """
    waiting: dict[tuple[str, str], list[Event]] = {}
    for event in sorted(after, key=lambda event: event.onset_us):
        waiting.setdefault((event.rule, event.asset), []).append(event)
    pairs: list[Shifted] = []
    alone: list[Event] = []
    for event in sorted(before, key=lambda event: event.onset_us):
        rivals = waiting.get((event.rule, event.asset), [])
        partner = next((one for one in rivals if _overlap(event, one, end_us)), None)
        if partner is None:
            alone.append(event)
        else:
            rivals.remove(partner)
            pairs.append(Shifted(event, partner))
    shifted = [pair for pair in pairs if _moved(pair)]
    return Difference(
        only_before=alone,
        only_after=sorted(
            (event for rest in waiting.values() for event in rest),
            key=lambda event: event.raised_us,
        ),
        shifted=shifted,
        same=len(pairs) - len(shifted),
    )


def _overlap(one: Event, other: Event, end_us: int) -> bool:
    return one.onset_us <= (other.cleared_us or end_us) and other.onset_us <= (
        one.cleared_us or end_us
    )


def _moved(pair: Shifted) -> bool:
    one, other = pair.before, pair.after
    return (one.raised_us, one.cleared_us, one.peak) != (
        other.raised_us,
        other.cleared_us,
        other.peak,
    )
