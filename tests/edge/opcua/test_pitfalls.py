"""What asyncua does by itself would lose readings, or take a slow server for a lost one; we do not."""

import asyncio
from datetime import UTC, datetime

import pytest
from asyncua.server.internal_subscription import InternalSubscription

from config.clock import now_us
from edge.opcua.collector import OpcuaCollector
from edge.opcua.session import open_session
from edge.reading import AlarmBatch, ReadingBatch
from tests.edge.memory import Collecting, Memory
from tests.edge.opcua.compressor import URI, Compressor, compressor, failed, source

ONE = [{"node": f"nsu={URI};s=temp", "tag": "K-1.temp"}]


def subscription_of(machine: Compressor) -> InternalSubscription:
    (subscription,) = machine.server.iserver.subscription_service.subscriptions.values()
    return subscription


async def changed(machine: Compressor, name: str, value: float) -> None:
    await machine.write(name, value, SourceTimestamp=datetime.now(UTC))


class Failing(Memory):
    """A sink that takes the present values, and fails at the first change."""

    async def put(self, readings: ReadingBatch, alarms: AlarmBatch = ()) -> None:
        if self.rows:
            raise ValueError("the disk is full")
        await super().put(readings, alarms)


async def test_what_a_sink_failed_at_is_not_acknowledged_and_comes_again(
    port: int, memory: Memory, collecting: Collecting
) -> None:
    collector, failing = OpcuaCollector(source(port, nodes=ONE)), Failing()
    async with compressor(port) as machine:
        running = asyncio.create_task(collector.run(failing))
        await failing.until(lambda m: len(m.rows) == 1)
        subscription = subscription_of(machine)
        await changed(machine, "temp", 5.0)
        async with asyncio.timeout(30):
            with pytest.raises(ValueError, match="disk is full"):
                await running
        kept = subscription.republish(subscription._notification_seq - 1).NotificationData
        assert [item.Value.Value.Value for item in kept[0].MonitoredItems] == [5.0]
        async with collecting(collector, memory):
            await memory.until(lambda m: m.values("K-1.temp") == [5.0])


async def test_more_changes_than_the_library_would_keep_wait_for_a_slow_sink(
    port: int, memory: Memory, collecting: Collecting
) -> None:
    names = tuple(f"n{number}" for number in range(15))
    nodes = [{"node": f"nsu={URI};s={name}", "tag": f"K-1.{name}", "queue": 200} for name in names]
    collector = OpcuaCollector(source(port, nodes=nodes, timeout="20s"))
    async with compressor(port, names=names) as machine, collecting(collector, memory):
        await memory.until(lambda m: len(m.rows) == 15)
        memory.open.clear()
        for value in range(100):
            for name in names:
                await changed(machine, name, float(value))
        memory.open.set()
        await memory.until(lambda m: len(m.rows) == 15 + 1_500)
    for name in names:
        assert memory.values(f"K-1.{name}")[1:] == [float(value) for value in range(100)]
    assert collector.health().gaps == 0


async def test_a_publication_that_never_came_is_counted(
    port: int, memory: Memory, collecting: Collecting
) -> None:
    collector = OpcuaCollector(source(port, nodes=ONE))
    async with compressor(port) as machine, collecting(collector, memory):
        await memory.until(lambda m: len(m.rows) == 1)
        await changed(machine, "temp", 1.0)
        await memory.until(lambda m: len(m.rows) == 2)
        assert collector.health().missed == 0
        subscription_of(machine)._notification_seq += 2
        await changed(machine, "temp", 2.0)
        await memory.until(lambda m: len(m.rows) == 3)
    assert collector.health().part().metrics["publications_missed_total"] == 2


async def test_a_keep_alive_is_asked_for_at_every_tenth_publication(
    port: int, memory: Memory, collecting: Collecting
) -> None:
    async with compressor(port) as machine, collecting(OpcuaCollector(source(port)), memory):
        await memory.until(lambda m: len(m.rows) == 2)
        assert subscription_of(machine).data.RevisedMaxKeepAliveCount == 10


async def test_a_silent_subscription_is_noticed_the_second_time_as_the_first(
    port: int, memory: Memory, collecting: Collecting
) -> None:
    settings = source(port, nodes=ONE, publish_every="20ms", timeout="500ms")
    collector = OpcuaCollector(settings, reconcile_s=0.1)
    async with compressor(port) as machine, collecting(collector, memory):
        await memory.until(lambda m: len(m.rows) == 1)
        for silence in (1, 2):
            subscription = subscription_of(machine)
            await subscription.stop()
            machine.server.iserver.subscription_service.subscriptions.clear()
            await memory.until(lambda m, rows=silence + 1: len(m.rows) == rows)
        await changed(machine, "temp", 3.0)
        await memory.until(lambda m: m.values("K-1.temp")[-1] == 3.0)


async def test_a_slow_server_has_as_long_to_show_life_as_to_answer(port: int) -> None:
    async with compressor(port), open_session(source(port, timeout="7s"), now_us) as session:
        assert session.client._watchdog_intervall == 7.0


def test_no_queue_of_the_latest_value_alone_can_be_asked_for() -> None:
    with pytest.raises(ValueError, match="greater than or equal to 1"):
        source(1, nodes=[{**ONE[0], "queue": 0}])


async def test_a_subscription_that_is_refused_once_is_a_loss_and_made_again(
    port: int, memory: Memory, collecting: Collecting
) -> None:
    collector = OpcuaCollector(source(port, nodes=ONE))
    async with compressor(port) as machine:
        service = machine.server.iserver
        allowed, service.max_subscriptions = service.max_subscriptions, 0
        async with collecting(collector, memory):
            await failed(collector)
            assert "BadTooManySubscriptions" in collector.health().part().message
            service.max_subscriptions = allowed
            await memory.until(lambda m: m.values("K-1.temp") == [20.0])


async def test_a_connection_that_the_client_takes_for_lost_is_closed(port: int) -> None:
    """asyncua closes no connection that its watch gave up: the server would keep it open."""
    async with compressor(port):
        async with open_session(source(port), now_us) as session:
            protocol = session.client.uaclient.protocol
            assert protocol is not None
            transport = protocol.transport
            assert transport is not None
            session.client.uaclient.notify_transport_lost()
        assert transport.is_closing()
