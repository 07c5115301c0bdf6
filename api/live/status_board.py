"""What every role last said about itself, and how fast its counters run."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from config.clock import ClockUs, from_us, now_us, to_us
from config.status import STALE_AFTER_S, Status

_RATE_OVER = 6
_COUNTER = "_total"


@dataclass(frozen=True, slots=True)
class RoleState:
    """One process of a role: its last status, its age, and what its counters do per second.

    `part_rates` holds the same for each of its parts, such as the sources of an edge.
    """

    status: Status
    age_s: float
    rates: Mapping[str, float]
    part_rates: Mapping[str, Mapping[str, float]]

    @property
    def age(self) -> timedelta:
        """How long ago it was last heard of."""
        return timedelta(seconds=self.age_s)

    @property
    def alive(self) -> bool:
        """Has it been heard of lately?"""
        return self.age_s <= STALE_AFTER_S


@dataclass(frozen=True, slots=True)
class Figures:
    """The plant's pulse in a few numbers."""

    sources_connected: int
    sources_total: int
    readings_per_s: float
    lag_s: float | None


@dataclass(slots=True)
class _Heard:
    """The last few statuses of one process, each with the time it came in."""

    statuses: deque[tuple[int, Status]] = field(default_factory=lambda: deque(maxlen=_RATE_OVER))

    def take(self, at_us: int, status: Status) -> None:
        if self.statuses and _restarted(self.statuses[-1][1], status):
            self.statuses.clear()
        self.statuses.append((at_us, status))

    def state(self, now: int) -> RoleState:
        at_us, last = self.statuses[-1]
        (_, first) = self.statuses[0]
        seconds = (last.ts - first.ts) / 1e6
        parts = {
            name: _rates(first.parts[name].metrics, part.metrics, seconds)
            for name, part in last.parts.items()
            if name in first.parts
        }
        return RoleState(
            last, (now - at_us) / 1e6, _rates(first.metrics, last.metrics, seconds), parts
        )


def _rates(
    first: Mapping[str, float], last: Mapping[str, float], seconds: float
) -> dict[str, float]:
    """Increase per second of each counter. A part that began anew counts from nothing."""
    if seconds <= 0:
        return {}
    return {
        name: max(0.0, value - first.get(name, 0.0)) / seconds
        for name, value in last.items()
        if name.endswith(_COUNTER)
    }


def _restarted(before: Status, after: Status) -> bool:
    """Does a counter count less than before? Then it is another run of the process."""
    return any(
        after.metrics.get(name, 0.0) < value
        for name, value in before.metrics.items()
        if name.endswith(_COUNTER)
    )


def _silent(key: tuple[str, str], at_us: int, now: int) -> RoleState:
    """A process that others have heard of."""
    role, name = key
    return RoleState(Status(role, name, at_us, healthy=False), (now - at_us) / 1e6, {}, {})


class StatusBoard:
    """Collects statuses as they come; reading it never waits."""

    def __init__(self, clock: ClockUs = now_us) -> None:
        self._clock = clock
        self._heard: dict[tuple[str, str], _Heard] = {}
        self._known: dict[tuple[str, str], int] = {}

    def take(self, status: Status) -> None:
        """Note a status that has just come in."""
        heard = self._heard.setdefault((status.role, status.name), _Heard())
        heard.take(self._clock(), status)

    def remember(self, role: str, known: Mapping[str, datetime]) -> None:
        """Note which processes of a role were last heard of when, before there was this board too."""
        others = {key: at for key, at in self._known.items() if key[0] != role}
        self._known = others | {(role, name): to_us(at) for name, at in known.items()}

    def heard(self, role: str) -> dict[str, datetime]:
        """When each process of a role was last heard of by this board itself."""
        return {
            name: from_us(heard.statuses[-1][0])
            for (of, name), heard in self._heard.items()
            if of == role
        }

    def roles(self) -> list[RoleState]:
        """Every process that was ever heard of, by role and name."""
        now = self._clock()
        silent = {key: at for key, at in self._known.items() if key not in self._heard}
        return [
            _silent(key, silent[key], now) if key in silent else self._heard[key].state(now)
            for key in sorted(self._heard | silent)
        ]

    def alive(self, role: str) -> bool:
        """Has any process of this role been heard of lately?"""
        return any(state.alive for state in self.roles() if state.status.role == role)

    def figures(self) -> Figures:
        """The plant's pulse, of the processes that live."""
        living = [state for state in self.roles() if state.alive]
        edges = [state for state in living if state.status.role == "edge"]
        parts = [part for state in edges for part in state.status.parts.values()]
        lags = [
            state.status.metrics["lag_seconds"]
            for state in living
            if state.status.role == "ingest" and "lag_seconds" in state.status.metrics
        ]
        return Figures(
            sources_connected=sum(part.state == "connected" for part in parts),
            sources_total=len(parts),
            readings_per_s=sum(state.rates.get("readings_total", 0.0) for state in edges),
            lag_s=max(lags, default=None),
        )
