"""Rules shared out among threads: what a rule says does not depend on which others run beside it. Pure."""

import heapq
import os
from collections.abc import Sequence

from conditions.binding import ActiveRule
from conditions.rule import Rule
from conditions.term import WINDOWED


def cores() -> int:
    """How many threads run at a time on this machine."""
    return os.cpu_count() or 1


def share_out(rules: Sequence[ActiveRule], threads: int) -> list[list[ActiveRule]]:
    """The rules in up to `threads` shares of about equal work, none of them empty; in their order."""
    count = max(1, min(threads, len(rules)))
    loads = [(0, number) for number in range(count)]
    places: dict[int, int] = {}
    for place in sorted(range(len(rules)), key=lambda n: -_work(rules[n].rule)):
        load, number = heapq.heappop(loads)
        places[place] = number
        heapq.heappush(loads, (load + _work(rules[place].rule), number))
    return [
        [rules[place] for place in range(len(rules)) if places[place] == number]
        for number in range(count)
    ]


def _work(rule: Rule) -> int:
    """What evaluating a rule takes, by the look of it: its inputs and its windows."""
    windows = {one for term in rule.terms for one in term.walk() if one.op in WINDOWED}
    return 1 + len(rule.inputs) + len(windows)
