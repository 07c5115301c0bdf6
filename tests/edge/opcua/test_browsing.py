"""Nodes by browse path, and what becomes of nodes when a server changes or starts again."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from asyncua import Client, Server, ua
from asyncua.common.node import Node
from asyncua.server.address_space import ViewService

from edge.health import State
from edge.opcua.browsing import find
from edge.opcua.collector import OpcuaCollector
from edge.opcua.source import OpcuaNode
from edge.reading import Quality, Reason, quality_code
from tests.edge.memory import Collecting, Memory
from tests.edge.opcua.compressor import Compressor, compressor, failed, source, until

MISSING = quality_code(Quality.BAD, Reason.CONFIGURATION)
ALL = [{"browse": "Machines/*/Temperature", "tag": "{1}.temp"}]


def built(*names: str) -> Callable[[Server], Awaitable[None]]:
    """Prepares a server that has a folder with these machines."""

    async def prepare(server: Server) -> None:
        index = await server.get_namespace_index("urn:test:compressor")
        folder = await server.nodes.objects.add_folder(ua.NodeId("Machines", index), "Machines")
        for name in names:
            await add_machine(folder, index, name)

    return prepare


async def add_machine(folder: Node, index: int, name: str) -> Node:
    machine = await folder.add_object(ua.NodeId(name, index), f"{index}:{name}")
    node = ua.NodeId(f"{name}.T", index)
    return await machine.add_variable(node, f"{index}:Temperature", 20.0)


@asynccontextmanager
async def machines(port: int, *names: str, **more: Any) -> AsyncIterator[Compressor]:
    async with compressor(port, names=(), prepare=built(*names), **more) as server:
        yield server


def folder(machine: Compressor) -> Node:
    return machine.server.get_node(ua.NodeId("Machines", machine.index))


def variable(machine: Compressor, name: str) -> Node:
    return machine.server.get_node(ua.NodeId(f"{name}.T", machine.index))


async def test_a_path_with_a_star_reads_every_machine_and_those_that_come(
    port: int, memory: Memory, collecting: Collecting
) -> None:
    collector = OpcuaCollector(source(port, nodes=ALL), reconcile_s=0.1)
    async with machines(port, "P-1", "P-2") as server, collecting(collector, memory):
        await memory.until(lambda m: len(m.rows) == 2)
        assert {row[0] for row in memory.rows} == {"P-1.temp", "P-2.temp"}
        added = await add_machine(folder(server), server.index, "P-3")
        await memory.until(lambda m: m.values("P-3.temp") == [20.0])
        now = datetime.now(UTC)
        await added.write_value(ua.DataValue(ua.Variant(31.0), SourceTimestamp=now))
        await memory.until(lambda m: m.values("P-3.temp")[-1] == 31.0)
    assert len(memory.of("P-1.temp")) == 1


# asyncua's server forgets to await its own notice of a deletion, so it says nothing.
@pytest.mark.filterwarnings("ignore:coroutine .*datachange_callback:RuntimeWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_a_browsed_node_that_vanished_and_came_back(
    port: int, memory: Memory, collecting: Collecting
) -> None:
    collector = OpcuaCollector(source(port, nodes=ALL), reconcile_s=0.1)
    async with machines(port, "P-1", "P-2") as server, collecting(collector, memory):
        await memory.until(lambda m: len(m.rows) == 2)
        gone = server.server.get_node(ua.NodeId("P-2", server.index))
        await server.server.delete_nodes([gone], recursive=True)
        await memory.until(lambda m: m.of("P-2.temp")[-1][3] == MISSING)
        await add_machine(folder(server), server.index, "P-2")
        await memory.until(lambda m: m.values("P-2.temp")[-1] == 20.0)
    assert len(memory.of("P-2.temp")) == 3
    assert collector.health().lost_devices == set()


async def test_a_server_that_starts_again_with_a_node_missing(
    port: int, memory: Memory, collecting: Collecting
) -> None:
    collector = OpcuaCollector(source(port, nodes=ALL), reconcile_s=0.1)
    async with AsyncExitStack() as stack:
        async with machines(port, "P-1", "P-2"):
            await stack.enter_async_context(collecting(collector, memory))
            await memory.until(lambda m: len(m.rows) == 2)
        await failed(collector)
        async with machines(port, "P-1") as server:
            await memory.until(lambda m: m.of("P-2.temp")[-1][3] == MISSING)
            await memory.until(lambda m: len(m.of("P-1.temp")) == 2)
            await add_machine(folder(server), server.index, "P-2")
            await memory.until(lambda m: m.values("P-2.temp")[-1] == 20.0)
            assert collector.health().state is State.CONNECTED


async def test_a_server_that_starts_again_with_its_namespaces_in_another_order(
    port: int, memory: Memory, collecting: Collecting
) -> None:
    collector = OpcuaCollector(source(port, nodes=ALL), reconcile_s=0.1)
    async with AsyncExitStack() as stack:
        async with machines(port, "P-1"):
            await stack.enter_async_context(collecting(collector, memory))
            await memory.until(lambda m: len(m.rows) == 1)
        await failed(collector)
        async with machines(port, "P-1", other_namespaces=2) as server:
            await memory.until(lambda m: len(m.rows) == 2)
            value = ua.DataValue(ua.Variant(44.0), SourceTimestamp=datetime.now(UTC))
            await variable(server, "P-1").write_value(value)
            await memory.until(lambda m: m.values("P-1.temp")[-1] == 44.0)
    assert MISSING not in [row[3] for row in memory.rows]


async def test_a_subscription_that_cannot_be_made_again_is_tried_until_it_can(
    port: int, memory: Memory, collecting: Collecting
) -> None:
    collector = OpcuaCollector(source(port, nodes=ALL), reconcile_s=0.1)
    health = collector.health()
    async with AsyncExitStack() as stack:
        async with machines(port, "P-1"):
            await stack.enter_async_context(collecting(collector, memory))
            await memory.until(lambda m: len(m.rows) == 1)
        async with machines(port, "P-1") as server:
            server.server.iserver.max_subscriptions = 0
            await until(lambda: "BadTooManySubscriptions" in health.message)
            server.server.iserver.max_subscriptions = 10
            await memory.until(lambda m: len(m.rows) == 2, timeout=30)
            assert health.state is State.CONNECTED


async def test_a_path_that_leads_nowhere_is_told_until_it_leads_somewhere(
    port: int, memory: Memory, collecting: Collecting
) -> None:
    collector = OpcuaCollector(source(port, nodes=ALL), reconcile_s=0.1)
    health = collector.health()
    async with machines(port) as server, collecting(collector, memory):
        path = "browse Machines/*/Temperature"
        await until(lambda: health.lost_devices == {path})
        await add_machine(folder(server), server.index, "P-1")
        await memory.until(lambda m: len(m.rows) == 1)
    assert health.lost_devices == set()


async def test_what_is_news_holds_for_the_points_that_browsing_finds(
    port: int, memory: Memory, collecting: Collecting
) -> None:
    nodes = [{**ALL[0], "deadband": 0.5}]
    collector = OpcuaCollector(source(port, nodes=nodes))
    async with machines(port, "P-1"), collecting(collector, memory):
        await memory.until(lambda m: len(m.rows) == 1)
    assert collector.report_of("P-1.temp") is not None
    assert collector.report_of("P-2.temp") is None


async def test_names_that_give_no_tag_or_the_same_are_told_and_the_others_read(
    port: int, memory: Memory, collecting: Collecting
) -> None:
    nodes = [*ALL, {"browse": "Machines/P-1/Temperature", "tag": "P-1.temp"}]
    collector = OpcuaCollector(source(port, nodes=nodes), reconcile_s=0.1)
    async with machines(port, "P-1", "pump two"), collecting(collector, memory):
        await memory.until(lambda m: len(m.rows) == 1)
    notes = collector.health().notes
    assert "'pump two.temp' is not a tag" in notes["browse Machines/*/Temperature"]
    assert "P-1.temp is the tag of another" in notes["browse Machines/P-1/Temperature"]


async def test_what_a_server_cannot_tell_just_now_is_not_taken_for_gone(
    port: int, memory: Memory, collecting: Collecting, monkeypatch: pytest.MonkeyPatch
) -> None:
    browse = ViewService.browse
    rounds = 0

    def busy(service: ViewService, params: ua.BrowseParameters) -> list[ua.BrowseResult]:
        nonlocal rounds
        results = browse(service, params)
        if memory.rows:
            rounds += 1
            for result in results:
                result.References = []
                result.StatusCode = ua.StatusCode(ua.StatusCodes.BadServerTooBusy)
        return results

    monkeypatch.setattr(ViewService, "browse", busy)
    collector = OpcuaCollector(source(port, nodes=ALL), reconcile_s=0.05)
    async with machines(port, "P-1") as server, collecting(collector, memory):
        await memory.until(lambda m: len(m.rows) == 1)
        await until(lambda: rounds >= 3)
        value = ua.DataValue(ua.Variant(21.0), SourceTimestamp=datetime.now(UTC))
        await variable(server, "P-1").write_value(value)
        await memory.until(lambda m: m.values("P-1.temp")[-1] == 21.0)
    assert [row[3] for row in memory.rows] == [0, 0]


def everything(path: str = "**/Temperature", tag: str = "{1}.temp") -> OpcuaNode:
    return OpcuaNode.model_validate({"browse": path, "tag": tag})


async def test_any_depth_ends_where_folders_hold_each_other(port: int) -> None:
    async with (
        machines(port, "P-1", "P-2") as server,
        Client(f"opc.tcp://127.0.0.1:{port}/") as client,
    ):
        inner = await folder(server).add_folder(ua.NodeId("Inner", server.index), "Inner")
        await inner.add_reference(folder(server), ua.ObjectIds.HasComponent)
        finding = await find(client.uaclient.session, [everything()], 100)
    named = {each.stands_for for each in finding.found}
    assert named == {("Machines_P-1",), ("Machines_P-2",)}
    assert finding.complete


async def test_any_depth_passes_nothing_of_the_protocols_own(port: int) -> None:
    async with machines(port, "P-1") as server, Client(f"opc.tcp://127.0.0.1:{port}/") as client:
        await variable(server, "P-1").add_property(
            ua.NodeId("P-1.T.limit", server.index), f"{server.index}:Limit", 1.0
        )
        finding = await find(client.uaclient.session, [everything("**", "K-1.{1}")], 100)
    assert [each.stands_for for each in finding.found] == [("Machines_P-1_Temperature",)]


async def test_a_path_is_followed_to_so_many_nodes_and_the_others_to_their_end(port: int) -> None:
    wanted = [everything(), everything("Machines/*/Temperature")]
    async with machines(port, "P-1", "P-2"), Client(f"opc.tcp://127.0.0.1:{port}/") as client:
        finding = await find(client.uaclient.session, wanted, 100, most=2)
    assert finding.cut_short == {"**/Temperature"}
    assert not finding.complete
    assert {each.stands_for for each in finding.found if each.wanted is wanted[1]} == {
        ("P-1",),
        ("P-2",),
    }
