"""Measure two things in one run, several times in turn, and write their ratio where people read it.

Absolute times belong to one machine; a ratio of medians, taken turn by turn in one run, travels.
"""

import os
import platform
import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured thing: amount of work in each run, and the seconds that each run took."""

    name: str
    amount: float
    seconds: tuple[float, ...]

    @property
    def rate(self) -> float:
        """Median of work per second."""
        return self.amount / statistics.median(self.seconds)

    @property
    def spread(self) -> float:
        """Slowest over fastest run."""
        return max(self.seconds) / min(self.seconds)


def in_turn(
    runs: int, amount: float, subjects: Sequence[tuple[str, Callable[[], float]]]
) -> list[Figure]:
    """Run every subject once, then every subject again, and so on; each returns its seconds."""
    seconds: list[list[float]] = [[] for _ in subjects]
    for _ in range(runs):
        for taken, (_, subject) in zip(seconds, subjects, strict=True):
            taken.append(subject())
    return [
        Figure(name, amount, tuple(taken))
        for (name, _), taken in zip(subjects, seconds, strict=True)
    ]


def cpu_s(numbers: Sequence[int]) -> float:
    """Seconds of CPU that processes have used, with all their threads; those that ended count no more."""
    ticks = 0
    for number in numbers:
        try:
            fields = Path(f"/proc/{number}/stat").read_text().rpartition(") ")[2].split()
        except OSError:
            continue
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; the first column to the left, the others to the right."""
    lines = [head, ["---", *("---:" for _ in head[1:])], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def machine() -> str:
    """The machine in a few words."""
    return f"{os.cpu_count()} cores, {_processor()}, Python {platform.python_version()}"


def say(text: str) -> None:
    """Tell whoever waits how far a measurement is, beside its result."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def publish(name: str, command: str, text: str, page: Path = PAGE) -> None:
    """Put a measurement into the page between its markers, made at the end where they are missing.

    The options that this run was given stand behind `command`.
    """
    start, end = f"<!-- bench:{name} -->", f"<!-- /bench:{name} -->"
    page.parent.mkdir(parents=True, exist_ok=True)
    old = page.read_text("utf-8") if page.exists() else "# Benchmarks\n"
    if start not in old:
        old += f"\n{start}\n{end}\n"
    head, _, rest = old.partition(start)
    tail = rest.partition(end)[2]
    told = " ".join([command, *sys.argv[1:]])
    body = f"`{told}` on {machine()}\n\n{text}"
    page.write_text(f"{head}{start}\n{body}\n{end}{tail}", "utf-8")


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
