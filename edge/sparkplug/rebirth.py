"""When to ask which edge node for a rebirth: not all at once, and not again and again. Pure."""

from dataclasses import dataclass, field
from zlib import crc32

from edge.sparkplug.payload import DataType, Payload, encode, metric_of
from edge.sparkplug.topic import NodeId

_METRIC = "Node Control/Rebirth"
_SPREAD_US = 1_000_000
_PAUSE_US = 5_000_000
_LONGEST_PAUSE_US = 300_000_000
_MOST_ATTEMPTS = 8
_US_PER_MS = 1_000


@dataclass(frozen=True, slots=True)
class Command:
    """A message to publish, with quality of service 0 and not retained."""

    topic: str
    payload: bytes


def rebirth_command(node: NodeId, now_us: int) -> Command:
    """The request for a rebirth (Sparkplug 3.0, section 6.4.23)."""
    metric = metric_of(_METRIC, DataType.BOOLEAN, True)
    payload = Payload((metric,), timestamp=now_us // _US_PER_MS)
    return Command(node.command_topic, encode(payload))


@dataclass(slots=True)
class _Request:
    """How often a node was asked since its last birth, and when it will be next."""

    attempts: int = 0
    first_us: int | None = None
    asked_us: int | None = None
    due_us: int | None = None


@dataclass(slots=True)
class Rebirths:
    """Requests for rebirth by node.

    The first comes within a second, so that many nodes do not all answer at once; each further one
    after twice the pause, up to five minutes, until the node is born or dead, or was asked in vain
    eight times.
    """

    _requests: dict[NodeId, _Request] = field(default_factory=dict)

    def want(self, node: NodeId, now_us: int) -> None:
        """Ask this node, now or as soon as it may be asked again."""
        request = self._requests.setdefault(node, _Request())
        if request.due_us is None:
            earliest = now_us
            if request.asked_us is not None:
                earliest = max(now_us, request.asked_us + _pause(request.attempts))
            request.due_us = earliest + _jitter(node, request.attempts)

    def born(self, node: NodeId) -> None:
        """The node answered; it is still not asked again within the shortest pause."""
        if (request := self._requests.get(node)) is not None:
            request.attempts, request.due_us, request.first_us = 0, None, None

    def dead(self, node: NodeId) -> None:
        """Nobody is there to answer."""
        if (request := self._requests.get(node)) is not None:
            request.due_us = None

    def due(self, now_us: int) -> list[tuple[NodeId, int]]:
        """The nodes to ask now, and how often each was asked in vain before."""
        asked = []
        for node, request in self._requests.items():
            if request.due_us is not None and request.due_us <= now_us:
                asked.append((node, request.attempts))
                request.attempts += 1
                request.asked_us = now_us
                request.first_us = now_us if request.first_us is None else request.first_us
                pause = _pause(request.attempts) + _jitter(node, request.attempts)
                request.due_us = now_us + pause if request.attempts < _MOST_ATTEMPTS else None
        return asked

    def first_asked_us(self, node: NodeId) -> int | None:
        """When the node was first asked since its last birth."""
        request = self._requests.get(node)
        return request.first_us if request is not None else None

    def next_us(self) -> int | None:
        """When the next request is due."""
        return min(
            (each.due_us for each in self._requests.values() if each.due_us is not None),
            default=None,
        )


def _pause(attempts: int) -> int:
    return int(min(_PAUSE_US << min(max(attempts - 1, 0), 10), _LONGEST_PAUSE_US))


def _jitter(node: NodeId, attempts: int) -> int:
    """A part of the spread that is this node's own, and another at each attempt."""
    return crc32(f"{node} {attempts}".encode("utf-8", "surrogatepass")) % _SPREAD_US
