"""A device that publishes to an MQTT broker at least once."""

import json
import threading
import time
from collections.abc import Callable

import paho.mqtt.client as paho

from config.clock import ClockUs, now_us
from tests.acceptance.faults.device import Pace
from tests.acceptance.faults.ledger import Ledger

_IN_FLIGHT_S = 5.0

Write = Callable[[int, int], str]
"""The payload for a number and its time in µs."""


def as_json(number: int, time_us: int) -> str:
    """With the device's own time."""
    return json.dumps({"number": number, "time": time_us})


def as_text(number: int, _time_us: int) -> str:
    """The bare number: it has no time of its own."""
    return str(number)


class MqttDevice:
    """A number is promised when the broker has acknowledged it.

    It sends one at a time: when it reconnects, paho may send a new message before it repeats the old
    ones. `again` says of a number whether it is published twice, `clock` is the device's own.
    """

    def __init__(
        self, asset: str, port: int, *, write: Write = as_json, in_order: bool = True
    ) -> None:
        self.ledger = Ledger(in_order=in_order)
        self.ledgers = {f"{asset}.number": self.ledger}
        self.clock: ClockUs = now_us
        self.again: Callable[[int], bool] = lambda _: False
        self._topic = f"{asset}/number"
        self._write = write
        self._acknowledged: set[int] = set()
        self._news = threading.Condition()
        self._client = paho.Client(
            paho.CallbackAPIVersion.VERSION2, client_id=f"device-{asset}", clean_session=False
        )
        self._client.on_publish = self._on_publish
        self._client.reconnect_delay_set(1, 1)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        self._pace = Pace(self._say, every_s=0.02)
        self.start, self.stop = self._pace.start, self._pace.stop

    def receiver_gone(self, since: float) -> None:
        """The broker sends again what the edge has not acknowledged: nothing may be lost."""

    def broker_killed(self) -> None:
        """It may have forgotten that it gave the last messages, and give them as new ones."""
        self.ledger.forgotten(time.monotonic() - _IN_FLIGHT_S, time.monotonic())

    def close(self) -> None:
        self.stop()
        self._client.disconnect()
        self._client.loop_stop()

    def _say(self) -> None:
        number = self.ledger.give(promised=False)
        payload = self._write(number, self.clock())
        self._publish(payload)
        if self.again(number):
            self._publish(payload)
        self.ledger.promise(number)

    def _publish(self, payload: str) -> None:
        mid = self._client.publish(self._topic, payload, qos=1).mid
        with self._news:
            assert self._news.wait_for(lambda: mid in self._acknowledged, 60), "no PUBACK"
            self._acknowledged.discard(mid)

    def _on_publish(self, _client: paho.Client, _data: object, mid: int, *_: object) -> None:
        with self._news:
            self._acknowledged.add(mid)
            self._news.notify_all()
