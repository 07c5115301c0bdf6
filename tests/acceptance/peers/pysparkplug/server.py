"""An edge node of the package pysparkplug, that does what it is told line by line."""

import dataclasses
import datetime
import itertools
import json
import sys
import uuid

import pysparkplug as psp

OPTIONS = json.loads(sys.argv[1])
NOON = datetime.datetime(2026, 1, 2, 12, tzinfo=datetime.UTC)
TYPES = psp.DataType

# Every type that the library writes; the numbers at their ends.
VALUES = {
    "int8": (TYPES.INT8, -(2**7)),
    "int16": (TYPES.INT16, -(2**15)),
    "int32": (TYPES.INT32, -(2**31)),
    "int64": (TYPES.INT64, -(2**53) + 1),
    "uint8": (TYPES.UINT8, 2**8 - 1),
    "uint16": (TYPES.UINT16, 2**16 - 1),
    "uint32": (TYPES.UINT32, 2**32 - 1),
    "uint64": (TYPES.UINT64, 2**53 - 1),
    "float": (TYPES.FLOAT, 1.5),
    "double": (TYPES.DOUBLE, -0.1),
    "boolean": (TYPES.BOOLEAN, True),
    "datetime": (TYPES.DATETIME, NOON),
    "string": (TYPES.STRING, "idle"),
    "text": (TYPES.TEXT, "idle"),
    "uuid": (TYPES.UUID, str(uuid.UUID(int=7))),
    "bytes": (TYPES.BYTES, b"\x00\xff"),
    "file": (TYPES.FILE, b"MZ"),
    "int8_array": (TYPES.INT8_ARRAY, (-1, 2)),
    "int16_array": (TYPES.INT16_ARRAY, (-1, 2)),
    "int32_array": (TYPES.INT32_ARRAY, (-1, 2)),
    "int64_array": (TYPES.INT64_ARRAY, (-1, 2)),
    "uint8_array": (TYPES.UINT8_ARRAY, (1, 2)),
    "uint16_array": (TYPES.UINT16_ARRAY, (1, 2)),
    "uint32_array": (TYPES.UINT32_ARRAY, (1, 2)),
    "uint64_array": (TYPES.UINT64_ARRAY, (1, 2)),
    "float_array": (TYPES.FLOAT_ARRAY, (0.5, 2.0)),
    "double_array": (TYPES.DOUBLE_ARRAY, (0.5, 2.0)),
    "boolean_array": (TYPES.BOOLEAN_ARRAY, (True, False, True)),
    "string_array": (TYPES.STRING_ARRAY, ("a", "b")),
    "datetime_array": (TYPES.DATETIME_ARRAY, (NOON, NOON)),
}
ALIASES = {name: number for number, name in enumerate(VALUES, 1)}
REBIRTH = "Node Control/Rebirth"


def metric(name, value, *, alias):
    return psp.Metric(
        timestamp=psp.get_current_timestamp(),
        name=name,
        datatype=VALUES[name][0],
        value=value,
        alias=alias,
    )


def node_metrics():
    control = psp.Metric(
        timestamp=psp.get_current_timestamp(), name=REBIRTH, datatype=TYPES.BOOLEAN, value=False
    )
    load = psp.Metric(
        timestamp=psp.get_current_timestamp(),
        name="load",
        datatype=TYPES.DOUBLE,
        value=0.5,
        alias=1000,
    )
    return [control, load]


def on_command(node, message):
    if any(each.name == REBIRTH and each.value for each in message.payload.metrics):
        send_births(node)


def send_births(node):
    """Births over the connection that stands, which the library itself has no means for."""
    node._EdgeNode__seq_cycler = itertools.cycle(range(256))
    told = node._bd_seq_metric
    number = dataclasses.replace(told, value=(told.value - 1) % 256)
    metrics = (*node.metrics.values(), number)
    send(node, psp.MessageType.NBIRTH, psp.NBirth(now(), node._seq, metrics))
    for name, device in node.devices.items():
        metrics = tuple(device.metrics.values())
        send(node, psp.MessageType.DBIRTH, psp.DBirth(now(), node._seq, metrics), name)


def send(node, kind, payload, device=None):
    topic = psp.Topic(
        message_type=kind,
        group_id=node.group_id,
        edge_node_id=node.edge_node_id,
        device_id=device,
    )
    message = psp.Message(topic=topic, payload=payload, qos=psp.QoS.AT_MOST_ONCE, retain=False)
    node._client.publish(message, include_dtypes=isinstance(payload, (psp.NBirth, psp.DBirth)))


now = psp.get_current_timestamp


class Commands:
    def __init__(self, node):
        self._node = node
        self._device = OPTIONS["device"]

    def change(self, name, value):
        """By name, with its type, as the library writes data."""
        self._node.update_device(self._device, [metric(name, value, alias=ALIASES[name])])

    def change_by_alias(self, name, value):
        """By alias alone, without a type, as the specification allows."""
        device = self._node.devices[self._device]
        device._metrics[name] = metric(name, value, alias=ALIASES[name])
        short = dataclasses.replace(device._metrics[name], name=None)
        data = psp.DData(now(), self._node._seq, (short,))
        send(self._node, psp.MessageType.DDATA, data, self._device)

    def load(self, value):
        metric = self._node.metrics["load"]
        self._node.update([dataclasses.replace(metric, value=value, timestamp=now())])

    def lose(self):
        """Take a number for a message that is never sent."""
        next(self._node._EdgeNode__seq_cycler)

    def leave(self):
        self._node.deregister(self._device)


def say(word):
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def main():
    node = psp.EdgeNode(OPTIONS["group"], OPTIONS["node"], node_metrics(), cmd_callback=on_command)
    metrics = [metric(name, value, alias=ALIASES[name]) for name, (_, value) in VALUES.items()]
    node.register(psp.Device(OPTIONS["device"], metrics))
    node.connect("127.0.0.1", port=OPTIONS["port"])
    commands = Commands(node)
    say("ready")
    for line in sys.stdin:
        told = json.loads(line)
        getattr(commands, told.pop("command"))(**told)
        say("done")


main()
