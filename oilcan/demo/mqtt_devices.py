"""The conveyor's devices: a speed sensor that publishes plain numbers, a drive that sends JSON."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from paho.mqtt.client import Client, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion

BELT_TOPIC = "plant/conveying/B-301/belt_speed"
DRIVE_TOPIC = "plant/conveying/B-301/drive"
_AT_LEAST_ONCE = 1
# What a device keeps while the broker is away: about a minute.
_MOST_WAITING = 1000
_FIRST_RETRY_S, _LONGEST_RETRY_S = 1, 5


@dataclass(frozen=True, slots=True)
class ConveyorDevices:
    """The devices' connections; each reconnects by itself for ever."""

    belt: Client
    drive: Client

    def publish(self, values: Mapping[str, float], ts_us: int) -> None:
        """Send values by role: the speed as a plain number, the drive's with their time in ms."""
        plain = f"{values['belt_speed']:.3f}"
        self.belt.publish(BELT_TOPIC, plain, qos=_AT_LEAST_ONCE)
        document = {
            "time": ts_us // 1000,
            "motor": {"current": values["motor_current"]},
            "scale": {"load": values["load"]},
        }
        self.drive.publish(DRIVE_TOPIC, json.dumps(document), qos=_AT_LEAST_ONCE)

    @property
    def connected(self) -> bool:
        """Do both have the broker?"""
        return self.belt.is_connected() and self.drive.is_connected()


@contextmanager
def run_conveyor(port: int) -> Iterator[ConveyorDevices]:
    """Keep the devices at the broker on loopback `port` until the block is left."""
    devices = ConveyorDevices(_device("B-301-belt-sensor"), _device("B-301-drive"))
    clients = (devices.belt, devices.drive)
    for client in clients:
        client.connect_async("127.0.0.1", port, keepalive=20)
        client.loop_start()
    try:
        yield devices
    finally:
        for client in clients:
            client.disconnect()
        for client in clients:
            client.loop_stop()


def _device(name: str) -> Client:
    client = Client(CallbackAPIVersion.VERSION2, client_id=name, protocol=MQTTv311)
    client.max_queued_messages_set(_MOST_WAITING)
    client.reconnect_delay_set(_FIRST_RETRY_S, _LONGEST_RETRY_S)
    return client
