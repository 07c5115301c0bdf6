"""What paho calls: subscribes once connected, and tells of the end."""

from collections.abc import Callable

import paho.mqtt.client as paho
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from edge.errors import SourceLost, SourceRefused
from edge.mqtt.inbox import Inbox
from edge.mqtt.source import MqttSource, Version
from edge.mqtt.topics import parse_pattern, widest
from edge.sparkplug.state import HostState

_AT_LEAST_ONCE = 1


class Callbacks:
    """The callbacks of one connection.

    `accepted` is told whether the broker kept our session: what it repeats may follow at once,
    before it confirms our subscriptions. `established` is told that it has.
    """

    def __init__(
        self,
        source: MqttSource,
        inbox: Inbox,
        *,
        accepted: Callable[[bool], None],
        established: Callable[[], None],
        state: HostState | None,
    ) -> None:
        filters = [parse_pattern(topic.filter).filter for topic in source.topics]
        self._filters = widest([*filters, *([] if state is None else [state.topic])])
        self._state = state
        self._version = source.version
        self._qos: int = source.qos
        self._inbox = inbox
        self._accepted = accepted
        self._established = established

    def bind(self, client: paho.Client) -> None:
        """Have the client call these."""
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_disconnect = self._on_disconnect

    def _on_connect(
        self,
        client: paho.Client,
        _userdata: object,
        flags: paho.ConnectFlags,
        reason: ReasonCode,
        _properties: object,
    ) -> None:
        if reason.is_failure:
            self._inbox.end(SourceRefused(f"the broker refuses us: {reason}"))
            return
        self._accepted(bool(flags.session_present))
        if self._version is Version.V5:
            options = SubscribeOptions(qos=self._qos)
            client.subscribe([(each, options) for each in self._filters])
        else:
            client.subscribe([(each, self._qos) for each in self._filters])

    def _on_subscribe(
        self,
        client: paho.Client,
        _userdata: object,
        _mid: int,
        reasons: list[ReasonCode],
        _properties: object,
    ) -> None:
        refused = [
            each for each, reason in zip(self._filters, reasons, strict=False) if reason.is_failure
        ]
        if refused:
            self._inbox.end(SourceRefused(f"the broker refuses {', '.join(refused)}"))
            return
        if self._state is not None:
            announce(client, self._state)
        self._established()

    def _on_disconnect(
        self,
        _client: paho.Client,
        _userdata: object,
        _flags: paho.DisconnectFlags,
        reason: ReasonCode,
        _properties: object,
    ) -> None:
        self._inbox.end(SourceLost(f"the connection to the broker ended: {reason}"))


def announce(client: paho.Client, state: HostState) -> None:
    """Say that we are there."""
    client.publish(state.topic, state.online(), qos=_AT_LEAST_ONCE, retain=True)
