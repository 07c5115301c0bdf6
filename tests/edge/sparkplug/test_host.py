"""A host follows edge nodes: births, data by alias, deaths, what is missing and what is repeated."""

import math
from dataclasses import replace

import pytest

from edge.reading import Quality, Reason, quality_code
from edge.sparkplug.payload import DataType, Metric, Payload, decode, encode, metric_of
from edge.sparkplug.tags import TagRule
from tests.edge.sparkplug.edge_node import SECOND, START, Sent, Signal, SimulatedNode, pump_line
from tests.edge.sparkplug.listening import OUT_OF_REACH, REORDER, Listening, new_host

SPEED, TEMPERATURE, VOLTAGE = "P-101.speed", "P-101.Bearing_DE_Temperature", "Line1.Supply_Voltage"
REBIRTH = "spBv1.0/Plant1/NCMD/Line1"
WITHIN_SPREAD = SECOND


def with_metric(sent: Sent, **changes: object) -> Sent:
    """The message with its last metric changed."""
    topic, data = sent
    payload = decode(data)
    *others, last = payload.metrics
    changed = replace(last, **changes)  # type: ignore[arg-type]
    return topic, encode(replace(payload, metrics=(*others, changed)))


def alive() -> tuple[SimulatedNode, Listening]:
    """A node whose births were heard."""
    node, host = pump_line(), Listening()
    host.hear(*node.births(), *(node.data("P-101", "speed", 1450) for _ in range(5)))
    host.outcome.rows.clear()
    return node, host


def test_a_birth_gives_the_value_of_every_metric() -> None:
    host = Listening()
    host.hear(*pump_line().births())
    assert host.outcome.rows == [
        (VOLTAGE, START, 24.0, 0),
        (SPEED, START, 1450.0, 0),
        (TEMPERATURE, START, 61.5, 0),
    ]
    assert host.asked() == []


def test_data_by_alias_are_readings_with_the_metric_s_own_time() -> None:
    node, host = alive()
    node.now_ms += 250
    host.hear(node.data("P-101", "speed", -3), node.data("", "Supply/Voltage", 23.5))
    at = START + 250_000
    assert host.outcome.rows == [(SPEED, at, -3.0, 0), (VOLTAGE, at, 23.5, 0)]


def test_without_any_time_a_reading_has_that_of_receipt() -> None:
    host = Listening()
    metric = metric_of("level", DataType.DOUBLE, 1.0)
    host.hear(("spBv1.0/G/NDATA/N", encode(Payload((metric, metric)))))
    assert [row[1] for row in host.outcome.rows] == [START, START + 1]


def test_sequence_numbers_go_round() -> None:
    node, host = alive()
    for value in range(600):
        host.hear(node.data("P-101", "speed", value))
    host.wait(60 * SECOND)
    assert host.values(SPEED) == [float(value) for value in range(600)]
    assert host.asked() == []


def test_messages_in_another_order_within_the_time_are_taken_in_theirs() -> None:
    node, host = alive()
    first, second, third = (node.data("P-101", "speed", value) for value in (1, 2, 3))
    host.hear(third, second)
    assert host.values(SPEED) == []
    host.wait(REORDER // 2)
    host.hear(first)
    host.wait(60 * SECOND)
    assert host.values(SPEED) == [1.0, 2.0, 3.0]
    assert host.asked() == []


def test_a_missing_message_has_the_node_asked_for_a_rebirth() -> None:
    node, host = alive()
    node.data("P-101", "speed", 1)
    host.hear(node.data("P-101", "speed", 2))
    host.wait(REORDER - 1)
    assert host.asked() == []
    host.wait(1 + WITHIN_SPREAD)
    assert host.asked() == [REBIRTH]
    (metric,) = decode(host.outcome.commands[0].payload).metrics
    assert (metric.name, metric.value) == ("Node Control/Rebirth", True)


def test_what_came_after_the_gap_is_taken_once_the_rebirth_shows_that_nothing_changed() -> None:
    node, host = alive()
    node.data("P-101", "speed", 1)
    host.hear(node.data("P-101", "speed", 2))
    host.wait(REORDER + WITHIN_SPREAD)
    host.hear(node.data("P-101", "speed", 3))
    node.now_ms += 10
    host.hear(*node.births())
    host.hear(node.data("P-101", "speed", 4))
    assert host.values(SPEED) == [2.0, 3.0, 3.0, 4.0]
    assert host.host.counts.unresolved == 0


def test_what_came_after_the_gap_is_left_out_when_the_node_was_started_anew() -> None:
    node, host = alive()
    node.births()
    host.hear(node.data("P-101", "speed", 2), node.data("P-101", "speed", 3))
    host.wait(REORDER + WITHIN_SPREAD)
    node.bd_seq, node.now_ms = 1, node.now_ms + 10
    node.signals["P-101"][0].alias, node.signals["P-101"][1].alias = 11, 10
    host.hear(*node.births())
    host.hear(node.data("P-101", "speed", 4))
    assert host.values(SPEED) == [None, 3.0, 4.0]
    assert host.values(TEMPERATURE) == [None, 61.5]
    assert host.host.counts.unresolved == 2


def test_a_birth_that_comes_after_its_data_tells_what_they_are() -> None:
    node, host = alive()
    node.bd_seq, node.now_ms = 1, node.now_ms + 10
    birth, device_birth = node.births()
    host.hear(node.data("P-101", "speed", 7), device_birth, birth)
    assert host.values(SPEED) == [None, 1450.0, 7.0]
    host.wait(60 * SECOND)
    assert host.asked() == []


def test_a_number_that_fits_by_chance_is_not_the_missing_one() -> None:
    node, host = alive()
    node.births()
    node.signals["P-101"][0].alias, node.signals["P-101"][1].alias = 11, 10
    for value in range(10):
        node.now_ms += 10
        host.hear(node.data("P-101", "speed", value))
    assert host.outcome.rows == []


def test_named_values_do_not_wait_for_missing_messages() -> None:
    node, host = alive()
    node.data("P-101", "speed", 1)
    host.hear(node.data("P-101", "speed", 2, named=True))
    assert host.values(SPEED) == [2.0]


def test_data_of_a_node_that_was_never_born_ask_for_its_birth() -> None:
    node, host = pump_line(), Listening()
    node.births()
    host.hear(node.data("P-101", "speed", 1), node.data("P-101", "speed", 2, named=True))
    host.wait(WITHIN_SPREAD)
    assert host.asked() == [REBIRTH]
    assert host.values(SPEED) == [2.0]
    assert host.host.counts.unresolved == 1


def test_an_unknown_alias_asks_for_a_rebirth() -> None:
    node, host = alive()
    metric = Metric(alias=99, carrier="float_value", value=1.0)
    host.hear(node.message("DDATA", "P-101", (metric,)))
    host.wait(WITHIN_SPREAD)
    assert host.asked() == [REBIRTH]


def test_data_of_a_device_that_was_never_born_ask_for_a_rebirth() -> None:
    node, host = alive()
    node.signals["P-102"] = [Signal("speed", DataType.INT16, 1, 30)]
    host.hear(node.data("P-102", "speed", 5))
    host.wait(WITHIN_SPREAD)
    assert host.asked() == [REBIRTH]
    assert host.outcome.rows == []


def test_a_node_is_asked_again_with_growing_pauses_and_then_said_to_be_silent() -> None:
    host = alive()[1]
    host.host.connected(host.now)
    host.wait(34 * SECOND)
    assert len(host.asked()) == 3
    assert host.outcome.rows == []
    host.wait(4 * SECOND)
    assert len(host.asked()) == 4
    assert host.values(SPEED) == [None]
    assert host.outcome.nodes[-1] == ("Plant1/Line1", "no answer to requests for rebirth")
    host.wait(3600 * SECOND)
    assert len(host.asked()) == 8


def test_many_nodes_are_not_asked_all_at_once() -> None:
    host = Listening()
    for number in range(100):
        host.hear(pump_line(node=f"Line{number}").data("P-101", "speed", 1))
    host.wait(WITHIN_SPREAD // 4)
    assert 5 < len(host.asked()) < 50
    host.wait(WITHIN_SPREAD)
    assert sorted(set(host.asked())) == sorted(host.asked())
    assert len(host.asked()) == 100


def test_a_death_makes_every_point_bad_at_the_time_of_receipt() -> None:
    node, host = alive()
    host.now += 7 * SECOND
    host.hear(node.will())
    assert [(tag, ts, quality) for tag, ts, _, quality in host.outcome.rows] == [
        (tag, START + 7 * SECOND, OUT_OF_REACH) for tag in (VOLTAGE, SPEED, TEMPERATURE)
    ]
    assert all(math.isnan(row[2]) for row in host.outcome.rows)
    host.hear(node.will())
    assert len(host.outcome.rows) == 3


def test_a_death_stands_after_the_last_reading_of_a_node_whose_clock_is_ahead() -> None:
    node, host = alive()
    node.now_ms += 60_000
    host.hear(node.data("P-101", "speed", 5))
    host.hear(node.will())
    assert host.latest()[SPEED] is None


def test_a_birth_after_a_death_revives_values_that_have_not_changed_since() -> None:
    node, host = alive()
    host.now += 7 * SECOND
    host.hear(node.will())
    host.now += SECOND
    node.bd_seq = 1
    host.hear(*node.births())
    assert host.latest() == {VOLTAGE: 24.0, SPEED: 1450.0, TEMPERATURE: 61.5}


def test_after_a_death_the_values_of_a_node_whose_clock_is_behind_stand_after_it() -> None:
    node, host = alive()
    host.now += 60 * SECOND
    host.hear(node.will())
    node.bd_seq = 1
    host.hear(*node.births())
    for value in (5, 6, 7):
        node.now_ms += 1_000
        host.now += SECOND
        host.hear(node.data("P-101", "speed", value))
        assert host.latest()[SPEED] == value


def test_the_will_of_an_earlier_connection_is_no_death() -> None:
    node, host = alive()
    old = node.will()
    node.bd_seq, node.now_ms = 1, node.now_ms + 10
    host.hear(*node.births())
    host.outcome.rows.clear()
    host.hear(old)
    assert host.outcome.rows == []
    assert host.host.counts.late_deaths == 1
    host.hear(node.data("P-101", "speed", 5))
    assert host.values(SPEED) == [5.0]


def test_a_death_that_is_repeated_does_not_end_the_question_whether_the_node_is_back() -> None:
    node, host = alive()
    host.hear(node.will())
    host.host.connected(host.now)
    host.hear(node.will())
    host.wait(WITHIN_SPREAD)
    assert host.asked() == [REBIRTH]


def test_a_missed_death_is_made_up_for_at_the_next_birth() -> None:
    node, host = alive()
    node.bd_seq, node.now_ms = 1, node.now_ms + 10
    del node.signals["P-101"]
    host.hear(*node.births())
    assert host.latest() == {VOLTAGE: 24.0, SPEED: None, TEMPERATURE: None}


def test_the_death_of_a_device_leaves_the_node_and_its_other_devices() -> None:
    node, host = pump_line(), Listening()
    node.signals["P-102"] = [Signal("speed", DataType.INT16, 900, 20)]
    host.hear(*node.births())
    node.now_ms += 3_000
    host.hear(node.device_death("P-101"))
    assert host.latest() == {VOLTAGE: 24.0, SPEED: None, TEMPERATURE: None, "P-102.speed": 900.0}
    assert {row[1] for row in host.outcome.rows if row[3] == OUT_OF_REACH} == {START + 3 * SECOND}


def test_a_lost_broker_makes_points_bad_once_and_a_new_one_asks_for_rebirths() -> None:
    node, host = alive()
    host.host.lost(host.now, host.outcome)
    host.host.lost(host.now, host.outcome)
    assert len(host.outcome.rows) == 3
    host.host.connected(host.now)
    host.wait(WITHIN_SPREAD)
    assert host.asked() == [REBIRTH]
    host.hear(*node.births())
    assert host.latest() == {VOLTAGE: 24.0, SPEED: 1450.0, TEMPERATURE: 61.5}


def test_repeated_messages_change_nothing() -> None:
    node, host = pump_line(), Listening()
    birth, device_birth = node.births()
    data = node.data("P-101", "speed", 5)
    host.hear(birth, birth, device_birth, device_birth, data, birth, data, device_birth)
    host.wait(60 * SECOND)
    assert host.values(SPEED) == [1450.0, 5.0]
    assert host.asked() == []
    assert host.host.counts.repeated == 5


def test_a_retained_birth_is_only_a_sign_that_there_is_a_node() -> None:
    host = Listening()
    host.hear(*pump_line().births(), retained=True)
    assert host.outcome.rows == []
    host.wait(WITHIN_SPREAD)
    assert host.asked() == [REBIRTH]


def test_a_node_that_does_not_number_its_messages_is_followed_all_the_same() -> None:
    node, host = pump_line(numbered=False), Listening()
    host.hear(*node.births(), node.data("P-101", "speed", 5))
    assert host.values(SPEED) == [1450.0, 5.0]


def test_null_is_a_bad_reading_without_a_number() -> None:
    node, host = alive()
    host.hear(with_metric(node.data("P-101", "speed", 0), carrier=None, value=None, is_null=True))
    ((tag, _, value, quality),) = host.outcome.rows
    assert (tag, quality) == (SPEED, quality_code(Quality.BAD, Reason.DEVICE))
    assert math.isnan(value)


def test_a_float_that_is_no_number_is_a_bad_reading() -> None:
    node, host = alive()
    host.hear(node.data("P-101", "Bearing/DE Temperature", math.inf))
    ((_, _, value, quality),) = host.outcome.rows
    assert quality == quality_code(Quality.BAD, Reason.DECODE)
    assert math.isnan(value)


def test_the_property_quality_is_the_reading_s_quality() -> None:
    node, host = alive()
    host.hear(with_metric(node.data("P-101", "speed", 5), quality=500))
    assert host.outcome.rows == [(SPEED, START, 5.0, quality_code(Quality.BAD, Reason.STALE))]


def test_a_historical_value_keeps_its_own_time_and_asks_for_nothing() -> None:
    node, host = alive()
    an_hour_ago = START // 1000 - 3_600_000
    sent = node.data("P-101", "speed", 5)
    host.hear(with_metric(sent, timestamp=an_hour_ago, is_historical=True))
    assert host.outcome.rows == [(SPEED, an_hour_ago * 1000, 5.0, 0)]
    host.wait(60 * SECOND)
    assert host.asked() == []


def test_a_historical_value_does_not_revive_a_point() -> None:
    node, host = alive()
    host.now += SECOND
    host.hear(node.device_death("P-101"))
    sent = node.data("P-101", "speed", 5, named=True)
    host.hear(with_metric(sent, timestamp=START // 1000 - 5, is_historical=True))
    assert host.latest()[SPEED] is None


@pytest.mark.parametrize("off_ms", [-3_600_000, 3_600_000, -START // 1000, 2**63])
def test_a_clock_that_is_off_gives_way_to_the_time_of_receipt(off_ms: int) -> None:
    host = Listening()
    host.hear(*pump_line(now_ms=START // 1000 + off_ms).births())
    doubtful = quality_code(Quality.UNCERTAIN, Reason.CLOCK)
    assert {(row[1], row[3]) for row in host.outcome.rows} == {(START, doubtful)}


def test_a_birth_holds_now_for_values_that_changed_long_ago() -> None:
    node, host = pump_line(), Listening()
    birth, device_birth = node.births()
    host.hear(birth, with_metric(device_birth, timestamp=START // 1000 - 86_400_000))
    assert host.outcome.rows[-1] == (TEMPERATURE, START, 61.5, 0)


@pytest.mark.parametrize(
    "metric",
    [
        metric_of("a", DataType.STRING, "12"),
        metric_of("a", DataType.DATETIME, 5),
        metric_of("a", DataType.BYTES, b"12"),
        Metric(name="a", datatype=DataType.TEMPLATE, carrier=None),
        Metric(name="a", datatype=DataType.DATASET, carrier=None),
        replace(metric_of("a", DataType.DOUBLE, 1.0), is_transient=True),
        Metric(name="a", datatype=DataType.INT32, carrier="string_value", value="x"),
    ],
)
def test_what_is_no_number_is_skipped_and_counted(metric: Metric) -> None:
    host = Listening()
    host.hear(("spBv1.0/G/NDATA/N", encode(Payload((metric,)))))
    assert host.outcome.rows == []
    assert host.host.counts.skipped == 1


def test_metrics_that_control_a_node_are_no_readings() -> None:
    host = Listening()
    control = metric_of("Node Control/Rebirth", DataType.BOOLEAN, False)
    host.hear(pump_line().message("NBIRTH", "", (control,)))
    assert host.outcome.rows == []
    assert host.host.counts.skipped == 0


def test_two_metrics_of_one_tag_are_told_and_the_first_keeps_it() -> None:
    signals = [Signal("a/b", DataType.DOUBLE, 1.0, 1), Signal("a b", DataType.DOUBLE, 2.0, 2)]
    node, host = SimulatedNode({"": signals}), Listening()
    host.hear(*node.births(), node.data("", "a b", 3.0))
    assert host.values("Line1.a_b") == [1.0]
    assert host.outcome.problems == [
        ("Plant1/Line1", "Line1.a_b of 'a b' is already 'a/b' of Plant1/Line1")
    ]


def test_tags_by_template_and_by_metric() -> None:
    rule = TagRule("{group}-{node}.{device}.{metric}", {"speed": "P-1.speed"})
    host = Listening(new_host(rule))
    host.hear(*pump_line().births())
    assert [row[0] for row in host.outcome.rows] == [
        "Plant1-Line1.Line1.Supply_Voltage",
        "P-1.speed",
        "Plant1-Line1.P-101.Bearing_DE_Temperature",
    ]


def test_bytes_that_are_no_payload_are_counted_and_told() -> None:
    host = Listening()
    host.hear(("spBv1.0/Plant1/NDATA/Line1", b"\xff\xff"))
    assert host.host.counts.rejected == 1
    assert host.outcome.problems == [("Plant1/Line1", "the payload is not Sparkplug B")]


@pytest.mark.parametrize(
    "topic",
    [
        "spBv1.0/STATE/other",
        "spBv1.0/Plant1/NCMD/Line1",
        "spBv1.0/Plant1/DCMD/Line1/P-101",
        "spBv1.0/Plant1/NDATA/Line1/P-101",
        "spBv1.0/Plant1/DDATA/Line1",
        "spBv1.0/Plant1/OTHER/Line1",
        "spBv1.0//NDATA/Line1",
        "spAv1.0/Plant1/NDATA/Line1",
        "",
    ],
)
def test_other_topics_are_passed_over(topic: str) -> None:
    host = Listening()
    host.hear((topic, b"\xff"))
    host.wait(60 * SECOND)
    assert host.asked() == []
    assert host.outcome.problems == []
