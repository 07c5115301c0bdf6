"""The state that a host publishes, so that edge nodes know whether it listens. Pure.

Sparkplug 3.0, section 5.10: birth and will of one connection have the same timestamp.
"""

import json
from dataclasses import dataclass

from edge.sparkplug.topic import NAMESPACE

_US_PER_MS = 1_000


@dataclass(frozen=True, slots=True)
class HostState:
    """The state of one connection, made at `connected_us`; published retained, at least once."""

    host_id: str
    connected_us: int

    @property
    def topic(self) -> str:
        """Where the state is published."""
        return f"{NAMESPACE}/STATE/{self.host_id}"

    def online(self) -> bytes:
        """What to publish once the subscriptions stand."""
        return _state(online=True, at_us=self.connected_us)

    def will(self) -> bytes:
        """What the broker is to publish when we vanish."""
        return _state(online=False, at_us=self.connected_us)

    def farewell(self, now_us: int) -> bytes:
        """What to publish before leaving."""
        return _state(online=False, at_us=now_us)

    def is_denied_by(self, topic: str, payload: bytes) -> bool:
        """Does this message say that we are away? Then `online` has to be published again."""
        if topic != self.topic:
            return False
        try:
            said = json.loads(payload)
        except (ValueError, RecursionError):
            return True
        return not (isinstance(said, dict) and said.get("online") is True)


def _state(*, online: bool, at_us: int) -> bytes:
    return json.dumps({"online": online, "timestamp": at_us // _US_PER_MS}).encode()
