"""The OPC UA collector against real servers: values, alarms, loss, return and missing nodes."""

import asyncio
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from asyncua import ua

from config.clock import now_us, to_us
from edge.errors import SourceLost
from edge.health import State
from edge.opcua.collector import OpcuaCollector
from edge.reading import Quality, Reason, quality_code
from tests.edge.memory import Collecting, Memory
from tests.edge.opcua.compressor import URI, compressor, failed, source

MACHINE = [{"node": f"nsu={URI};s=K-1", "asset": "K-1"}]
MISSING = quality_code(Quality.BAD, Reason.CONFIGURATION)


async def test_changes_arrive_with_the_time_of_the_source(
    port: int, memory: Memory, collecting: Collecting
) -> None:
    collector = OpcuaCollector(source(port))
    async with compressor(port) as machine, collecting(collector, memory):
        await memory.until(lambda m: len(m.rows) == 2)
        moment = datetime.now(UTC) - timedelta(seconds=3)
        await machine.write("temp", 21.5, SourceTimestamp=moment)
        await memory.until(lambda m: len(m.rows) == 3)
        assert collector.health().state is State.CONNECTED
    assert memory.rows[-1] == ("K-1.temp", to_us(moment), 21.5, 0)


async def test_every_change_between_two_publications_arrives(
    port: int, memory: Memory, collecting: Collecting
) -> None:
    async with compressor(port) as machine, collecting(OpcuaCollector(source(port)), memory):
        await memory.until(lambda m: len(m.rows) == 2)
        for n in range(50):
            await machine.write("temp", float(n), SourceTimestamp=datetime.now(UTC))
        await memory.until(lambda m: len(m.of("K-1.temp")) == 51)
    assert memory.values("K-1.temp")[1:] == [float(n) for n in range(50)]


@pytest.mark.parametrize(
    ("value", "status", "quality"),
    [
        (1.0, "UncertainLastUsableValue", quality_code(Quality.UNCERTAIN, Reason.STALE)),
        (1.0, "BadSensorFailure", quality_code(Quality.BAD, Reason.DEVICE)),
        (1.0, "BadNoCommunication", quality_code(Quality.BAD, Reason.COMMUNICATION)),
        (float("nan"), "Good", quality_code(Quality.BAD, Reason.DEVICE)),
    ],
)
async def test_status_codes_become_quality(
    port: int, memory: Memory, collecting: Collecting, value: float, status: str, quality: int
) -> None:
    code = ua.StatusCode(getattr(ua.StatusCodes, status))
    async with compressor(port) as machine, collecting(OpcuaCollector(source(port)), memory):
        await memory.until(lambda m: len(m.rows) == 2)
        now = datetime.now(UTC)
        await machine.write("temp", value, StatusCode=code, SourceTimestamp=now)
        await memory.until(lambda m: len(m.rows) == 3)
    assert memory.rows[-1][3] == quality


async def test_a_clock_that_is_off_gives_way_to_the_time_of_receipt(
    port: int, memory: Memory, collecting: Collecting
) -> None:
    async with compressor(port) as machine, collecting(OpcuaCollector(source(port)), memory):
        await memory.until(lambda m: len(m.rows) == 2)
        moment = datetime.now(UTC) - timedelta(hours=1)
        await machine.write("temp", 1.0, SourceTimestamp=moment)
        await memory.until(lambda m: len(m.rows) == 3)
    _, ts, _, quality = memory.rows[-1]
    assert quality == quality_code(Quality.UNCERTAIN, Reason.CLOCK)
    assert abs(ts - now_us()) < 5_000_000


async def test_a_value_that_has_long_stood_still_is_the_present_one(
    port: int, memory: Memory, collecting: Collecting
) -> None:
    async with compressor(port) as machine:
        moment = datetime.now(UTC) - timedelta(hours=1)
        await machine.write("temp", 7.0, SourceTimestamp=moment)
        async with collecting(OpcuaCollector(source(port)), memory):
            await memory.until(lambda m: len(m.rows) == 2)
    ((_, ts, value, quality),) = memory.of("K-1.temp")
    assert (value, quality) == (7.0, 0)
    assert abs(ts - now_us()) < 5_000_000


async def test_an_alarm_condition_becomes_a_sensor_alarm(
    port: int, memory: Memory, collecting: Collecting
) -> None:
    collector = OpcuaCollector(source(port, alarms=MACHINE))
    async with compressor(port) as machine, collecting(collector, memory):
        await memory.until(lambda m: len(m.rows) == 2)
        await machine.alarm(active=True)
        await memory.until(lambda m: len(m.alarms) == 1)
        await machine.alarm(active=False)
        await memory.until(lambda m: len(m.alarms) == 2)
    first, second = memory.alarms
    assert (first.asset, first.code, first.severity) == ("K-1", "HIGH_TEMP", 800)
    assert first.message == "hot bearing"
    assert (first.active, second.active) == (True, False)
    assert first.ts < second.ts


async def test_alarms_that_were_active_before_are_told_on_connecting(
    port: int, memory: Memory, collecting: Collecting
) -> None:
    alarms = [{"asset": "K-1"}]
    async with compressor(port) as machine:
        await machine.alarm(active=True, at_server=True)
        async with collecting(OpcuaCollector(source(port, alarms=alarms)), memory):
            await memory.until(lambda m: len(m.alarms) == 1)
    assert memory.alarms[0].active


async def test_an_alarm_that_cleared_while_nobody_listened_is_cleared_on_return(
    port: int, memory: Memory, collecting: Collecting
) -> None:
    settings = source(port, alarms=[{"asset": "K-1"}])
    async with AsyncExitStack() as stack:
        async with compressor(port) as machine:
            await stack.enter_async_context(collecting(OpcuaCollector(settings), memory))
            await memory.until(lambda m: len(m.rows) == 2)
            await machine.alarm(active=True, at_server=True)
            await memory.until(lambda m: len(m.alarms) == 1)
        async with compressor(port):
            await memory.until(lambda m: len(m.alarms) == 2)
    assert [alarm.active for alarm in memory.alarms] == [True, False]
    assert memory.alarms[1].code == "HIGH_TEMP"


async def test_a_server_that_goes_and_comes_back_with_other_namespace_indices(
    port: int, memory: Memory, collecting: Collecting
) -> None:
    collector = OpcuaCollector(source(port, alarms=MACHINE))
    async with AsyncExitStack() as stack:
        async with compressor(port):
            await stack.enter_async_context(collecting(collector, memory))
            await memory.until(lambda m: len(m.rows) == 2)
        await failed(collector)
        async with compressor(port, other_namespaces=3) as machine:
            await memory.until(lambda m: len(m.rows) >= 4)
            await machine.write("speed", 99.0, SourceTimestamp=datetime.now(UTC))
            await machine.alarm(active=True)
            await memory.until(lambda m: m.values("K-1.speed")[-1] == 99.0 and m.alarms != [])
            assert collector.health().state is State.CONNECTED


async def test_a_node_that_is_missing_is_told_once_and_found_when_it_returns(
    port: int, memory: Memory, collecting: Collecting
) -> None:
    collector = OpcuaCollector(source(port), reconcile_s=0.1)
    async with compressor(port, names=("temp",)) as machine, collecting(collector, memory):
        await memory.until(lambda m: len(m.rows) == 2)
        await asyncio.sleep(0.5)
        assert [row[3] for row in memory.of("K-1.speed")] == [MISSING]
        assert collector.health().lost_devices == {"K-1.speed"}
        await machine.machine.add_variable(ua.NodeId("speed", machine.index), "speed", 5.0)
        await memory.until(lambda m: m.values("K-1.speed")[-1] == 5.0)
        assert collector.health().lost_devices == set()


# asyncua's server forgets to await its own notice of a deletion, so it says nothing.
@pytest.mark.filterwarnings("ignore:coroutine .*datachange_callback:RuntimeWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_a_node_that_is_deleted_is_found_when_it_returns(
    port: int, memory: Memory, collecting: Collecting
) -> None:
    collector = OpcuaCollector(source(port), reconcile_s=0.1)
    async with compressor(port) as machine, collecting(collector, memory):
        await memory.until(lambda m: len(m.rows) == 2)
        await machine.server.delete_nodes([machine.nodes["speed"]])
        await memory.until(lambda m: m.rows[-1][3] == MISSING)
        await machine.machine.add_variable(ua.NodeId("speed", machine.index), "speed", 5.0)
        await memory.until(lambda m: m.values("K-1.speed")[-1] == 5.0)


async def test_nothing_is_acknowledged_before_the_sink_has_it(
    port: int, memory: Memory, collecting: Collecting
) -> None:
    async with compressor(port) as machine, collecting(OpcuaCollector(source(port)), memory):
        await memory.until(lambda m: len(m.rows) == 2)
        memory.open.clear()
        for n in range(5):
            await machine.write("temp", float(n), SourceTimestamp=datetime.now(UTC))
            await asyncio.sleep(0.1)
        (subscription,) = machine.server.iserver.subscription_service.subscriptions.values()
        held = len(subscription._not_acknowledged_results)
        assert held >= 1
        memory.open.set()
        await memory.until(lambda m: m.values("K-1.temp")[-1] == 4.0)
        await asyncio.sleep(0.3)
        assert len(subscription._not_acknowledged_results) < held
    assert memory.values("K-1.temp")[1:] == [0.0, 1.0, 2.0, 3.0, 4.0]


async def test_a_dead_server_at_the_start_is_a_loss(port: int, memory: Memory) -> None:
    with pytest.raises(SourceLost, match="no session"):
        await OpcuaCollector(source(port)).run(memory)


async def test_what_the_sink_refuses_ends_the_run(port: int) -> None:
    class Broken(Memory):
        async def put(self, *_: Any) -> None:
            raise ValueError("cannot be written")

    async with compressor(port):
        with pytest.raises(ValueError, match="cannot be written"):
            await OpcuaCollector(source(port), reconcile_s=0.1).run(Broken())
