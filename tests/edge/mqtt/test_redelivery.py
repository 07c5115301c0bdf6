"""A message that the log has is left out as often as the broker owes us its repetition."""

from edge.mqtt.payload import Message
from edge.mqtt.redelivery import Redelivery


def message(payload: bytes, topic: str = "t") -> Message:
    return Message(topic, payload, 0)


def test_a_kept_message_is_known_once() -> None:
    redelivery = Redelivery()
    redelivery.keep(message(b"1"))
    redelivery.keep(message(b"1"))
    redelivery.connected(0.0, session_kept=True)
    assert [redelivery.is_known(message(b"1"), 1.0) for _ in range(3)] == [True, True, False]


def test_another_topic_or_payload_is_not_known() -> None:
    redelivery = Redelivery()
    redelivery.keep(message(b"1"))
    assert not redelivery.is_known(message(b"2"), 1.0)
    assert not redelivery.is_known(message(b"1", "u"), 1.0)


def test_a_broker_that_lost_our_session_repeats_nothing() -> None:
    redelivery = Redelivery()
    redelivery.keep(message(b"1"))
    redelivery.connected(0.0, session_kept=False)
    assert not redelivery.is_known(message(b"1"), 1.0)


def test_after_a_while_an_equal_message_is_a_new_one() -> None:
    redelivery = Redelivery()
    redelivery.keep(message(b"1"))
    redelivery.connected(0.0, session_kept=True)
    assert not redelivery.is_known(message(b"1"), 61.0)
