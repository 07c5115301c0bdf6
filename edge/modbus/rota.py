"""Which intervals are due: each has its own ticks, all counted from one start. Pure."""

from collections.abc import Iterable

from edge.pace import next_tick


class Rota:
    """The ticks of several intervals in µs, on a clock in seconds that the caller reads."""

    def __init__(self, intervals_us: Iterable[int], *, start: float) -> None:
        self._start = start
        self._due = dict.fromkeys(intervals_us, start)

    def take(self, now: float) -> frozenset[int]:
        """The intervals that are due."""
        return frozenset(every for every, due in self._due.items() if due <= now)

    def finish(self, taken: Iterable[int], now: float) -> float:
        """Move what was taken on to its next tick after `now`; the time of the next tick of all.

        Ticks missed meanwhile are left out, but what fell due and was not taken stays due.
        """
        for every in taken:
            self._due[every] = self._next(every, now)
        return min(self._due.values())

    def next_after(self, now: float) -> float:
        """The first tick of any interval after `now`."""
        return min(self._next(every, now) for every in self._due)

    def _next(self, every_us: int, now: float) -> float:
        return next_tick(self._start, every_us / 1e6, now)
