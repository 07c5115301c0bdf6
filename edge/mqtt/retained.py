"""Retained messages that were taken before: a broker sends them again at each new connection. Pure.

A plain payload has no time of its own, so the same retained value would become another reading,
of the time of the reconnection, each time.
"""

from collections.abc import Iterable

from edge.mqtt.payload import Message
from edge.sparkplug.topic import NAMESPACE

_REMEMBERED_TOPICS = 100_000
# Its messages number themselves, and what is retained there is the state of hosts: always heard.
_SPARKPLUG = f"{NAMESPACE}/"


class Retained:
    """The last payload of each topic that the log has, retained then or not."""

    def __init__(self) -> None:
        self._last: dict[str, int] = {}

    def is_known(self, message: Message) -> bool:
        """Is this what the topic's last message said, sent again because it is retained?"""
        if not message.retained or message.topic.startswith(_SPARKPLUG):
            return False
        return self._last.get(message.topic) == hash(message.payload)

    def keep(self, messages: Iterable[Message]) -> None:
        """The log has these."""
        if len(self._last) >= _REMEMBERED_TOPICS:
            self._last.clear()
        self._last.update((message.topic, hash(message.payload)) for message in messages)
