"""Messages that the log has, and that the broker sends once more because it may not know. Pure.

Without this a plain payload, which has no time of its own, would become a second reading when a
connection breaks between the log's confirmation and the broker's receipt of ours.
"""

from collections import Counter
from collections.abc import Iterable
from itertools import islice

from edge.mqtt.inbox import Delivery

_EXPECTED_S = 60.0
_HELD_US = 900_000
"""No broker repeats by its clock what it has waited for less than this."""
_IDENTITIES = 65_536

Content = tuple[str, bytes]
"""Topic and payload."""


class Redelivery:
    """Which redelivered messages to leave out.

    Those that could not be acknowledged are expected, each once. Of those that were, nobody knows
    whether the last ones reached the broker, or crossed their repetition on the way: some brokers
    repeat over a connection that stands, too. It has no more than `in_flight` under way at a time,
    so all before these are settled. It repeats them under the same identity, marked as repeated.
    """

    def __init__(self, in_flight: int) -> None:
        self._in_flight = in_flight
        self._kept: Counter[Content] = Counter()
        self._last: dict[int, Content] = {}
        self._doubtful: dict[int, Content] = {}
        self._until: float | None = None
        self._newest_mid: int | None = None
        self._crossing: Counter[Content] = Counter()
        self._crossing_until = 0.0

    def keep(self, delivery: Delivery) -> None:
        """The log has this, and it cannot be acknowledged any more."""
        self._kept[_content(delivery)] += 1
        self._until = None

    def acknowledged(self, deliveries: Iterable[Delivery]) -> None:
        """The log has these, and their acknowledgements are on their way."""
        for delivery in deliveries:
            self._last.pop(delivery.mid, None)
            self._last[delivery.mid] = _content(delivery)
        for mid in list(islice(self._last, max(0, len(self._last) - self._in_flight))):
            del self._last[mid]

    def held(self, deliveries: Iterable[Delivery], now: float, now_us: int) -> None:
        """These are being acknowledged; what took long, the broker may be repeating just now.

        One that knows no more that it sent a message repeats it under the next new identity, as the
        embedded one does whose acknowledgement came while the repetition was on its way.
        """
        for delivery in deliveries:
            if now_us - delivery.message.received_us >= _HELD_US:
                self._crossing[_content(delivery)] += 1
                self._crossing_until = now + _EXPECTED_S

    def connected(self, now: float, *, session_kept: bool) -> None:
        """A new connection: the broker repeats what it holds, unless it lost our session."""
        self._until = now + _EXPECTED_S
        # A connection may break before all is repeated: what is still in doubt stays so.
        self._doubtful = {**self._doubtful, **self._last} if session_kept else {}
        self._last.clear()
        self._crossing.clear()
        self._newest_mid = None
        if not session_kept:
            self._kept.clear()

    def is_known(self, delivery: Delivery, now: float) -> bool:
        """Is this the repetition of what the log has? Asked once for each delivery."""
        content = _content(delivery)
        if self._is_crossing(delivery, content, now):
            return True
        if delivery.repeated and delivery.qos and self._last.get(delivery.mid) == content:
            return True
        if not self._kept and not self._doubtful:
            return False
        if self._until is not None and now > self._until:
            self._kept.clear()
            self._doubtful.clear()
        # Asked first: an identity that is used anew ends the doubt about its last message.
        doubtful = self._doubtful.pop(delivery.mid, None) if delivery.qos else None
        if delivery.repeated and doubtful == content:
            return True
        return _taken(self._kept, content)

    def _is_crossing(self, delivery: Delivery, content: Content, now: float) -> bool:
        """Is it the repetition of what we held long, under an identity that was not used yet?"""
        if not delivery.qos or not self._is_unused(delivery):
            return False
        if now > self._crossing_until:
            self._crossing.clear()
        return delivery.repeated and _taken(self._crossing, content)

    def _is_unused(self, delivery: Delivery) -> bool:
        """Brokers that repeat so count identities up, and begin anew after the last one."""
        newest, mid = self._newest_mid, delivery.mid
        if newest is None:
            self._newest_mid = mid
            return False
        if not 0 < (mid - newest) % _IDENTITIES < _IDENTITIES // 2:
            return False
        self._newest_mid = mid
        return True


def _taken(counts: Counter[Content], content: Content) -> bool:
    """Take one of a content, where there is one."""
    if content not in counts:
        return False
    counts[content] -= 1
    if not counts[content]:
        del counts[content]
    return True


def _content(delivery: Delivery) -> Content:
    return delivery.message.topic, delivery.message.payload
