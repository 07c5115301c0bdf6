"""Times for readings that have none of their own: those of their messages' receipt. Pure."""

import numpy as np

from edge.reading import Int64s


class ReceiptTimes:
    """Each message is given a time after all that were given before, unless it comes again.

    So the times of its readings hang on that one alone, and are the same at each repetition.
    """

    def __init__(self, newest_us: int = 0) -> None:
        self._newest = newest_us
        self._given: dict[str, int] = {}

    def begin(self, received_us: int, *, again: bool) -> int:
        """The time of the next message, in µs; of one that comes again it is `received_us`."""
        self._given.clear()
        return received_us if again else max(received_us, self._newest + 1)

    def single(self, received_us: int, *, again: bool) -> int:
        """The time of the next message, and of the only reading in it."""
        stamp = received_us if again else max(received_us, self._newest + 1)
        if stamp > self._newest:
            self._newest = stamp
        return stamp

    def each(self, received_us: Int64s) -> Int64s:
        """The times of the next messages, of one reading each, none of which comes again."""
        order = np.arange(len(received_us))
        first = self._newest + 1
        stamps = np.maximum.accumulate(np.maximum(received_us - order, first)) + order
        self._newest = max(self._newest, int(stamps.max(initial=0)))
        return stamps

    def next(self, key: str, moment_us: int) -> int:
        """The message's time for the first reading of a key (a tag or an alarm), then a µs more each."""
        given = self._given.get(key)
        stamp = moment_us if given is None else max(moment_us, given + 1)
        self._given[key] = stamp
        if stamp > self._newest:
            self._newest = stamp
        return stamp
