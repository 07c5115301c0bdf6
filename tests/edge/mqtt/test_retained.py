"""A retained value that the log has is not taken again after a reconnection."""

from edge.mqtt.payload import Message
from edge.mqtt.retained import Retained


def message(payload: bytes, topic: str = "plant/C-1/load", *, retained: bool = False) -> Message:
    return Message(topic, payload, 0, retained)


def test_what_came_live_is_known_when_it_comes_retained() -> None:
    retained = Retained()
    retained.keep([message(b"1"), message(b"2")])
    assert retained.is_known(message(b"2", retained=True))
    assert not retained.is_known(message(b"2"))


def test_another_value_or_another_topic_is_news() -> None:
    retained = Retained()
    retained.keep([message(b"1"), message(b"2")])
    assert not retained.is_known(message(b"1", retained=True))
    assert not retained.is_known(message(b"2", "plant/C-1/speed", retained=True))


def test_the_state_of_a_sparkplug_host_is_always_heard() -> None:
    retained = Retained()
    state = message(b"{}", "spBv1.0/STATE/oilcan", retained=True)
    retained.keep([state])
    assert not retained.is_known(state)


def test_what_it_remembers_is_bounded() -> None:
    retained = Retained()
    retained.keep(message(b"1", f"t/{n}") for n in range(100_000))
    retained.keep([message(b"1", "t/new")])
    assert not retained.is_known(message(b"1", "t/0", retained=True))
    assert retained.is_known(message(b"1", "t/new", retained=True))
