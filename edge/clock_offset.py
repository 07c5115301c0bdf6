"""How far a source's clock is from ours, told apart from how long its readings were on their way.

A reading's time of receipt less its source's time is the clock's offset plus the reading's delay,
and a delay is never negative. So the least of each window of receipt stands for the offset and the
shortest way (the minimum filter of NTP, RFC 5905 section 10), and their exponentially weighted mean
for the offset itself.

What a device kept while it was cut off comes hours late and would pass for a clock hours behind.
But a backlog drains: its delays shrink by more than the time that passes, or it would never catch
up. A clock's offset stands still. So a window counts only where its least is that of the window
before, give or take `AGREE_US`. A source that is late by the same hour for ever cannot be told from
one whose clock is an hour behind, by anybody who has only its word. Pure.
"""

from collections.abc import Iterator, Mapping

WINDOW_US = 10_000_000
AGREE_US = 2_000_000
_WEIGHT = 0.2
_MOST_DEVICES = 1_000


class ClockOffset:
    """The offset of one clock: time of receipt less its own time, in µs; ahead is negative."""

    __slots__ = ("_before", "_began", "_least", "_mean")

    def __init__(self) -> None:
        self._began: int | None = None
        self._least = 0
        self._before: int | None = None
        self._mean: float | None = None

    @property
    def us(self) -> int | None:
        """The estimate; None before two windows in a row agreed."""
        return None if self._mean is None else round(self._mean)

    def saw(self, source_us: int, received_us: int) -> None:
        """Take in the times of one reading."""
        delay = received_us - source_us
        if self._began is None:
            self._began, self._least = received_us, delay
        # Our own clock may step back: that begins another window too.
        elif 0 <= received_us - self._began < WINDOW_US:
            if delay < self._least:
                self._least = delay
        else:
            self._close()
            self._began, self._least = received_us, delay

    def _close(self) -> None:
        steady = self._before is not None and abs(self._least - self._before) <= AGREE_US
        self._before = self._least
        if not steady:
            return
        if self._mean is None or abs(self._least - self._mean) > AGREE_US:
            self._mean = float(self._least)
        else:
            self._mean += _WEIGHT * (self._least - self._mean)


class Clocks:
    """The clocks behind one source, by device; beyond 1,000 devices no more are followed."""

    def __init__(self) -> None:
        self._of: dict[str, ClockOffset] = {}

    def saw(self, device: str, source_us: int, received_us: int) -> None:
        """Take in the times of one reading of a device."""
        clock = self._of.get(device)
        if clock is None:
            if len(self._of) >= _MOST_DEVICES:
                return
            clock = self._of[device] = ClockOffset()
        clock.saw(source_us, received_us)

    def offsets_s(self) -> Mapping[str, float]:
        """Seconds by device, of those that are known; positive: behind ours."""
        return dict(self._known())

    def furthest_s(self) -> float | None:
        """The offset of the clock that is furthest off, in seconds; None while none is known."""
        return max((each for _, each in self._known()), key=abs, default=None)

    def _known(self) -> Iterator[tuple[str, float]]:
        for device, clock in self._of.items():
            if (us := clock.us) is not None:
                yield device, us / 1e6
