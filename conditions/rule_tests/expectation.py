"""What a rule test expects, and how it differs from what was found. Pure.

Expectations are written `raised high at 12m`, `escalated critical`, `deescalated medium at 1h`,
`cleared at 3h`; without `at` any time will do.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from conditions.change import Change
from conditions.event import ChangeKind, Severity
from conditions.rule_tests.moment import format_moment, parse_moment

_FORM = re.compile(
    r"(?P<kind>raised|escalated|deescalated|cleared)"
    r"(?:\s+(?P<severity>low|medium|high|critical))?(?:\s+(?:at|@)\s*(?P<time>\S.*))?"
)
_WITH_SEVERITY = (ChangeKind.RAISED, ChangeKind.ESCALATED, ChangeKind.DEESCALATED)


class ExpectationError(ValueError):
    """An expectation that cannot be read; says what would be right."""


@dataclass(frozen=True, slots=True)
class Step:
    """A change of an event: `at` µs after the start (None: at any time).

    `severity` is the one after the change; None where it does not matter or is gone.
    """

    kind: ChangeKind
    severity: Severity | None
    at: int | None

    def __str__(self) -> str:
        level = f" {self.severity.label}" if self.severity else ""
        return f"{self.kind}{level}" + ("" if self.at is None else f" at {format_moment(self.at)}")

    def meets(self, expected: "Step", *, tolerance: int) -> bool:
        """Is this what was expected?"""
        if self.kind is not expected.kind or expected.severity not in {None, self.severity}:
            return False
        return expected.at is None or self.at is None or abs(self.at - expected.at) <= tolerance


@dataclass(frozen=True, slots=True)
class Compared:
    """What was expected beside what was found; None: nothing there."""

    expected: Step | None
    found: Step | None
    same: bool


def parse_step(text: str) -> Step:
    """An expectation as it is written. Raises `ExpectationError`."""
    match = _FORM.fullmatch(text.strip())
    if match is None:
        raise ExpectationError(
            f"{text!r} cannot be read; write `raised high at 12m`, `cleared at 3h`, or `nothing`"
        )
    try:
        at = parse_moment(match["time"]) if match["time"] else None
    except ValueError as error:
        raise ExpectationError(f"{text!r}: {str(error).partition(' | ')[0]}") from error
    severity = Severity[match["severity"].upper()] if match["severity"] else None
    return Step(ChangeKind(match["kind"]), severity, at)


def step_of(change: Change, *, start_us: int) -> Step:
    """A change that the engine found, as an expectation would say it."""
    severity = change.severity if change.kind in _WITH_SEVERITY else None
    return Step(change.kind, severity, change.at_us - start_us)


def compare(expected: Sequence[Step], found: Sequence[Step], *, tolerance: int) -> list[Compared]:
    """The two side by side: the same kinds of changes stand on one line."""
    matcher = SequenceMatcher(
        a=[step.kind for step in expected], b=[step.kind for step in found], autojunk=False
    )
    lines: list[Compared] = []
    for _, a_from, a_to, b_from, b_to in matcher.get_opcodes():
        for offset in range(max(a_to - a_from, b_to - b_from)):
            one = expected[a_from + offset] if a_from + offset < a_to else None
            other = found[b_from + offset] if b_from + offset < b_to else None
            same = bool(one and other and other.meets(one, tolerance=tolerance))
            lines.append(Compared(one, other, same))
    return lines
