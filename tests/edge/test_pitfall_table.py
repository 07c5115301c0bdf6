"""What the libraries of the protocols do wrong (field notes, edge, section 4), and the test for each.

A pitfall without a test that stands here and runs is not one that we know how to avoid. Three lines of
the notes are no tests: how fast a library is (`bench/modbus.py`, `bench/opcua.py`, `bench/mqtt.py`), that
Mosquitto keeps a thousand messages of a client that is away unless it is told otherwise (README of
`edge/mqtt`), and which versions we stay below (`pyproject.toml`).
"""

import pytest

from tests.named_tests import missing

PITFALLS: dict[str, tuple[tuple[str, str], ...]] = {
    "pymodbus: order of bytes and words, halves and float16 are not the library's": (
        ("edge/modbus/test_decode.py", "test_the_four_orders_of_a_float"),
        ("edge/modbus/test_decode.py", "test_halves_of_a_register_are_its_bytes_on_the_wire"),
        ("edge/modbus/test_connection.py", "test_bits_come_in_the_order_of_their_addresses"),
        (
            "acceptance/test_modbus_peers.py",
            "test_every_number_in_every_order_is_what_the_peer_holds",
        ),
    ),
    "pymodbus: a dead unit stalls the healthy ones, tries within the lock": (
        ("edge/modbus/test_collector.py", "test_a_silent_unit_does_not_silence_the_others"),
        (
            "edge/modbus/test_rtu.py",
            "test_units_that_answer_are_read_before_dead_ones_are_waited_for",
        ),
        ("edge/modbus/test_connection.py", "test_a_request_without_an_answer_is_sent_once"),
    ),
    "pymodbus: a late reply is taken for the next request's": (
        ("edge/modbus/test_collector.py", "test_a_late_answer_is_never_taken_for_the_next"),
        (
            "edge/modbus/test_connection.py",
            "test_a_late_answer_is_never_taken_for_the_next_request",
        ),
        (
            "edge/modbus/test_connection.py",
            "test_a_request_that_is_given_up_from_outside_leaves_no_answer_behind",
        ),
    ),
    "pymodbus: a short reply is accepted": (
        ("edge/modbus/test_connection.py", "test_an_answer_that_is_too_short_is_no_answer"),
        ("edge/modbus/test_collector.py", "test_an_answer_that_is_too_short_is_no_answer"),
        ("edge/modbus/test_connection.py", "test_an_answer_of_any_other_length_is_no_answer"),
    ),
    "pymodbus: a peer that hangs up in a request is waited for": (
        (
            "edge/modbus/test_collector.py",
            "test_a_peer_that_hangs_up_in_a_request_is_not_waited_for",
        ),
    ),
    "pymodbus: a refusal does not raise": (
        ("edge/mqtt/test_feed.py", "test_a_refusal_is_an_error"),
    ),
    "asyncua: a full queue drops the oldest and does not count": (
        (
            "edge/opcua/test_pitfalls.py",
            "test_more_changes_than_the_library_would_keep_wait_for_a_slow_sink",
        ),
    ),
    "asyncua: acknowledged whatever became of the data, also where the callback raised": (
        ("edge/opcua/test_collector.py", "test_nothing_is_acknowledged_before_the_sink_has_it"),
        (
            "edge/opcua/test_pitfalls.py",
            "test_what_a_sink_failed_at_is_not_acknowledged_and_comes_again",
        ),
    ),
    "asyncua: a node that lacked once is dropped for ever": (
        ("edge/opcua/test_browsing.py", "test_a_server_that_starts_again_with_a_node_missing"),
        ("edge/opcua/test_collector.py", "test_a_node_that_is_deleted_is_found_when_it_returns"),
        (
            "acceptance/test_opcua_peers.py",
            "test_a_node_that_is_missing_after_a_restart_and_comes_back",
        ),
    ),
    "asyncua: a subscription that failed once is never made again": (
        (
            "edge/opcua/test_pitfalls.py",
            "test_a_subscription_that_is_refused_once_is_a_loss_and_made_again",
        ),
        (
            "edge/opcua/test_browsing.py",
            "test_a_subscription_that_cannot_be_made_again_is_tried_until_it_can",
        ),
    ),
    "asyncua: stale after eleven minutes, and watched once only": (
        (
            "edge/opcua/test_pitfalls.py",
            "test_a_keep_alive_is_asked_for_at_every_tenth_publication",
        ),
        (
            "edge/opcua/test_pitfalls.py",
            "test_a_silent_subscription_is_noticed_the_second_time_as_the_first",
        ),
    ),
    "asyncua: a connection taken for lost is left open": (
        (
            "edge/opcua/test_pitfalls.py",
            "test_a_connection_that_the_client_takes_for_lost_is_closed",
        ),
    ),
    "asyncua: all items in one call, a probe of a second, queues of none": (
        ("edge/opcua/test_monitoring.py", "test_items_are_made_in_portions_that_the_server_takes"),
        ("edge/opcua/test_pitfalls.py", "test_a_slow_server_has_as_long_to_show_life_as_to_answer"),
        ("edge/opcua/test_pitfalls.py", "test_no_queue_of_the_latest_value_alone_can_be_asked_for"),
    ),
    "asyncua: without a certificate whatever answers is trusted": (
        (
            "edge/opcua/test_security.py",
            "test_first_contact_refuses_names_the_certificate_and_the_command_that_trusts_it",
        ),
        (
            "edge/opcua/test_security.py",
            "test_a_certificate_in_place_of_the_trusted_one_is_refused",
        ),
    ),
    "asyncua: a source time may be missing": (
        (
            "edge/opcua/test_values.py",
            "test_without_a_source_time_it_is_the_servers_and_then_the_receipts",
        ),
    ),
    "paho: the time of a message is a monotonic one": (
        (
            "edge/mqtt/test_collector.py",
            "test_the_time_of_receipt_is_our_clocks_and_not_the_librarys",
        ),
    ),
    "paho: twenty messages under way at most": (
        (
            "acceptance/test_mqtt_brokers.py",
            "test_the_receive_maximum_lets_that_many_come_unacknowledged",
        ),
    ),
    "paho: an acknowledgement of before goes to the next connection, or out of order": (
        (
            "edge/mqtt/test_repetitions.py",
            "test_a_stale_acknowledgement_after_a_reconnection_goes_to_no_later_connection",
        ),
        (
            "edge/mqtt/test_connection.py",
            "test_a_group_of_acknowledgements_leaves_in_one_piece_in_order_of_arrival",
        ),
    ),
    "paho: exactly once hangs with acknowledgement by hand": (
        (
            "acceptance/test_mqtt_brokers.py",
            "test_what_a_device_publishes_exactly_once_arrives_once",
        ),
    ),
    "paho: its callbacks by topic do not know shared subscriptions": (
        ("acceptance/test_mqtt_brokers.py", "test_a_shared_group_takes_each_message_once"),
    ),
    "two clients of one identity throw each other out": (
        (
            "acceptance/test_mqtt_brokers.py",
            "test_another_client_of_our_identity_is_a_loss_and_no_defect",
        ),
    ),
    "a payload that cannot be read keeps its place (thingsboard-gateway#13476)": (
        ("edge/mqtt/test_collector.py", "test_bad_payloads_are_acknowledged_too"),
        ("edge/mqtt/test_corpus.py", "test_all_of_them_are_counted_kept_aside_and_acknowledged"),
    ),
}


@pytest.mark.parametrize("pitfall", PITFALLS)
def test_every_pitfall_has_its_tests(pitfall: str) -> None:
    assert PITFALLS[pitfall]
    assert missing(PITFALLS[pitfall]) == []
