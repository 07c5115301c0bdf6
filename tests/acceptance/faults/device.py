"""What every device of the line is, and the thread in which one publishes."""

import threading
from collections.abc import Callable, Mapping
from typing import Protocol

from tests.acceptance.faults.ledger import Ledger


class Device(Protocol):
    """A device that numbers what it says, point by point."""

    @property
    def ledgers(self) -> Mapping[str, Ledger]:
        """What it gave out, by the tag of the point."""
        ...

    def start(self) -> None:
        """Go on publishing."""
        ...

    def stop(self) -> None:
        """Publish no more; what was published is promised or excused by now."""
        ...

    def receiver_gone(self, since: float) -> None:
        """The edge was killed, and has confirmed nothing since a time of the monotonic clock."""
        ...

    def close(self) -> None:
        """Leave."""
        ...


class Pace:
    """Calls `say` at a steady pace, in a thread of its own, between `start` and `stop`."""

    def __init__(self, say: Callable[[], None], *, every_s: float) -> None:
        self._say = say
        self._every_s = every_s
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        if self._thread is None:
            self._stop.clear()
            self._thread = threading.Thread(target=self._run)
            self._thread.start()

    def stop(self) -> None:
        if self._thread is not None:
            self._stop.set()
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        while not self._stop.wait(self._every_s):
            self._say()
