"""Rules replayed over batches of history, on the engine that runs live. Pure.

The rules may be shared out among threads, each with an engine of its own over all of the history: the
kernel holds no lock while it runs. A variant of a rule (`conditions.variant`) is replayed in the same pass, so that versions or values
of a parameter are compared over one reading of the history.
"""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

from conditions.backtest.shares import share_out
from conditions.binding import Plant
from conditions.change import Change
from conditions.engine import Engine, Part, Tick
from conditions.event import ChangeKind, Severity
from conditions.rule import Rule
from conditions.variant import label_of, rule_of
from edge.reading import ReadingBatch

_AT_ONCE = 1 << 20


@dataclass(frozen=True, slots=True)
class Event:
    """An event that a rule would have raised; times in µs of event time.

    `cleared_us` is None where it was open at the end. `severity` is the one at its raise.
    """

    rule: str
    asset: str
    failure_mode: str
    onset_us: int
    raised_us: int
    cleared_us: int | None
    severity: Severity
    peak: Severity
    message: str
    value: float | None


@dataclass(slots=True)
class Replay:
    """Replays rules over one group of assets, whose history is fed in time order.

    `changes` are those from `start_us` on, without evidence; what comes before brings windows and
    delays to where they would be. They are the same, in the same order, however many threads.
    """

    plant: Plant
    start_us: int
    threads: int = 1
    changes: list[Change] = field(default_factory=list)
    readings: int = 0
    _engines: list[Engine] = field(init=False)

    def __post_init__(self) -> None:
        self._engines = [
            Engine(replace(self.plant, rules=rules), lateness_us=0, evidence=False)
            for rules in share_out(self.plant.rules, self.threads)
        ]

    def feed(self, batch: ReadingBatch) -> None:
        """Take in the next readings."""
        self.readings += len(batch)
        # What several engines read at a time had better stay in the processor's cache.
        self._feed(
            [batch.part(start, start + _AT_ONCE) for start in range(0, len(batch), _AT_ONCE)]
        )

    def end(self, end_us: int) -> None:
        """Let delays that end by the end of the range run out."""
        self._feed([Tick(end_us)])

    def _feed(self, parts: Sequence[Part]) -> None:
        def take(engine: Engine) -> list[Change]:
            return [change for part in parts for change in engine.feed([part])]

        if len(self._engines) == 1:
            found = take(self._engines[0])
        else:
            with ThreadPoolExecutor(len(self._engines)) as pool:
                found = [change for some in pool.map(take, self._engines) for change in some]
        kept = (change for change in found if change.raised_us >= self.start_us)
        self.changes += sorted(kept, key=lambda change: (change.at_us, change.rule, change.asset))


def warm_up_us(rules: Iterable[Rule]) -> int:
    """How much history before a range decides what the rules say at its start.

    The longest delay and window among them, added up; an event that was open by then is left out.
    """
    return max((_reach(rule) for rule in rules), default=0)


def _reach(rule: Rule) -> int:
    delays = max((max(level.for_us, level.clear_for_us) for level in rule.levels), default=0)
    terms = [getattr(rule, name, None) for name in ("value", "enabled_when")]
    terms += [side for level in rule.levels for side in (level.raise_when, level.clear_when)]
    return delays + max(map(_window, terms))


def _window(term: Any) -> int:
    """How far back a term looks: its own window, and those of what it looks at."""
    below = max(map(_window, getattr(term, "operands", ())), default=0)
    return int(getattr(term, "window_us", 0)) + below


def labels(changes: Iterable[Change]) -> list[str]:
    """The labels of the variants that the changes are of, in their order."""
    return list(dict.fromkeys(label_of(change.rule) for change in changes))


def of_variant(changes: Iterable[Change], label: str) -> list[Change]:
    """The changes of a variant, under the names of the rules themselves, by time."""
    found = [
        replace(change, rule=rule_of(change.rule))
        for change in changes
        if label_of(change.rule) == label
    ]
    return sorted(found, key=lambda change: change.at_us)


def events_of(changes: Sequence[Change]) -> list[Event]:
    """The events that changes amount to, by the time of their raise."""
    first: dict[str, Change] = {}
    peak: dict[str, Severity] = {}
    cleared: dict[str, int] = {}
    for change in changes:
        first.setdefault(change.key, change)
        peak[change.key] = max(peak.get(change.key, change.severity), change.peak_severity)
        if change.kind is ChangeKind.CLEARED:
            cleared[change.key] = change.at_us
    events = [_event(one, peak[key], cleared.get(key)) for key, one in _raised(first)]
    return sorted(events, key=lambda event: (event.raised_us, event.asset, event.rule))


def _raised(first: dict[str, Change]) -> Iterator[tuple[str, Change]]:
    for key, change in first.items():
        if change.kind is ChangeKind.RAISED:
            yield key, change


def _event(raised: Change, peak: Severity, cleared_us: int | None) -> Event:
    return Event(
        rule=raised.rule,
        asset=raised.asset,
        failure_mode=raised.failure_mode,
        onset_us=raised.onset_us,
        raised_us=raised.raised_us,
        cleared_us=cleared_us,
        severity=raised.severity,
        peak=peak,
        message=raised.message,
        value=raised.value,
    )
