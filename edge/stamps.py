"""Times for readings whose source gives none, and times that a source gives wrongly. Pure."""

from dataclasses import dataclass


class Stamps:
    """Times of receipt made strictly increasing for each key, so that no reading hides another.

    The key is a tag, or a device whose points are always stamped together.
    """

    def __init__(self) -> None:
        self._last: dict[str, int] = {}

    def next(self, key: str, received_us: int) -> int:
        """`received_us`, or the microsecond after the key's last time if that is later."""
        stamp = max(received_us, self._last.get(key, received_us - 1) + 1)
        self._last[key] = stamp
        return stamp


@dataclass(frozen=True, slots=True)
class ClockLimits:
    """How far a source's own time may be from the time of receipt, in µs.

    Ahead is always a clock's fault: no reading is from the future. Behind it may be honest, as in
    the backlog of a device that was cut off.
    """

    ahead_us: int
    behind_us: int

    def allow(self, source_us: int, received_us: int) -> bool:
        """May the source's time be believed?"""
        return received_us - self.behind_us <= source_us <= received_us + self.ahead_us
