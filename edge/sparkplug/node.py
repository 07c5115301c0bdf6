"""What is known of one edge node: its session, the metrics of its births, its points. Pure."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from edge.sparkplug.payload import Metric, Payload
from edge.sparkplug.topic import NodeId, Topic

_SEQUENCES = 256
_MOST_HELD = 1_000
_REMEMBERED = 32


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message with the time it was received."""

    topic: Topic
    payload: Payload
    received_us: int


@dataclass(slots=True, eq=False)
class Point:
    """A metric that gives readings.

    `last_us` is the time of its last reading, `ours_us` that of the last one timed by our clock;
    `lost` says that its last reading told that it is out of reach.
    """

    tag: str
    last_us: int = 0
    ours_us: int = 0
    lost: bool = False

    def lose(self, at_us: int) -> int:
        """The time of the reading which tells that the point is out of reach."""
        self.lost = True
        return self._by_our_clock(at_us)

    def place(self, measured_us: int | None, received_us: int) -> int:
        """The time of a reading measured or else received then.

        What comes after a reading timed by our clock has to stand after it, or a point that was
        lost would seem to be lost for as long as its node's clock is behind.
        """
        self.lost = False
        if measured_us is None or measured_us <= self.ours_us:
            return self._by_our_clock(received_us)
        self.last_us = max(self.last_us, measured_us)
        return measured_us

    def _by_our_clock(self, at_us: int) -> int:
        self.last_us = self.ours_us = max(at_us, self.last_us + 1)
        return self.last_us


@dataclass(frozen=True, slots=True)
class Definition:
    """A metric as a birth made it known."""

    name: str
    datatype: int


@dataclass(slots=True)
class Metrics:
    """The metrics of a birth, by alias and by name."""

    by_alias: dict[int, Definition] = field(default_factory=dict)
    by_name: dict[str, Definition] = field(default_factory=dict)

    @classmethod
    def of_birth(cls, payload: Payload) -> "Metrics":
        """The metrics that a birth names."""
        metrics = cls()
        for metric in payload.metrics:
            if metric.name:
                definition = Definition(metric.name, metric.datatype)
                metrics.by_name[metric.name] = definition
                if metric.alias is not None:
                    metrics.by_alias[metric.alias] = definition
        return metrics

    def find(self, metric: Metric) -> Definition | None:
        """What this metric is, by its name or else its alias."""
        if metric.name:
            return self.by_name.get(metric.name)
        return self.by_alias.get(metric.alias) if metric.alias is not None else None


@dataclass(slots=True)
class Session:
    """An edge node's connection since its birth.

    `expected` is the sequence number to come, None where the node does not number. While one is
    missing, what comes is `held`: it may belong to a birth that we missed. `broken` says that only
    a birth helps. `metrics` are those of the node (under "") and of each device that was born.
    """

    birth: Payload
    expected: int | None
    metrics: dict[str, Metrics]
    held: list[Arrival] = field(default_factory=list)
    gap_us: int | None = None
    broken: bool = False
    recent: deque[Arrival] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))

    @classmethod
    def of_birth(cls, payload: Payload) -> "Session":
        """The session that an NBIRTH begins."""
        expected = None if payload.seq is None else (payload.seq + 1) % _SEQUENCES
        return cls(payload, expected, {"": Metrics.of_birth(payload)})

    def is_next(self, arrival: Arrival) -> bool:
        """Is it this message's turn?"""
        if self.broken:
            return False
        if None in {self.expected, arrival.payload.seq}:
            return True
        return arrival.payload.seq == self.expected and self._is_before_held(arrival)

    def _is_before_held(self, arrival: Arrival) -> bool:
        """Was it sent before what is held? A missing message was; that of a new round was not."""
        sent = arrival.payload.timestamp
        times = [each.payload.timestamp for each in self.held]
        return sent is None or all(time is None or sent <= time for time in times)

    def is_repeated(self, arrival: Arrival) -> bool:
        """Did the broker deliver a message once more?"""
        return arrival.payload.seq is not None and any(
            (each.topic, each.payload) == (arrival.topic, arrival.payload) for each in self.recent
        )

    def advance(self, arrival: Arrival) -> None:
        """This message was taken."""
        self.recent.append(arrival)
        if arrival.payload.seq is not None:
            self.expected = (arrival.payload.seq + 1) % _SEQUENCES

    def hold(self, arrival: Arrival) -> list[Arrival]:
        """Keep the message for later; returns those that had to make room for it."""
        if self.gap_us is None:
            self.gap_us = arrival.received_us
        self.held.append(arrival)
        return [self.held.pop(0)] if len(self.held) > _MOST_HELD else []

    def release(self) -> Iterator[Arrival]:
        """The held messages whose turn has come; the gap is closed when none is left."""
        while (found := self._turn()) is not None:
            yield self.held.pop(found)
        if not self.held and not self.broken:
            self.gap_us = None

    def _turn(self) -> int | None:
        return next((i for i, each in enumerate(self.held) if self.is_next(each)), None)

    def is_born_by(self, birth: Payload) -> bool:
        """Is this the very birth that began the session, delivered once more?"""
        return not self.broken and birth.timestamp is not None and self.birth == birth

    def continues(self, birth: Payload) -> bool:
        """Is `birth` a rebirth of this session, and what was known of the node still true?"""
        number = self.birth.bd_seq()
        same = number is not None and number == birth.bd_seq()
        return same and self.metrics[""] == Metrics.of_birth(birth)

    def is_other_than(self, number: int | None) -> bool | None:
        """Is the connection of this number another one? None where nobody numbers them."""
        known = self.birth.bd_seq()
        return None if known is None or number is None else known != number

    def part(self, birth: Payload) -> tuple[list[Arrival], list[Arrival]]:
        """The held messages that were sent before `birth`, and those that were sent after it."""
        early: list[Arrival] = []
        later: list[Arrival] = []
        for each in self.held:
            sent, born = each.payload.timestamp, birth.timestamp
            after = sent is not None and born is not None and sent >= born
            (later if after else early).append(each)
        return early, later


@dataclass(slots=True)
class EdgeNode:
    """One edge node, whether or not it is there: `session` is None until its birth.

    `points` are the points of the node and its devices by (device, metric name); None stands for a
    metric that can have none, which was told.
    """

    key: NodeId
    session: Session | None = None
    seen_us: int = 0
    points: dict[tuple[str, str], Point | None] = field(default_factory=dict)

    def points_of(self, device: str | None) -> list[Point]:
        """The points of one device, or of the node with all of its devices for None."""
        return [
            point
            for (owner, _), point in self.points.items()
            if point is not None and device in {None, owner}
        ]
