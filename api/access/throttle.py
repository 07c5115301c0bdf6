"""Make guessing slow: each wrong password makes the next try for that login wait longer."""

from collections import OrderedDict
from dataclasses import dataclass

from config.clock import ClockUs, now_us

_FREE_TRIES = 2
_FIRST_DELAY_S = 0.5
_LONGEST_DELAY_S = 8.0
_FORGOTTEN_AFTER_S = 900.0
_REMEMBERED = 10_000


@dataclass(slots=True)
class _Failures:
    count: int
    last_us: int


class Throttle:
    """Counts failures for each name and says how long the next try has to wait."""

    def __init__(self, clock: ClockUs = now_us) -> None:
        self._clock = clock
        self._failures: OrderedDict[str, _Failures] = OrderedDict()

    def delay_s(self, name: str) -> float:
        """Seconds to wait before a try is looked at: none at first, then doubling to 8 s."""
        failures = self._failures.get(name)
        if failures is None or self._old(failures) or failures.count <= _FREE_TRIES:
            return 0.0
        doublings = min(failures.count - _FREE_TRIES - 1, 10)
        return min(_LONGEST_DELAY_S, _FIRST_DELAY_S * 2.0**doublings)

    def failed(self, name: str) -> None:
        """Note a wrong password; only so many names are remembered, the latest ones."""
        failures = self._failures.pop(name, None)
        if failures is None or self._old(failures):
            failures = _Failures(0, 0)
        failures.count += 1
        failures.last_us = self._clock()
        self._failures[name] = failures
        if len(self._failures) > _REMEMBERED:
            self._failures.popitem(last=False)

    def succeeded(self, name: str) -> None:
        """Forget the failures of a name."""
        self._failures.pop(name, None)

    def _old(self, failures: _Failures) -> bool:
        return (self._clock() - failures.last_us) / 1e6 > _FORGOTTEN_AFTER_S
