"""What a device gave out, and whether exactly that is stored."""

import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is wrong with the stored numbers; what was not promised is no fault, but told.

    `reordered` holds numbers that stand, by their times, behind a later one; `missed` those that the
    protocol could not keep, and `repeated` those that a broker forgot to have given already.
    """

    lost: tuple[int, ...] = ()
    doubled: tuple[float, ...] = ()
    reordered: tuple[float, ...] = ()
    invented: tuple[float, ...] = ()
    missed: tuple[int, ...] = field(default=(), compare=False)
    repeated: tuple[float, ...] = field(default=(), compare=False)

    @property
    def faults(self) -> int:
        """How many numbers are wrong."""
        return sum(map(len, (self.lost, self.doubled, self.reordered, self.invented)))


CLEAN = Verdict()


def judge(given: Mapping[int, bool], stored: Sequence[float]) -> Verdict:
    """Compare the numbers that a device gave with those stored, in the order of their times.

    Each number given says whether it is promised to be stored.
    """
    counts = Counter(stored)
    absent = [number for number in sorted(given) if number not in counts]
    return Verdict(
        lost=tuple(number for number in absent if given[number]),
        doubled=tuple(sorted(number for number, count in counts.items() if count > 1)),
        reordered=tuple(later for earlier, later in pairwise(stored) if later < earlier),
        invented=tuple(sorted(counts.keys() - given.keys())),
        missed=tuple(number for number in absent if not given[number]),
    )


class Ledger:
    """The numbers of one point, 1 and up, as its device gives them; written by one thread.

    A number is promised once its protocol says that it was taken. What was under way when a
    receiver that could not say so died is excused: a device that is polled, or that publishes
    without acknowledgement, has no means to send it again.
    """

    def __init__(self, *, in_order: bool = True) -> None:
        """`in_order` says whether the numbers are to stand in the order in which they were given."""
        self._in_order = in_order
        self._given_at: list[float] = []
        self._promised: set[int] = set()
        self._excused: set[int] = set()
        self._forgotten: set[int] = set()

    def __len__(self) -> int:
        return len(self._given_at)

    def give(self, *, promised: bool) -> int:
        """The next number."""
        self._given_at.append(time.monotonic())
        number = len(self._given_at)
        if promised:
            self._promised.add(number)
        return number

    def promise(self, number: int) -> None:
        """The receiver has said that it has this one."""
        self._promised.add(number)

    def excuse(self, since: float, until: float, *, but: Collection[int] = ()) -> None:
        """Take back the promise of what was given between two times of the monotonic clock."""
        self._excused |= self._between(since, until).difference(but)

    def excuse_last(self, since: float) -> None:
        """Take back the promise of the last one, if it was given since a time."""
        if self._given_at and self._given_at[-1] >= since:
            self._excused.add(len(self))

    def forgotten(self, since: float, until: float) -> None:
        """The broker may have lost what it knew of the numbers given between two times."""
        self._forgotten |= self._between(since, until)

    def judge(self, stored: Sequence[float], *, after: int, until: int) -> Verdict:
        """The verdict over the numbers past `after` and up to `until`; others may be stored too."""
        kept = self._promised - self._excused
        given = {number: number in kept for number in range(after + 1, until + 1)}
        later = range(until + 1, len(self) + 1)
        verdict = judge(given, [value for value in stored if value > after and value not in later])
        if not self._in_order:
            verdict = replace(verdict, reordered=())
        again = tuple(number for number in verdict.doubled if number in self._forgotten)
        doubled = tuple(number for number in verdict.doubled if number not in again)
        return replace(verdict, doubled=doubled, repeated=again)

    def _between(self, since: float, until: float) -> set[int]:
        given = list(self._given_at)
        return {number for number, at in enumerate(given, 1) if since <= at <= until}
