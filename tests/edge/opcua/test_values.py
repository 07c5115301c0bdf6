"""OPC UA values, status codes and times mean readings; whatever a server sends, nothing crashes."""

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from asyncua import ua
from asyncua.ua.ua_binary import struct_to_binary
from hypothesis import given
from hypothesis import strategies as st

from config.clock import from_us
from edge.opcua.alarms import AlarmEvent, AlarmReader, event_of
from edge.opcua.changes import changes_of
from edge.opcua.health import OpcuaHealth
from edge.opcua.history import Overlap
from edge.opcua.items import Items, node_id
from edge.opcua.publication import Unreadable
from edge.opcua.reader import Reader
from edge.opcua.source import OpcuaAlarms, OpcuaSource
from edge.opcua.values import Timing, number_of
from edge.reading import Quality, Reason, quality_code
from edge.stamps import ClockLimits, Stamps

NOW = 1_700_000_000_000_000
HOUR = 3600
TIMING = Timing(NOW, ClockLimits(ahead_us=2_000_000, behind_us=HOUR * 1_000_000))
CLOCK_OFF = quality_code(Quality.UNCERTAIN, Reason.CLOCK)
ORIGIN = OpcuaAlarms(asset="K-1")


def ago(seconds: float) -> datetime:
    return from_us(NOW) - timedelta(seconds=seconds)


def reader() -> Reader:
    source = OpcuaSource.model_validate(
        {
            "type": "opcua",
            "name": "press",
            "connect": "opc.tcp://plc",
            "nodes": [{"node": "i=1", "tag": "K-1.x"}],
        }
    )
    stamps = Stamps()
    health, alarms = OpcuaHealth("press"), AlarmReader("press", stamps)
    items = Items(source)
    return Reader(items, Overlap(), health, stamps, alarms, lambda: NOW, TIMING.limits)


def row(first: bool = False, **times: datetime) -> tuple[str, int, float, int]:
    """The reading of a change, as the first of its item or as a later one."""
    one = ua.MonitoredItemNotification(0, ua.DataValue(ua.Variant(1.5), **times))
    body = struct_to_binary(ua.DataChangeNotification([one]))
    told = reader()
    told.items[0].told = not first
    batch = told.read([changes_of(body)]).readings
    return batch.tags[0], int(batch.ts[0]), float(batch.value[0]), int(batch.quality[0])


@given(st.one_of(st.none(), st.text(), st.binary(), st.lists(st.floats()), st.datetimes()))
def test_what_is_no_number_is_bad(value: Any) -> None:
    number, quality = number_of(value, 0)
    assert math.isnan(number)
    assert quality >= Quality.BAD


@given(st.one_of(st.booleans(), st.integers(-(2**63), 2**64 - 1), st.floats(allow_nan=False)))
def test_a_number_is_kept_unless_it_is_infinite(value: float) -> None:
    number, quality = number_of(value, 0)
    assert number == float(value) if math.isfinite(value) else quality >= Quality.BAD


def test_the_source_time_is_the_readings() -> None:
    assert row(SourceTimestamp=ago(10), ServerTimestamp=ago(1))[1] == NOW - 10_000_000


def test_without_a_source_time_it_is_the_servers_and_then_the_receipts() -> None:
    assert row(ServerTimestamp=ago(1))[1] == NOW - 1_000_000
    assert row()[1] == NOW
    assert row(SourceTimestamp=datetime(1601, 1, 1, tzinfo=UTC))[1:] == (NOW, 1.5, 0)


@pytest.mark.parametrize("seconds", [-2, 0, HOUR])
def test_a_source_time_within_its_limit_is_the_readings(seconds: float) -> None:
    assert row(SourceTimestamp=ago(seconds))[1:] == (NOW - seconds * 1_000_000, 1.5, 0)


@pytest.mark.parametrize("seconds", [-2.000001, HOUR + 0.000001])
def test_a_source_time_that_is_off_gives_way(seconds: float) -> None:
    assert row(SourceTimestamp=ago(seconds)) == ("K-1.x", NOW, 1.5, CLOCK_OFF)


def test_only_a_first_value_may_be_old() -> None:
    assert row(first=True, SourceTimestamp=ago(2 * HOUR))[1:] == (NOW, 1.5, 0)
    assert row(first=True, SourceTimestamp=ago(-HOUR))[3] == CLOCK_OFF


def test_a_node_is_found_by_the_uri_of_its_namespace() -> None:
    found = node_id("nsu=urn:b;s=a;b=c", ["http://opcfoundation.org/UA/", "urn:a", "urn:b"])
    assert found == ua.NodeId("a;b=c", 2)
    assert node_id("nsu=urn:c;i=5", ["urn:a"]) is None
    assert node_id("i=2253", []) == ua.NodeId(2253, 0)


def event(**more: Any) -> AlarmEvent:
    fields = {
        "type": ua.NodeId(ua.ObjectIds.AlarmConditionType),
        "source_name": "K1",
        "time": ago(1),
        "message": ua.LocalizedText("hot"),
        "severity": 800,
        "condition_name": "HIGH",
        "active": True,
        "acknowledged": None,
    }
    return AlarmEvent(**{**fields, **more})


def refresh(reader: AlarmReader, *events: AlarmEvent) -> list[Any]:
    start, end = ua.ObjectIds.RefreshStartEventType, ua.ObjectIds.RefreshEndEventType
    framed = [event(type=ua.NodeId(start)), *events, event(type=ua.NodeId(end))]
    return [alarm for each in framed for alarm in reader.read(each, ORIGIN, TIMING)]


def test_an_alarm_is_named_by_its_condition_then_by_its_source() -> None:
    reader = AlarmReader("press", Stamps())
    (one,) = reader.read(event(), ORIGIN, TIMING)
    (other,) = reader.read(event(condition_name=None), ORIGIN, TIMING)
    (fixed,) = reader.read(event(), OpcuaAlarms(asset="K-1", code="OIL"), TIMING)
    assert [one.code, other.code, fixed.code] == ["HIGH", "K1", "OIL"]
    assert (one.ts, one.severity, one.message) == (NOW - 1_000_000, 800, "hot")


def test_an_event_without_an_active_state_is_no_alarm() -> None:
    assert AlarmReader("press", Stamps()).read(event(active=None), ORIGIN, TIMING) == []


def test_a_refresh_clears_what_it_does_not_report() -> None:
    reader = AlarmReader("press", Stamps())
    for name in ("HIGH", "LOW"):
        reader.read(event(condition_name=name), ORIGIN, TIMING)
    alarms = refresh(reader, event(condition_name="LOW"))
    assert [(alarm.code, alarm.active) for alarm in alarms] == [("LOW", True), ("HIGH", False)]
    assert refresh(reader, event(condition_name="LOW"))[1:] == []


def acknowledgements(*events: AlarmEvent, origin: OpcuaAlarms = ORIGIN) -> list[tuple[int, str]]:
    """When each alarm came, from the first one on, and who had acknowledged it."""
    reader = AlarmReader("press", Stamps())
    told = [alarm for each in events for alarm in reader.read(each, origin, TIMING)]
    return [(alarm.ts - told[0].ts, alarm.acknowledged_by) for alarm in told]


def test_an_alarm_tells_that_it_was_acknowledged_at_its_source() -> None:
    raised, seen = event(acknowledged=False, time=ago(3)), event(acknowledged=True, time=ago(2))
    assert acknowledgements(raised, seen) == [(0, ""), (1_000_000, "source:press")]


def test_an_alarm_is_acknowledged_later_though_the_server_says_the_time_of_its_raise() -> None:
    raised, seen = event(acknowledged=False), event(acknowledged=True)
    (_, later) = acknowledgements(raised, seen)
    assert later == (1_000_000, "source:press")


def test_an_alarm_from_ahead_of_our_clock_is_acknowledged_after_it() -> None:
    ahead = ago(-1)
    (_, later) = acknowledgements(
        event(acknowledged=False, time=ahead), event(acknowledged=True, time=ahead)
    )
    assert later == (1, "source:press")


def test_a_server_that_acknowledges_all_by_itself_acknowledges_nothing_here() -> None:
    origin = OpcuaAlarms(asset="K-1", acknowledgements=False)
    assert acknowledgements(event(acknowledged=True), origin=origin) == [(0, "")]


@given(st.lists(st.one_of(st.none(), st.text(), st.integers(), st.booleans(), st.floats())))
def test_no_event_crashes(values: list[Any]) -> None:
    fields = [ua.Variant(value) for value in values] if None not in values else values
    for alarm in AlarmReader("press", Stamps()).read(event_of(fields), ORIGIN, TIMING):
        assert 1 <= alarm.severity <= 1000
        assert alarm.message.isprintable()
        assert alarm.code


def test_what_cannot_be_read_and_what_nobody_asked_for_costs_nothing_else() -> None:
    value = ua.DataValue(ua.Variant(1.5), SourceTimestamp=ago(1))
    items = [ua.MonitoredItemNotification(handle, value) for handle in (7, 0)]
    changes = changes_of(struct_to_binary(ua.DataChangeNotification(items)))
    broken = Unreadable(b"\x01", "IndexError")
    read = reader().read([broken, changes])
    assert read.unreadable == [broken]
    assert (read.readings.tags, read.readings.value.tolist()) == (("K-1.x",), [1.5])
