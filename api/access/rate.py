"""How often somebody unknown may do something: a bucket of tokens for each name."""

from collections import OrderedDict

from config.clock import ClockUs, now_us

_REMEMBERED = 10_000


class Rate:
    """Lets `burst` through at once for a name, and one more every `every_s` seconds."""

    def __init__(self, *, burst: int, every_s: float, clock: ClockUs = now_us) -> None:
        self._burst = burst
        self._every_us = every_s * 1e6
        self._clock = clock
        self._full_at: OrderedDict[str, float] = OrderedDict()

    def take(self, name: str) -> bool:
        """Take a token of that name's, if one is left; only the latest names are remembered."""
        now = self._clock()
        full_at = max(float(now), self._full_at.pop(name, 0.0))
        allowed = full_at + self._every_us <= now + self._burst * self._every_us
        self._full_at[name] = full_at + self._every_us if allowed else full_at
        if len(self._full_at) > _REMEMBERED:
            self._full_at.popitem(last=False)
        return allowed
