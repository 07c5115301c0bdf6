"""Alarms are asked for again wherever events may have been lost, and none is cleared by mistake."""

from typing import Any

import pytest
from asyncua import ua

from edge.opcua.alarms import AlarmEvent, AlarmReader
from edge.opcua.collector import OpcuaCollector
from edge.opcua.health import OpcuaHealth
from edge.opcua.history import Overlap
from edge.opcua.items import Items
from edge.opcua.reader import Read, Reader
from edge.opcua.source import OpcuaAlarms
from edge.opcua.values import Timing
from edge.stamps import ClockLimits, Stamps
from tests.edge.memory import Collecting, Memory
from tests.edge.opcua.compressor import Compressor, compressor, source

NOW = 1_700_000_000_000_000
TIMING = Timing(NOW, ClockLimits(ahead_us=2_000_000, behind_us=3_600_000_000))
AT_SERVER = [{"asset": "K-1"}]
HALL, PUMP = OpcuaAlarms(asset="K-1"), OpcuaAlarms(node="nsu=urn:press;s=Pump", asset="K-1")
START, END, OVERFLOW, REQUIRED = (
    ua.ObjectIds.RefreshStartEventType,
    ua.ObjectIds.RefreshEndEventType,
    ua.ObjectIds.EventQueueOverflowEventType,
    ua.ObjectIds.RefreshRequiredEventType,
)


def event(name: str = "", kind: int = ua.ObjectIds.AlarmConditionType) -> AlarmEvent:
    """An alarm that is on, or another event."""
    active = True if name else None
    return AlarmEvent(ua.NodeId(ua.Int32(kind)), None, None, None, 500, name, active, None)


def told(*events: tuple[OpcuaAlarms, AlarmEvent]) -> list[tuple[str, bool]]:
    """Code and state of the alarms that come of events."""
    reader = AlarmReader("press", Stamps())
    found: list[tuple[str, bool]] = []
    for origin, each in events:
        if each.is_overflow:
            reader.lost_some(origin)
        found += [(alarm.code, alarm.active) for alarm in reader.read(each, origin, TIMING)]
    return found


def test_two_objects_of_one_asset_are_refreshed_each_by_itself() -> None:
    refresh = [
        (origin, each)
        for origin, name in ((HALL, "HOT"), (PUMP, "DRY"))
        for each in (event(kind=START), event(name), event(kind=END))
    ]
    assert told(*refresh, *refresh) == [("HOT", True), ("DRY", True)] * 2


def test_a_refresh_in_which_events_were_lost_clears_nothing() -> None:
    lost = [(HALL, event(kind=kind)) for kind in (START, OVERFLOW, END)]
    assert told((HALL, event("HOT")), *lost) == [("HOT", True)]


def read(*kinds: int, queue: int = 1_000) -> tuple[Read, int]:
    """What a server's events say, with how often any were lost."""
    items, health, stamps = Items(source(1, alarms=AT_SERVER)), OpcuaHealth("press"), Stamps()
    handle = next(item.handle for item in items if not item.is_variable)
    items[handle].queue = queue
    alarms = AlarmReader("press", stamps)
    reader = Reader(items, Overlap(), health, stamps, alarms, lambda: NOW, TIMING.limits)
    fields = [ua.EventFieldList(handle, [ua.Variant(ua.NodeId(ua.Int32(kind)))]) for kind in kinds]
    return reader.read([ua.EventNotificationList(fields)]), health.overflows


@pytest.mark.parametrize(
    ("kind", "refresh", "lost"),
    [(OVERFLOW, True, 1), (REQUIRED, True, 0), (ua.ObjectIds.BaseEventType, False, 0)],
)
def test_servers_say_themselves_that_alarms_have_to_be_asked_for(
    kind: int, refresh: bool, lost: int
) -> None:
    found, overflows = read(kind)
    assert (found.refresh, overflows) == (refresh, lost)


@pytest.mark.parametrize(("queue", "refresh"), [(4, False), (3, True), (1, False), (0, False)])
def test_a_queue_that_comes_full_may_have_run_over(queue: int, refresh: bool) -> None:
    # Servers that say 1 mean as many as they like (Part 4, 7.21).
    assert read(*[ua.ObjectIds.BaseEventType] * 3, queue=queue)[0].refresh is refresh


async def notify(machine: Compressor, kind: int) -> None:
    generator = await machine.server.get_event_generator(kind, machine.server.nodes.server)
    await generator.trigger()


async def forget_alarms(machine: Compressor) -> None:
    """The alarm clears, and its event is lost."""
    machine.server.iserver.subscription_service._conditions.clear()


async def gone(memory: Memory) -> None:
    await memory.until(lambda m: m.alarms[-1].message == "no longer reported by the server")


@pytest.mark.parametrize("kind", [OVERFLOW, REQUIRED])
async def test_alarms_are_asked_for_again_in_a_session_that_stands(
    port: int, memory: Memory, collecting: Collecting, kind: int
) -> None:
    collector = OpcuaCollector(source(port, alarms=AT_SERVER), reconcile_s=0.1)
    async with compressor(port) as machine, collecting(collector, memory):
        await memory.until(lambda m: len(m.rows) == 2)
        await machine.alarm(active=True, at_server=True)
        await memory.until(lambda m: len(m.alarms) == 1)
        await forget_alarms(machine)
        await notify(machine, kind)
        await gone(memory)
    assert [alarm.active for alarm in memory.alarms] == [True, False]


async def test_alarms_are_asked_for_again_after_a_publication_that_never_came(
    port: int, memory: Memory, collecting: Collecting
) -> None:
    collector = OpcuaCollector(source(port, alarms=AT_SERVER), reconcile_s=0.1)
    async with compressor(port) as machine, collecting(collector, memory):
        await memory.until(lambda m: len(m.rows) == 2)
        await machine.alarm(active=True, at_server=True)
        await memory.until(lambda m: len(m.alarms) == 1)
        await forget_alarms(machine)
        (subscription,) = machine.server.iserver.subscription_service.subscriptions.values()
        subscription._notification_seq += 1
        await machine.write("temp", 1.0)
        await gone(memory)


async def test_alarms_are_asked_for_again_when_a_lost_subscription_is_remade(
    port: int, memory: Memory, collecting: Collecting
) -> None:
    settings: dict[str, Any] = {"alarms": AT_SERVER, "publish_every": "20ms", "timeout": "500ms"}
    collector = OpcuaCollector(source(port, **settings), reconcile_s=0.1)
    async with compressor(port) as machine, collecting(collector, memory):
        await memory.until(lambda m: len(m.rows) == 2)
        await machine.alarm(active=True, at_server=True)
        await memory.until(lambda m: len(m.alarms) == 1)
        await forget_alarms(machine)
        service = machine.server.iserver.subscription_service
        await service.delete_subscriptions(list(service.subscriptions))
        await gone(memory)
