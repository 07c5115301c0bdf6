"""A walk along a round: its stops, and which of them nobody came to. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from maintenance.job_plans.order_step import OrderStep, Outcome

_NOT_SEEN = frozenset({Outcome.OPEN, Outcome.SKIPPED})


@dataclass(frozen=True, slots=True)
class Stop:
    """A stop of a walk: what stands there, where it is, and the steps to take."""

    number: int
    asset: str
    asset_name: str
    place: str
    steps: tuple[OrderStep, ...]

    @property
    def missed(self) -> bool:
        """Was nothing at all seen there?"""
        return all(step.outcome in _NOT_SEEN for step in self.steps)


@dataclass(frozen=True, slots=True)
class Missed:
    """What was not looked at on a walk that is over: texts of steps, and the reasons given."""

    stop: int
    asset: str
    place: str
    whole: bool
    steps: tuple[str, ...]
    reasons: tuple[str, ...]


def stops_of(steps: Sequence[OrderStep]) -> tuple[Stop, ...]:
    """The stops of a walk, in route order; none where the steps are those of a job plan."""
    along = [step for step in steps if step.stop is not None]
    return tuple(
        Stop(number or 0, asset, name, place, tuple(group))
        for (number, asset, name, place), group in groupby(
            along, lambda step: (step.stop, step.asset, step.asset_name, step.place)
        )
    )


def missed_of(steps: Sequence[OrderStep]) -> tuple[Missed, ...]:
    """What was not looked at, stop by stop; steps that nobody has to take do not count."""
    found = []
    for stop in stops_of(steps):
        unseen = [step for step in stop.steps if step.required and step.outcome in _NOT_SEEN]
        if unseen:
            reasons = [step.result.note for step in unseen if step.result and step.result.note]
            found.append(
                Missed(
                    stop.number,
                    stop.asset,
                    stop.place,
                    stop.missed,
                    tuple(step.text for step in unseen),
                    tuple(dict.fromkeys(reasons)),
                )
            )
    return tuple(found)
