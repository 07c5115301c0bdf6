"""Messages that the log has, but that the broker could not be told of: it will send them again.

Pure. Without this a plain payload, which has no time of its own, would become a second reading when
a connection breaks between the log's confirmation and ours.
"""

from collections import Counter

from edge.mqtt.payload import Message

_EXPECTED_S = 60.0


class Redelivery:
    """Which redelivered messages to leave out, each as often as it was kept."""

    def __init__(self) -> None:
        self._kept: Counter[tuple[str, bytes]] = Counter()
        self._until: float | None = None

    def keep(self, message: Message) -> None:
        """The log has this message, and it cannot be acknowledged any more."""
        self._kept[message.topic, message.payload] += 1
        self._until = None

    def connected(self, now: float, *, session_kept: bool) -> None:
        """A new connection: the broker repeats what it holds, unless it lost our session."""
        self._until = now + _EXPECTED_S
        if not session_kept:
            self._kept.clear()

    def is_known(self, message: Message, now: float) -> bool:
        """Is this the repetition of a message that was kept? Asked once for each message."""
        if not self._kept:
            return False
        if self._until is not None and now > self._until:
            self._kept.clear()
        key = message.topic, message.payload
        if key not in self._kept:
            return False
        self._kept[key] -= 1
        if not self._kept[key]:
            del self._kept[key]
        return True
