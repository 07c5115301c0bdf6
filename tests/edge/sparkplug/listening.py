"""A host with what came of its messages, for tests."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from edge.reading import Quality, Reason, quality_code
from edge.sparkplug.host import Host
from edge.sparkplug.outcome import Outcome
from edge.sparkplug.payload import decode
from edge.sparkplug.tags import TagRule
from edge.stamps import ClockLimits
from tests.edge.sparkplug.edge_node import SECOND, START, Sent

OUT_OF_REACH = quality_code(Quality.BAD, Reason.COMMUNICATION)
REORDER = 2 * SECOND
LIMITS = ClockLimits(ahead_us=300 * SECOND, behind_us=300 * SECOND)


def new_host(rule: TagRule | None = None) -> Host:
    return Host(rule or TagRule(), clock_limits=LIMITS, reorder_us=REORDER)


@dataclass
class Listening:
    """A host that hears messages at `now`."""

    host: Host = field(default_factory=new_host)
    outcome: Outcome = field(default_factory=Outcome)
    now: int = START

    def hear(self, *sent: Sent, retained: bool = False) -> None:
        for topic, payload in sent:
            self.host.receive(topic, payload, self.now, self.outcome, retained=retained)

    def wait(self, us: int) -> None:
        """Let time go by, and have done what is due meanwhile."""
        end = self.now + us
        while (due := self.host.next_us()) is not None and due <= end:
            self.now = max(due, self.now)
            self.host.tick(self.now, self.outcome)
        self.now = end

    def values(self, tag: str) -> list[float | None]:
        """The point's values in the order they were taken; None where out of reach."""
        return [
            None if math.isnan(value) and quality == OUT_OF_REACH else value
            for name, _, value, quality in self.outcome.rows
            if name == tag
        ]

    def latest(self) -> dict[str, float | None]:
        """The value of each point at its latest time."""
        last: dict[str, tuple[int, float | None]] = {}
        for tag, ts, value, quality in self.outcome.rows:
            if ts >= last.get(tag, (-1, None))[0]:
                last[tag] = ts, None if quality == OUT_OF_REACH else value
        return {tag: value for tag, (_, value) in last.items()}

    def asked(self) -> list[str]:
        """The topics of the requests for rebirth."""
        return [command.topic for command in self.outcome.commands]


def order(sent: Iterable[Sent]) -> list[int | None]:
    """The sequence numbers of messages."""
    return [decode(payload).seq for _, payload in sent]
