"""A message that the log has is left out as often as the broker owes us its repetition."""

from edge.mqtt.inbox import Delivery
from edge.mqtt.payload import Message
from edge.mqtt.redelivery import Redelivery


def message(payload: bytes, topic: str = "t", *, mid: int = 1, repeated: bool = False) -> Delivery:
    return Delivery(Message(topic, payload, 0), mid, 1, repeated)


def test_a_kept_message_is_known_once() -> None:
    redelivery = Redelivery(in_flight=3)
    redelivery.keep(message(b"1"))
    redelivery.keep(message(b"1"))
    redelivery.connected(0.0, session_kept=True)
    assert [redelivery.is_known(message(b"1"), 1.0) for _ in range(3)] == [True, True, False]


def test_another_topic_or_payload_is_not_known() -> None:
    redelivery = Redelivery(in_flight=3)
    redelivery.keep(message(b"1"))
    assert not redelivery.is_known(message(b"2"), 1.0)
    assert not redelivery.is_known(message(b"1", "u"), 1.0)


def test_a_broker_that_lost_our_session_repeats_nothing() -> None:
    redelivery = Redelivery(in_flight=3)
    redelivery.keep(message(b"1"))
    redelivery.connected(0.0, session_kept=False)
    assert not redelivery.is_known(message(b"1"), 1.0)


def test_after_a_while_an_equal_message_is_a_new_one() -> None:
    redelivery = Redelivery(in_flight=3)
    redelivery.keep(message(b"1"))
    redelivery.connected(0.0, session_kept=True)
    assert not redelivery.is_known(message(b"1"), 61.0)


def acknowledged(*mids: int) -> Redelivery:
    """A connection that ended after these were acknowledged, and the next one."""
    redelivery = Redelivery(in_flight=3)
    redelivery.acknowledged([message(b"7", mid=mid) for mid in mids])
    redelivery.connected(0.0, session_kept=True)
    return redelivery


def test_an_acknowledged_message_that_is_repeated_under_its_identity_is_known_once() -> None:
    redelivery = acknowledged(1)
    again = message(b"7", mid=1, repeated=True)
    assert [redelivery.is_known(again, 1.0) for _ in range(2)] == [True, False]


def test_of_those_acknowledged_only_the_last_that_were_under_way_are_in_doubt() -> None:
    redelivery = acknowledged(1, 2, 3, 4)
    known = [redelivery.is_known(message(b"7", mid=mid, repeated=True), 1.0) for mid in range(1, 5)]
    assert known == [False, True, True, True]


def test_another_message_of_an_acknowledged_one_s_identity_is_a_new_one() -> None:
    for other in (message(b"7"), message(b"8", repeated=True), message(b"7", "u", repeated=True)):
        redelivery = acknowledged(1)
        assert not redelivery.is_known(other, 1.0)
        assert not redelivery.is_known(message(b"7", repeated=True), 1.0)


def test_a_broker_that_lost_our_session_leaves_no_doubt() -> None:
    redelivery = Redelivery(in_flight=3)
    redelivery.acknowledged([message(b"7")])
    redelivery.connected(0.0, session_kept=False)
    assert not redelivery.is_known(message(b"7", repeated=True), 1.0)


def test_what_is_in_doubt_stays_so_over_a_connection_that_broke_before_its_repetition() -> None:
    redelivery = acknowledged(1, 2)
    assert redelivery.is_known(message(b"7", mid=1, repeated=True), 1.0)
    redelivery.acknowledged([message(b"7", mid=1, repeated=True)])
    redelivery.connected(2.0, session_kept=True)
    assert [redelivery.is_known(message(b"7", mid=mid, repeated=True), 3.0) for mid in (1, 2)] == [
        True,
        True,
    ]


def test_an_acknowledgement_that_fails_after_one_that_left_is_expected_once() -> None:
    redelivery = acknowledged(1)
    redelivery.keep(message(b"8", mid=2))
    redelivery.connected(1.0, session_kept=True)
    known = [
        redelivery.is_known(each, 2.0)
        for each in (
            message(b"7", mid=1, repeated=True),
            message(b"8", mid=2, repeated=True),
            message(b"8", mid=3),
        )
    ]
    assert known == [True, True, False]


def test_a_repetition_that_crosses_its_acknowledgement_is_known_though_the_connection_stands() -> (
    None
):
    redelivery = acknowledged()
    redelivery.acknowledged([message(b"7", mid=5)])
    assert redelivery.is_known(message(b"7", mid=5, repeated=True), 1.0)
    assert not redelivery.is_known(message(b"7", mid=6, repeated=True), 1.0)
    assert not redelivery.is_known(message(b"7", mid=5), 1.0)


def crossing(newest: Delivery, *held: Delivery, for_us: int = 2_000_000) -> Redelivery:
    """A connection whose newest message is given, and where these were held before they left."""
    redelivery = Redelivery(in_flight=3)
    redelivery.connected(0.0, session_kept=True)
    redelivery.is_known(newest, 1.0)
    redelivery.held(held, now=2.0, now_us=for_us)
    return redelivery


def test_what_was_held_long_and_comes_under_the_next_identity_is_known_once() -> None:
    redelivery = crossing(message(b"7", mid=4), message(b"7", mid=4))
    known = [redelivery.is_known(message(b"7", mid=mid, repeated=True), 3.0) for mid in (5, 6)]
    assert known == [True, False]


def test_what_was_not_held_or_is_not_repeated_or_has_an_older_identity_is_a_new_message() -> None:
    newest = message(b"7", mid=4)
    assert not crossing(newest, newest, for_us=100).is_known(message(b"7", mid=5, repeated=True), 3)
    for other in (
        message(b"7", mid=5),
        message(b"7", mid=3, repeated=True),
        message(b"8", mid=5, repeated=True),
    ):
        assert not crossing(newest, newest).is_known(other, 3.0)


def test_a_minute_after_a_standstill_nothing_crosses_any_more() -> None:
    newest = message(b"7", mid=4)
    assert not crossing(newest, newest).is_known(message(b"7", mid=5, repeated=True), 63.0)


def test_identities_go_on_from_the_first_after_the_last() -> None:
    redelivery = crossing(message(b"7", mid=65_535), message(b"7", mid=65_535))
    assert redelivery.is_known(message(b"7", mid=1, repeated=True), 3.0)
