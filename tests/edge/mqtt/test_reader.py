"""Payloads become readings and alarms; whatever cannot be read is told and kept aside as bad."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.filter import Deadband
from edge.mqtt.payload import Message
from edge.mqtt.reader import Findings, TopicReader
from edge.mqtt.run import Run
from edge.mqtt.source import MqttSource
from edge.reading import Quality, Reason, SensorAlarm, quality_code

NOW = 1_700_000_000_000_000
UNREADABLE = quality_code(Quality.BAD, Reason.DECODE)
CLOCK_OFF = quality_code(Quality.UNCERTAIN, Reason.CLOCK)

PLAIN = {"filter": "plant/{asset}/{point}", "payload": "plain"}
LIST = {
    "filter": "gw/{asset}/up",
    "payload": "json",
    "each": "$.m[*]",
    "tag": "{asset}.{n}",
    "value": "$.v",
    "time": "$.t",
}
SPEED = {"filter": "line/C-1", "payload": "json", "tag": "C-1.speed", "value": "$.belt.speed"}
CURRENT = {"filter": "line/C-1", "payload": "json", "tag": "C-1.current", "value": "$.current"}
ALARM = {"filter": "plant/{asset}/alarm/{code}", "payload": "alarm"}


def reader(*topics: dict[str, Any]) -> TopicReader:
    return TopicReader(
        MqttSource.model_validate(
            {"type": "mqtt", "name": "m", "connect": "mqtt://b", "topics": topics}
        )
    )


def read(
    topic: str, payload: bytes | str | object, *topics: dict[str, Any], retained: bool = False
) -> Findings:
    data = (
        payload
        if isinstance(payload, bytes)
        else (payload.encode() if isinstance(payload, str) else json.dumps(payload).encode())
    )
    found = Findings()
    reader(*topics).read(Message(topic, data, NOW, retained), found)
    return found


@pytest.mark.parametrize(
    ("payload", "value"),
    [("12.5", 12.5), (" -3e2\n", -300.0), ("true", 1.0), ("FALSE", 0.0), ("0", 0.0)],
)
def test_a_plain_number_is_a_reading_at_the_time_of_receipt(payload: str, value: float) -> None:
    found = read("plant/C-1/speed", payload, PLAIN)
    assert found.rows == [("C-1.speed", NOW, value, 0)]
    assert found.problems == []


@pytest.mark.parametrize(
    "payload", [b"", b"fast", b"nan", b"inf", b"1_0", b"\xff", b"1,5", b"9" * 400, b"1e999"]
)
def test_a_plain_payload_that_is_no_number_is_a_bad_reading(payload: bytes) -> None:
    found = read("plant/C-1/speed", payload, PLAIN)
    ((tag, ts, value, quality),) = found.rows
    assert (tag, ts, quality) == ("C-1.speed", NOW, UNREADABLE)
    assert math.isnan(value)
    assert [topic for topic, _ in found.problems] == ["plant/C-1/speed"]


def test_two_messages_of_one_moment_are_two_readings() -> None:
    some, found = reader(PLAIN), Findings()
    for payload in (b"1", b"2", b"3"):
        some.read(Message("plant/C-1/speed", payload, NOW), found)
    assert [row[1] for row in found.rows] == [NOW, NOW + 1, NOW + 2]


def test_each_item_of_a_list_is_a_reading_with_its_own_time() -> None:
    at = NOW // 1000
    items = [{"n": "speed", "v": 1.5, "t": at - 10}, {"n": "load", "v": "7", "t": at}]
    found = read("gw/C-1/up", {"m": items}, LIST)
    assert found.rows == [("C-1.speed", NOW - 10_000, 1.5, 0), ("C-1.load", NOW, 7.0, 0)]


def test_several_values_of_one_document() -> None:
    found = read("line/C-1", {"belt": {"speed": 2}, "current": True}, SPEED, CURRENT)
    assert found.rows == [("C-1.speed", NOW, 2.0, 0), ("C-1.current", NOW, 1.0, 0)]


@pytest.mark.parametrize(
    ("unit", "written"),
    [
        ("s", NOW / 1e6),
        ("ms", NOW // 1000),
        ("us", NOW),
        ("iso", "2023-11-14T22:13:20Z"),
        ("iso", "2023-11-14T23:13:20+01:00"),
        ("iso", "2023-11-14T22:13:20"),
    ],
)
def test_times_in_every_unit(unit: str, written: object) -> None:
    document = {"m": [{"n": "x", "v": 1, "t": written}]}
    assert read("gw/C-1/up", document, {**LIST, "time_unit": unit}).rows[0][1] == NOW


@pytest.mark.parametrize("written", [0, 4_000_000_000_000, "soon", None, True, 10**400, 1e300])
def test_a_time_that_cannot_be_believed_gives_way_to_that_of_receipt(written: object) -> None:
    found = read("gw/C-1/up", {"m": [{"n": "x", "v": 1, "t": written}]}, LIST)
    assert found.rows == [("C-1.x", NOW, 1.0, CLOCK_OFF)]


@pytest.mark.parametrize("off_ms", [-3_600_000, -10_000, 2_000])
def test_a_backlog_keeps_its_times(off_ms: int) -> None:
    document = {"m": [{"n": "x", "v": 1, "t": NOW // 1000 + off_ms}]}
    assert read("gw/C-1/up", document, LIST).rows == [("C-1.x", NOW + off_ms * 1000, 1.0, 0)]


@pytest.mark.parametrize("off_ms", [-3_600_001, 2_001])
def test_a_time_past_its_limit_gives_way_to_that_of_receipt(off_ms: int) -> None:
    document = {"m": [{"n": "x", "v": 1, "t": NOW // 1000 + off_ms}]}
    assert read("gw/C-1/up", document, LIST).rows == [("C-1.x", NOW, 1.0, CLOCK_OFF)]


def test_a_source_sets_how_far_its_clock_is_believed() -> None:
    fields = {"type": "mqtt", "name": "m", "connect": "mqtt://b", "topics": [LIST]}
    limits = {"clock_ahead": "1m", "clock_behind": "0s"}
    one, found = TopicReader(MqttSource.model_validate(fields | limits)), Findings()
    for off_ms in (60_000, -1):
        item = {"n": "x", "v": 1, "t": NOW // 1000 + off_ms}
        one.read(Message("gw/C-1/up", json.dumps({"m": [item]}).encode(), NOW), found)
    assert [row[3] for row in found.rows] == [0, CLOCK_OFF]


def test_one_wrong_item_leaves_the_others() -> None:
    at = NOW // 1000
    items = [{"n": "a", "v": 1, "t": at}, {"v": 2, "t": at}, 5, {"n": "b", "v": [], "t": at}]
    found = read("gw/C-1/up", {"m": items}, LIST)
    assert [(row[0], row[3]) for row in found.rows] == [("C-1.a", 0), ("C-1.b", UNREADABLE)]
    assert len(found.problems) == 3


def test_null_is_a_bad_reading_of_the_device() -> None:
    found = read("line/C-1", {"current": None}, CURRENT)
    assert found.rows[0][3] == quality_code(Quality.BAD, Reason.DEVICE)
    assert found.problems == []


def test_a_document_that_is_no_json_is_a_bad_reading_where_the_topic_gives_the_tag() -> None:
    assert [row[3] for row in read("line/C-1", b"{", CURRENT).rows] == [UNREADABLE]
    assert read("gw/C-1/up", b"{", LIST).rows == []


def test_a_kept_message_is_uncertain_and_old() -> None:
    found = read("plant/C-1/speed", "1", PLAIN, retained=True)
    assert found.rows[0][3] == quality_code(Quality.UNCERTAIN, Reason.STALE)


def test_an_alarm_has_its_code_from_the_topic() -> None:
    document = {"active": True, "severity": 800, "message": "belt\nstands"}
    found = read("plant/C-1/alarm/STALLED", document, ALARM)
    assert found.alarms == [SensorAlarm("C-1", "STALLED", NOW, True, 800, "belt stands")]


@pytest.mark.parametrize(
    "document",
    [
        {},
        [],
        "on",
        {"active": 1},
        {"active": True, "severity": 0},
        {"active": True, "severity": True},
    ],
)
def test_a_wrong_alarm_is_a_problem(document: object) -> None:
    found = read("plant/C-1/alarm/STALLED", document, ALARM)
    assert found.alarms == []
    assert len(found.problems) == 1


@pytest.mark.parametrize("point", ["", "a b", "{x}", "\x00", "x" * 300])
def test_a_level_that_makes_no_tag_is_a_problem(point: str) -> None:
    found = read(f"plant/C-1/{point}", "1", PLAIN)
    assert found.rows == []
    assert len(found.problems) == 1


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)
shaped = st.fixed_dictionaries(
    {},
    optional={
        "m": st.lists(
            st.fixed_dictionaries(
                {}, optional={"n": json_values, "v": json_values, "t": json_values}
            )
            | json_values
        ),
        "active": json_values,
        "severity": json_values,
        "message": json_values,
    },
)
payloads = st.one_of(
    st.binary(),
    st.text().map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.one_of(json_values, shaped).map(lambda value: json.dumps(value).encode()),
    st.just(b"[" * 100_000),
)


@given(
    st.sampled_from(["plant/C-1/x", "gw/C-1/up", "line/C-1", "plant/C-1/alarm/A", "else", ""]),
    payloads,
)
def test_no_payload_crashes_and_whatever_comes_out_can_be_stored(
    topic: str, payload: bytes
) -> None:
    found = read(topic, payload, PLAIN, LIST, SPEED, CURRENT, ALARM)
    for tag, ts, value, quality in found.rows:
        assert tag.isprintable()
        assert abs(ts - NOW) <= 300_000_000 + len(found.rows)
        assert math.isfinite(value) or quality >= Quality.BAD
    for alarm in found.alarms:
        assert alarm.message.isprintable()
        assert 1 <= alarm.severity <= 1000


def test_a_topic_and_its_points_say_what_is_news_of_the_tags_that_came() -> None:
    points = {"speed": {"deadband": 2}}
    some = reader({**PLAIN, "deadband": 0.5, "points": points}, {**LIST, "deadband": "1%"}, SPEED)
    item = json.dumps({"m": [{"n": "flow", "v": 1, "t": 0}]}).encode()
    for topic, payload in [
        ("plant/C-1/load", b"1"),
        ("plant/C-1/speed", b"1"),
        ("gw/C-2/up", item),
    ]:
        some.read(Message(topic, payload, NOW), Findings())
    reports = [some.report_of(tag) for tag in ("C-1.load", "C-1.speed", "C-2.flow", "C-1.current")]
    bands = [report.deadband if report else None for report in reports]
    assert bands == [Deadband(0.5), Deadband(2.0), Deadband(share=0.01), None]


STATE = {"filter": "state/{asset}", "payload": "state", "online": "up", "offline": "down"}


def test_a_device_that_is_gone_makes_the_points_of_its_asset_bad() -> None:
    some, found = reader(PLAIN, LIST, STATE), Findings()
    item = json.dumps({"m": [{"n": "flow", "v": 1, "t": NOW // 1000}]}).encode()
    for topic in ("plant/C-1/speed", "plant/C-1/load", "plant/C-2/load"):
        some.read(Message(topic, b"1", NOW), found)
    some.read(Message("gw/C-1/up", item, NOW), found)
    gone = Findings()
    some.read(Message("state/C-1", b"down\n", NOW + 5), gone)
    assert [row[0] for row in gone.rows] == ["C-1.flow", "C-1.load", "C-1.speed"]
    assert {row[1] for row in gone.rows} == {NOW + 5}
    assert {row[3] for row in gone.rows} == {quality_code(Quality.BAD, Reason.COMMUNICATION)}
    assert all(math.isnan(row[2]) for row in gone.rows)
    assert gone.nodes == [("C-1", "it says that it is offline")]


def test_a_device_that_is_back_is_told_and_its_points_wait_for_readings() -> None:
    found = read("state/C-1", "up", STATE)
    assert (found.rows, found.nodes) == ([], [("C-1", None)])


@pytest.mark.parametrize("payload", [b"", b"offline", b"\xff", b"downs"])
def test_another_state_is_a_problem(payload: bytes) -> None:
    found = read("state/C-1", payload, STATE)
    assert (found.rows, found.nodes) == ([], [])
    assert "is neither up nor down" in found.problems[0][1]


RUN_PAYLOADS = st.sampled_from(
    [b"1", b" -2.5\r\n", b"3e2", b"1_0", b"true", b"x", b"inf", b"1" * 65]
)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["plant/P-1/load", "plant/P-2/load", "also/P-1/load", "plant/P-1/x y"]),
            st.one_of(st.sampled_from([b"1", b"2.5"]), RUN_PAYLOADS),
            st.integers(0, 5),
        ),
        max_size=30,
    ),
    st.sampled_from([{}, {"decimal": ","}, {"enum": {"1": 7}}]),
)
def test_a_run_of_plain_numbers_is_read_as_one_by_one(
    messages: list[tuple[str, bytes, int]], more: dict[str, Any]
) -> None:
    topics = [PLAIN | more, {**PLAIN, "filter": "also/{asset}/{point}"}]
    together, single, run = reader(*topics), reader(*topics), Run()
    for one in together, single:
        for topic in "plant/P-1/load", "plant/P-2/load", "also/P-1/load":
            one.read(Message(topic, b"0", NOW), Findings())
    found = Findings()
    for topic, payload, after in messages:
        run.add(Message(topic, payload, NOW + after), 0)
        single.read(Message(topic, payload, NOW + after), found)
    batch = together.read_run(run)
    if batch is not None:
        assert found.rejected == []
        tags = [batch.tags[place] for place in batch.tag_index]
        rows = [tags, batch.ts.tolist(), batch.value.tolist(), batch.quality.tolist()]
        assert [*zip(*rows, strict=True)] == found.rows
        assert len(set(batch.tags)) == len(batch.tags)
    usual = {b"1", b" -2.5\r\n", b"3e2", b"2.5"}
    if not more and all(each[0] != "plant/P-1/x y" and each[1] in usual for each in messages):
        assert batch is not None


def test_a_run_that_takes_a_closer_look_leaves_no_trace() -> None:
    one = reader(PLAIN)
    one.read(Message("plant/P-1/load", b"0", NOW), Findings())
    run = Run(["plant/P-1/load"] * 2, [NOW + 9] * 2, [b"1", b"x"])
    assert one.read_run(run) is None
    assert one.read(Message("plant/P-1/load", b"1", NOW + 1), Findings()) == NOW + 1
