"""Publications are read as paho reads them, wherever the bytes are cut, and nothing else is touched."""

import struct

import paho.mqtt.client as paho
from hypothesis import example, given
from hypothesis import strategies as st
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from edge.mqtt.inbox import Delivery
from edge.mqtt.packets import acknowledgements, packet_bounds, read_publications
from edge.mqtt.payload import Message

RECEIVED_US = 7
TOPICS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0+#"), min_size=1)
DELIVERIES = st.builds(
    lambda topic, payload, qos, mid, retained, repeated: Delivery(
        Message(topic, payload, RECEIVED_US, retained), mid * qos, qos, bool(repeated * qos)
    ),
    TOPICS,
    st.binary(max_size=300),
    st.integers(0, 1),
    st.integers(1, 65_535),
    st.booleans(),
    st.booleans(),
)


def packet(delivery: Delivery, *, five: bool) -> bytes:
    """The packet of a publication, as paho writes it."""
    version = MQTTProtocolVersion.MQTTv5 if five else MQTTProtocolVersion.MQTTv311
    client = paho.Client(CallbackAPIVersion.VERSION2, protocol=version)
    written: list[bytes] = []
    client._packet_queue = lambda command, data, *_: written.append(bytes(data)) or 0
    client._sock = object()
    properties = Properties(PacketTypes.PUBLISH)
    properties.ContentType = "text/plain"
    message = delivery.message
    client._send_publish(
        delivery.mid,
        message.topic.encode(),
        message.payload,
        delivery.qos,
        message.retained,
        delivery.repeated,
        properties=properties if five else None,
    )
    client._sock = None
    return written[0]


def read(data: bytes, *, five: bool = False, most: int = 1_000) -> tuple[list[Delivery], int]:
    return read_publications(data, 0, most=most, five=five, received_us=RECEIVED_US)


@given(st.lists(DELIVERIES, max_size=5), st.booleans(), st.data())
def test_what_paho_writes_is_read_as_far_as_it_is_there_as_a_whole(
    deliveries: list[Delivery], five: bool, data: st.DataObject
) -> None:
    packets = [packet(each, five=five) for each in deliveries]
    whole = b"".join(packets)
    cut = data.draw(st.integers(0, len(whole)))
    found, end = read(whole[:cut], five=five)
    assert found == deliveries[: len(found)]
    assert end == sum(map(len, packets[: len(found)]))
    assert len(found) == len(packets) or cut < end + len(packets[len(found)])


@given(st.binary(max_size=60), st.booleans())
@example(b"\x32\xff\xff\xff\xff\xff\xff", False)
@example(b"\x32\x05\x00\x01a\x00\x01\xff", True)
def test_no_bytes_make_it_fail_or_read_beyond_them(data: bytes, five: bool) -> None:
    found, end = read(data, five=five)
    assert 0 <= end <= len(data)
    assert packet_bounds(data, end)[1] > end
    assert sum(len(each.message.payload) for each in found) <= end


def test_no_more_are_read_than_there_is_room_for() -> None:
    one = packet(Delivery(Message("a", b"1", RECEIVED_US), 1, 1), five=False)
    found, end = read(one * 3, most=2)
    assert (len(found), end) == (2, 2 * len(one))


def test_a_packet_of_another_kind_stops_it() -> None:
    one = packet(Delivery(Message("a", b"1", RECEIVED_US), 1, 1), five=False)
    twice = b"\x34" + one[1:]
    for other in (b"\xd0\x00", twice):
        found, end = read(one + other + one)
        assert (len(found), end) == (1, len(one))


def test_a_topic_that_is_no_text_is_empty() -> None:
    found, _ = read(b"\x30\x04\x00\x01\xff1")
    assert found[0].message.topic == ""


@given(st.lists(st.integers(1, 65_535)))
def test_acknowledgements_name_each_message_once_in_order(mids: list[int]) -> None:
    assert acknowledgements(mids) == b"".join(struct.pack("!BBH", 0x40, 2, mid) for mid in mids)
