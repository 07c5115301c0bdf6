"""PUBLISH packets taken out of received bytes, many at once, and their acknowledgements. Pure.

paho reads a packet in three pieces and tells each message through six calls, which costs more than
everything behind it. What it is needed for (the session, TLS, keeping alive, version 5's properties of
the connection) it still does: every packet that is not read here is left to it, whole.
"""

from collections.abc import Iterable

import numpy as np

from edge.mqtt.inbox import Delivery
from edge.mqtt.payload import Message

_PUBLISH = 3
_RETAIN, _AT_LEAST_ONCE, _EXACTLY_ONCE, _REPEATED = 0x01, 0x02, 0x04, 0x08
_PUBACK = 0x4002
_LONGEST_LENGTH = 4


def read_publications(
    data: bytes | bytearray, start: int, *, most: int, five: bool, received_us: int
) -> tuple[list[Delivery], int]:
    """Up to `most` PUBLISH packets that stand one after another from `start` on, and where they end.

    They end before one that is not whole, has quality of service 2 or is not what it says. `five` is
    version 5 of the protocol; a topic that is no text becomes empty, which no pattern matches.
    """
    found: list[Delivery] = []
    size = len(data)
    while start + 2 <= size and len(found) < most:
        first = data[start]
        if first >> 4 != _PUBLISH or first & _EXACTLY_ONCE:
            break
        body, end = packet_bounds(data, start)
        if end > size or body + 2 > end:
            break
        topic_end = at = body + 2 + (data[body] << 8 | data[body + 1])
        mid = 0
        if first & _AT_LEAST_ONCE and at + 2 <= end:
            mid = data[at] << 8 | data[at + 1]
            at += 2
        if five and at < end:
            properties, at = _number(data, at)
            at += properties
        if at > end or bool(first & _AT_LEAST_ONCE) != bool(mid):
            break
        topic = _text(data[body + 2 : topic_end])
        message = Message(topic, bytes(data[at:end]), received_us, bool(first & _RETAIN))
        found.append(Delivery(message, mid, first >> 1 & 1, bool(first & _REPEATED)))
        start = end
    return found, start


def packet_bounds(data: bytes | bytearray, start: int) -> tuple[int, int]:
    """Where the content of the packet at `start` begins and ends; the end may lie behind `data`.

    What is no length makes the packet end behind it: whoever reads it finds out (MQTT 2.2.3).
    """
    length, body = _number(data, start + 1)
    return body, body + length


def acknowledgements(mids: Iterable[int]) -> bytes:
    """PUBACK packets; those of version 5 may look the same (3.4.2.1)."""
    numbers = np.fromiter(mids, np.uint16)
    packets = np.empty((len(numbers), 2), ">u2")
    packets[:, 0] = _PUBACK
    packets[:, 1] = numbers
    return packets.tobytes()


def _number(data: bytes | bytearray, at: int) -> tuple[int, int]:
    """A number of variable length and where it ends; beyond `data` where that ends too soon."""
    number = 0
    for place in range(_LONGEST_LENGTH):
        if at + place >= len(data):
            return 0, len(data) + 1
        digit = data[at + place]
        number |= (digit & 0x7F) << 7 * place
        if digit < 0x80:
            return number, at + place + 1
    return 0, at + _LONGEST_LENGTH + 1


def _text(raw: bytes | bytearray) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return ""
