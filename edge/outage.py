"""An outage of a log, told once when it begins and once at its end."""

from config.clock import ClockUs, from_us, now_us
from config.diagnostics import logger
from config.errors import LogFull, LogUnavailable

log = logger(__name__)


class Outage:
    """Which partitions a log does not take, since when, and why.

    `name` is how people call that log, such as "the log" or "the hub's log".
    """

    def __init__(self, name: str = "the log", *, clock: ClockUs = now_us) -> None:
        self.error = ""
        self.full = False
        self.since_us = 0
        self._name = name
        self._clock = clock
        self._partitions: set[int] = set()

    @property
    def problem(self) -> str:
        """What people should know, or nothing."""
        if not self._partitions:
            return ""
        since = from_us(self.since_us).isoformat(timespec="seconds").replace("+00:00", "Z")
        if self.full:
            return f"{self._name} is full since {since}"
        return f"{self._name} takes nothing since {since}: {self.error}"

    def begins(self, partition: int, error: LogUnavailable) -> None:
        """A partition is not taken, now or still; said at first, and when the log is full at last."""
        full = isinstance(error, LogFull)
        if not self._partitions:
            self.since_us = self._clock()
        if not self._partitions or (full and not self.full):
            log.warning(
                "log takes nothing, keeping what is read",
                log=self._name,
                full=full,
                error=str(error),
            )
        self._partitions.add(partition)
        self.error, self.full = str(error), full

    def ends(self, partition: int) -> None:
        """A partition is taken again."""
        if partition in self._partitions:
            self._partitions.discard(partition)
            if not self._partitions:
                self.error, self.full = "", False
                log.info("log takes records again", log=self._name)
