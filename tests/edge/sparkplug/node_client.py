"""Edge nodes on a broker: they publish with quality of service 0 and answer requests for rebirth."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from tests.edge.sparkplug.edge_node import Sent


class NodeClient:
    """A connection of an edge node. `asked` counts requests for rebirth."""

    def __init__(self, port: int, will: Sent, commands: str) -> None:
        self.asked = 0
        self.answer: Callable[[], list[Sent]] = list
        self._client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id="Line1", reconnect_on_failure=False
        )
        self._client.will_set(*will, qos=1)
        self._client.on_message = self._on_message
        ready = threading.Event()
        self._client.on_connect = lambda client, *_: client.subscribe(commands, 1)
        self._client.on_subscribe = lambda *_: ready.set()
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        assert ready.wait(10)

    def send(self, *sent: Sent) -> None:
        for topic, payload in sent:
            self._client.publish(topic, payload, qos=0)

    def kill(self) -> None:
        """The network is gone; the broker notices, and publishes the will."""
        found = self._client.socket()
        if isinstance(found, socket.socket):
            found.shutdown(socket.SHUT_RDWR)
        self._client.loop_stop()

    def _on_message(self, _client: paho.Client, _data: object, _message: paho.MQTTMessage) -> None:
        self.asked += 1
        self.send(*self.answer())


@contextmanager
def on_broker(port: int, will: Sent, *, group: str = "Plant1") -> Iterator[NodeClient]:
    """A node's connection until the end of the block, which is as if it were killed."""
    client = NodeClient(port, will, f"spBv1.0/{group}/NCMD/Line1")
    try:
        yield client
    finally:
        client.kill()
