"""A Sparkplug B edge node that follows its primary host: it keeps data while that one is away."""

import json
import threading
import time
from collections import deque
from dataclasses import replace

import paho.mqtt.client as paho

from config.clock import ClockUs, now_us
from edge.sparkplug.payload import DataType, Metric, metric_of
from tests.acceptance.faults.device import Pace
from tests.acceptance.faults.ledger import Ledger
from tests.edge.sparkplug.edge_node import Sent, Signal, SimulatedNode

_GROUP, _NODE = "Plant1", "sparkplug"
_STATE = "spBv1.0/STATE/oilcan"
_COMMANDS = f"spBv1.0/{_GROUP}/NCMD/{_NODE}"
_IN_FLIGHT_S = 5.0


class SparkplugDevice:
    """Data goes with quality of service 0, as the specification wants.

    A number is promised when it is sent to a host that is there; what was under way when the host
    or the broker went is excused. What is measured meanwhile is kept, and sent as historical.
    """

    def __init__(self, port: int) -> None:
        self.ledger = Ledger()
        self.ledgers = {f"{_NODE}.number": self.ledger}
        self._node = SimulatedNode(
            {"": [Signal("number", DataType.INT64, 0, 1)]}, group=_GROUP, node=_NODE
        )
        self.clock: ClockUs = now_us
        self._kept: deque[tuple[int, int]] = deque()
        self._last_ms = 0
        self._host_online = False
        self._born = False
        self._lock = threading.RLock()
        self._client = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id="device-sparkplug")
        self._client.on_connect = self._on_connect
        self._client.on_message = self._on_message
        self._client.on_disconnect = self._on_disconnect
        self._client.reconnect_delay_set(1, 1)
        self._will()
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        self._pace = Pace(self._say, every_s=0.02)
        self.start = self._pace.start

    def stop(self) -> None:
        """Stop measuring once nothing is kept any more."""
        self._pace.stop()
        deadline = time.monotonic() + 60
        while self._kept and time.monotonic() < deadline:
            time.sleep(0.02)

    def receiver_gone(self, since: float) -> None:
        """What was sent to the dead host is gone with it."""
        deadline = time.monotonic() + 60
        while self._host_online and time.monotonic() < deadline:
            time.sleep(0.005)
        self._excuse(since)

    def close(self) -> None:
        self._pace.stop()
        self._client.disconnect()
        self._client.loop_stop()

    def _excuse(self, since: float) -> None:
        with self._lock:
            kept = {number for number, _ in self._kept}
            self.ledger.excuse(since, time.monotonic(), but=kept)

    def _say(self) -> None:
        with self._lock:
            number = self.ledger.give(promised=True)
            self._kept.append((number, self._next_ms()))
            if self._host_online and self._born:
                self._flush()

    def _flush(self) -> None:
        """Send what is kept; all but the newest are from before."""
        while self._kept:
            number, at_ms = self._kept.popleft()
            self._send(self._data(number, at_ms, historical=bool(self._kept)))

    def _data(self, number: int, at_ms: int, *, historical: bool) -> Sent:
        self._node.now_ms = self.clock() // 1000
        self._node.signals[""][0].value = number
        metric = metric_of("number", DataType.INT64, number)
        told: Metric = replace(
            metric, name=None, alias=1, datatype=0, timestamp=at_ms, is_historical=historical
        )
        return self._node.message("NDATA", "", (told,))

    def _next_ms(self) -> int:
        """The present, and no time twice: a reading is known by it."""
        self._last_ms = max(self._last_ms + 1, self.clock() // 1000)
        return self._last_ms

    def _birth(self) -> None:
        # It tells -1, which counts for nothing: so a birth is never taken for a second reading.
        self._node.now_ms = self._next_ms()
        self._node.signals[""][0].value = -1
        for sent in self._node.births():
            self._send(sent)
        self._born = True

    def _send(self, sent: Sent) -> None:
        self._client.publish(*sent, qos=0)

    def _will(self) -> None:
        self._client.will_set(*self._node.will(), qos=1)

    def _on_connect(self, client: paho.Client, *_: object) -> None:
        client.subscribe([(_COMMANDS, 1), (_STATE, 1)])

    def _on_message(self, _client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        with self._lock:
            if message.topic == _STATE:
                online = json.loads(message.payload).get("online") is True
                news, self._host_online = online and not self._host_online, online
                if not online:
                    self._excuse(time.monotonic() - _IN_FLIGHT_S)
                if not news:
                    return
            if self._host_online:
                self._birth()
                self._flush()

    def _on_disconnect(self, *_: object) -> None:
        with self._lock:
            self._host_online = self._born = False
            self._node.bd_seq += 1
            self._will()
            self._excuse(time.monotonic() - _IN_FLIGHT_S)
