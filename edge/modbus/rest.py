"""How long a silent device is left alone, so that it does not hold up the others. Pure."""

from dataclasses import dataclass

_LONGEST_REST_S = 30.0
_SHORTEST_WAIT_S = 0.25
_FULL_WAIT_EACH = 4
_LOOK_SHARE = 0.25


@dataclass(slots=True)
class Rest:
    """The circuit breaker of one device; times are seconds on the event loop's clock."""

    failures: int = 0
    until: float = 0.0

    @property
    def resting(self) -> bool:
        """Was it silent when last asked?"""
        return self.failures > 0

    def silent(self, now: float, every_s: float) -> None:
        """Leave it alone for longer each time, up to half a minute."""
        self.failures += 1
        pause = every_s * 2 ** min(self.failures - 1, 16)
        self.until = now + min(pause, max(_LONGEST_REST_S, every_s))

    def passed_over(self, until: float = 0.0) -> None:
        """It did not answer a first look: ask it properly, after those that did.

        Not before `until`, where an answer that comes after all could be taken for the next one.
        """
        self.failures, self.until = max(self.failures, 1), until

    def answered(self) -> None:
        """Ask it again at every tick."""
        self.failures, self.until = 0, 0.0

    def ask_at_once(self) -> None:
        """End the rest; it still counts as silent."""
        self.until = 0.0

    def patience_s(self, spare_s: float) -> float | None:
        """How long to wait for its answer when `spare_s` is left to the tick of the others.

        Every fourth time as long as the timeout allows (None): it may have become slow.
        """
        if self.failures % _FULL_WAIT_EACH == 0:
            return None
        return max(spare_s, _SHORTEST_WAIT_S)


def first_look_s(timeout_s: float, *, frame_s: float = 0.0) -> float:
    """How long each of several devices is waited for before it is known which of them answer.

    `frame_s` is how long an answer is on its way after it began.
    """
    return min(timeout_s, max(timeout_s * _LOOK_SHARE, _SHORTEST_WAIT_S) + frame_s)
