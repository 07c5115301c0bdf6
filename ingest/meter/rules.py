"""What a meter's next reading may be: how it follows from the count before; pure."""

from dataclasses import dataclass
from math import inf

from ingest.history.counter import Counter
from ingest.history.edges import HOUR_US


@dataclass(frozen=True, slots=True)
class Rules:
    """How a meter counts; all in the point's unit.

    After `rollover` comes 0. A fall by up to `jitter` (left out: one step of `resolution`) is
    noise. More than `max_per_hour` is not believed; what comes within an hour may come at once,
    since devices tell their counts in lumps.
    """

    rollover: float | None = None
    resolution: float | None = None
    jitter: float | None = None
    max_per_hour: float | None = None

    @property
    def counter(self) -> Counter:
        """How it counts, as history knows it."""
        return Counter(self.rollover, self.resolution, self.jitter)

    @property
    def tolerance(self) -> float:
        """The deepest fall that is noise."""
        return self.counter.tolerance

    @property
    def range(self) -> float:
        """What lies between two zeros; infinite without a rollover."""
        return self.counter.modulus

    @property
    def back_over_zero(self) -> float:
        """A rise of this and more is noise of a counter that has just rolled over."""
        return self.counter.back_over_zero

    @property
    def believed_at_once(self) -> float:
        """The largest rise that is believed however short the time."""
        return inf if self.max_per_hour is None else self.max_per_hour

    def most(self, elapsed_us: int) -> float:
        """The most that is believed to be counted in a time."""
        if self.max_per_hour is None:
            return inf
        return self.max_per_hour * max(elapsed_us, HOUR_US) / HOUR_US


@dataclass(frozen=True, slots=True)
class Step:
    """What was counted, and the count that the next reading is compared with."""

    counted: float
    held: float


def follow(held: float, value: float, elapsed_us: int, rules: Rules) -> Step | None:
    """How a reading follows from the count held before; None where that is in doubt.

    Noise leaves the count where it is, so that a flutter up and down never adds up. A fall is a
    rollover where that makes less than half of the range.
    """
    rise, most = value - held, rules.most(elapsed_us)
    if -rules.tolerance <= rise <= 0 or rise >= rules.back_over_zero:
        return Step(0.0, held)
    if rise > 0:
        return Step(rise, value) if rise <= most else None
    if rules.rollover is None:
        return None
    rolled = rise + rules.range
    return Step(rolled, value) if 0 <= rolled <= min(rules.range / 2, most) else None


def reset_count(held: float, value: float, elapsed_us: int, rules: Rules) -> float | None:
    """What a counter that began at 0 again has counted since; None where it hardly did.

    A counter that is set back to more than half of its count has more likely lost some.
    """
    if 0 <= value <= min(held / 2, rules.most(elapsed_us)):
        return value
    return None
