"""What a variable told while we did not watch it is filled from history, from the first moment on."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from asyncua import Server, ua
from asyncua.common.node import Node
from asyncua.ua.attribute_ids import AttributeIds

from config.clock import to_us
from edge.opcua.collector import OpcuaCollector
from edge.opcua.positions import Positions
from edge.reading import Quality, Reason, quality_code
from tests.edge.memory import Collecting, Memory
from tests.edge.opcua.compressor import URI, Compressor, compressor, source, until
from tests.edge.opcua.kept import Kept, value

# asyncua's server forgets to await its own notice of a deletion, so it says nothing.
pytestmark = [
    pytest.mark.filterwarnings("ignore:coroutine .*datachange_callback:RuntimeWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

MISSING = quality_code(Quality.BAD, Reason.CONFIGURATION)
ONE = [{"node": f"nsu={URI};s=temp", "tag": "K-1.temp"}]


class Machine:
    """A compressor whose `temp` writes its own history, also while nobody watches it."""

    def __init__(self, compressor: Compressor, history: Kept) -> None:
        self._compressor = compressor
        self._history = history
        self._id = ua.NodeId("temp", compressor.index)
        history._datachanges[self._id] = history.values
        compressor.server.iserver.history_manager.set_storage(history)

    async def add(self, present: ua.DataValue) -> None:
        machine = self._compressor.machine
        await _offer(await machine.add_variable(self._id, "temp", 0.0))
        await self.tell(present)

    async def delete(self) -> None:
        await self._compressor.server.delete_nodes([self._compressor.server.get_node(self._id)])

    async def tell(self, told: ua.DataValue) -> None:
        self.measure(told)
        await self._compressor.server.write_attribute_value(self._id, told)

    def measure(self, *unheard: ua.DataValue) -> None:
        """Keep values that no client is told."""
        self._history.values.extend(unheard)


async def _offer(node: Node) -> None:
    for level in (AttributeIds.AccessLevel, AttributeIds.UserAccessLevel):
        await node.set_attr_bit(level, ua.AccessLevel.HistoryRead)


async def _offered(server: Server) -> None:
    index = await server.get_namespace_index(URI)
    node = server.get_node(ua.NodeId("temp", index))
    await _offer(node)
    await node.write_value(value(1.0, datetime.now(UTC) - timedelta(seconds=20)))


def series(*numbers: float) -> list[ua.DataValue]:
    """Values of the last moments, a millisecond apart."""
    start = datetime.now(UTC) - timedelta(milliseconds=len(numbers))
    return [value(number, start + timedelta(milliseconds=n)) for n, number in enumerate(numbers)]


def good(memory: Memory) -> list[float]:
    return [number for _, _, number, quality in memory.of("K-1.temp") if quality == Quality.GOOD]


async def test_a_node_that_goes_and_comes_back_in_a_session_is_filled(
    port: int, memory: Memory, collecting: Collecting
) -> None:
    collector = OpcuaCollector(source(port, nodes=ONE), reconcile_s=0.1)
    async with compressor(port, prepare=_offered) as plant, collecting(collector, memory):
        machine = Machine(plant, Kept([], 10_000))
        await memory.until(lambda m: len(m.rows) == 1)
        await machine.tell(series(2.0)[0])
        await memory.until(lambda m: good(m) == [1.0, 2.0])
        await machine.delete()
        await memory.until(lambda m: m.rows[-1][3] == MISSING)
        *unheard, present = series(3.0, 4.0, 5.0)
        machine.measure(*unheard)
        await machine.add(present)
        await memory.until(lambda m: 5.0 in good(m))
        await machine.tell(series(6.0)[0])
        await memory.until(lambda m: 6.0 in good(m))
    assert good(memory) == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]


async def test_a_node_that_comes_later_than_its_session_is_filled_since_it_was_missed(
    port: int, memory: Memory, collecting: Collecting
) -> None:
    start = datetime.now(UTC)
    settings = source(port, nodes=ONE)
    # Its clock stands still, so that all that follows comes after its last look.
    collector = OpcuaCollector(settings, reconcile_s=0.1, clock=lambda: to_us(start))
    async with compressor(port, names=()) as plant, collecting(collector, memory):
        machine = Machine(plant, Kept([value(0.0, start - timedelta(hours=1))], 10_000))
        await memory.until(lambda m: m.rows != [])
        unheard = [value(float(n), start + timedelta(milliseconds=n)) for n in (1, 2)]
        machine.measure(*unheard)
        await machine.add(value(3.0, start + timedelta(milliseconds=3)))
        await memory.until(lambda m: 3.0 in good(m))
    assert memory.rows[0][3] == MISSING
    assert good(memory) == [1.0, 2.0, 3.0]


async def test_an_edge_killed_before_the_log_had_anything_fills_its_gap(
    port: int, memory: Memory, collecting: Collecting, tmp_path: Path
) -> None:
    positions, first = tmp_path / "positions.json", Memory()
    first.open.clear()
    async with compressor(port, prepare=_offered) as plant:
        machine = Machine(plant, Kept([], 10_000))
        start = series(2.0)[0]
        await machine.tell(start)
        task = asyncio.create_task(
            OpcuaCollector(source(port, nodes=ONE), positions=positions).run(first)
        )
        subscriptions = plant.server.iserver.subscription_service.subscriptions
        await until(
            lambda: any(each.monitored_item_srv._monitored_items for each in subscriptions.values())
        )
        assert Positions(positions).read() == {"K-1.temp": to_us(start.SourceTimestamp) - 1}
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        for each in series(3.0, 4.0, 5.0):
            await machine.tell(each)
        next_one = OpcuaCollector(source(port, nodes=ONE), positions=positions)
        async with collecting(next_one, memory):
            await memory.until(lambda m: 5.0 in good(m))
    assert not first.rows
    assert good(memory) == [2.0, 3.0, 4.0, 5.0]


async def test_the_position_of_a_node_that_is_away_is_kept(
    port: int, memory: Memory, collecting: Collecting, tmp_path: Path
) -> None:
    positions = tmp_path / "positions.json"
    Positions(positions).write({"K-1.temp": 5})
    nodes = [*ONE, {"node": f"nsu={URI};s=speed", "tag": "K-1.speed"}]
    collector = OpcuaCollector(source(port, nodes=nodes), positions=positions)
    async with compressor(port, names=("speed",)), collecting(collector, memory):
        await memory.until(lambda m: m.of("K-1.temp") != [] and m.of("K-1.speed") != [])
    assert Positions(positions).read() == {"K-1.temp": 5}


async def test_what_a_clock_that_is_off_told_is_not_told_again_by_history(
    port: int, memory: Memory, collecting: Collecting, tmp_path: Path
) -> None:
    positions = tmp_path / "positions.json"
    now = datetime.now(UTC)
    told = [value(float(n), now - timedelta(hours=3, milliseconds=-n)) for n in range(2, 6)]
    async with compressor(port, prepare=_offered) as plant:
        machine = Machine(plant, Kept([], 10_000))
        async with collecting(OpcuaCollector(source(port, nodes=ONE), positions=positions), memory):
            await memory.until(lambda m: len(m.rows) == 1)
            for each in told[:2]:
                await machine.tell(each)
            await memory.until(lambda m: m.values("K-1.temp")[-1] == 3.0)
            await until(
                lambda: Positions(positions).read() == {"K-1.temp": to_us(told[1].SourceTimestamp)}
            )
        machine.measure(told[2])
        await machine.tell(told[3])
        async with collecting(OpcuaCollector(source(port, nodes=ONE), positions=positions), memory):
            await memory.until(lambda m: m.values("K-1.temp")[-1] == 5.0)
    # The value that holds now may follow, with the time of now.
    assert memory.values("K-1.temp")[:5] == [1.0, 2.0, 3.0, 4.0, 5.0]
