"""A compressor's OPC UA server, and the source that reads it, for the tests of this folder."""

import asyncio
import copy
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, ClassVar

from asyncua import Server, ua
from asyncua.common.node import Node
from asyncua.server.address_space import NodeData
from asyncua.server.internal_server import InternalServer

from edge.health import State
from edge.opcua.collector import OpcuaCollector
from edge.opcua.source import OpcuaSource

URI = "urn:test:compressor"


class CopiedNodes(dict[ua.NodeId, NodeData]):
    """Nodes of another server, each copied when it is first asked for."""

    def __init__(self, made: Mapping[ua.NodeId, NodeData]) -> None:
        super().__init__(made)
        self._own: set[ua.NodeId] = set()

    def __getitem__(self, node: ua.NodeId) -> NodeData:
        if node not in self._own:
            data = super().__getitem__(node)
            copied = copy.copy(data)
            copied.attributes = {name: copy.copy(held) for name, held in data.attributes.items()}
            copied.references = data.references.copy()
            self[node] = copied
        return super().__getitem__(node)

    def __setitem__(self, node: ua.NodeId, data: NodeData) -> None:
        self._own.add(node)
        super().__setitem__(node, data)

    def get(self, node: ua.NodeId, default: Any = None) -> Any:
        try:
            return self[node]
        except KeyError:
            return default


class QuickServer(InternalServer):
    """A server that copies OPC UA's own nodes from the first one; to make them takes a second."""

    _made: ClassVar[dict[ua.NodeId, NodeData]] = {}

    async def load_standard_address_space(self, shelf_file: Path | None = None) -> None:
        if not self._made:
            await super().load_standard_address_space(shelf_file)
            self._made.update(self.aspace._nodes)
        self.aspace._nodes = CopiedNodes(self._made)


class Compressor:
    """An OPC UA server with a few variables and an alarm."""

    def __init__(self, server: Server, index: int, nodes: dict[str, Node], machine: Node) -> None:
        self.server = server
        self.index = index
        self.nodes = nodes
        self.machine = machine

    async def alarm(self, *, active: bool, at_server: bool = False) -> None:
        """Notify of the compressor's condition, at its own object or at the server's."""
        emitter = self.server.nodes.server if at_server else self.machine
        generator = await self.server.get_event_generator(ua.ObjectIds.AlarmConditionType, emitter)
        event = generator.event
        event.add_property("ConditionName", "HIGH_TEMP", ua.VariantType.String)
        event.add_property("ActiveState/Id", active, ua.VariantType.Boolean)
        event.add_property("Retain", active, ua.VariantType.Boolean)
        event.Severity = 800
        await generator.trigger(message="hot\nbearing")

    async def write(self, name: str, value: Any, **more: Any) -> None:
        await self.nodes[name].write_value(ua.DataValue(ua.Variant(value), **more))


@asynccontextmanager
async def compressor(
    port: int,
    names: tuple[str, ...] = ("temp", "speed"),
    other_namespaces: int = 0,
    prepare: Callable[[Server], Awaitable[None]] | None = None,
) -> AsyncIterator[Compressor]:
    """A server until the end of the block; it ends without a word to its clients."""
    server = Server(iserver=QuickServer())
    # Without it the server offers no ConditionRefresh.
    server.iserver.bind_condition_methods = 1
    # Nobody here asks for the server's time, and without it the server stops at once.
    server.disable_clock()
    await server.init()
    server.set_endpoint(f"opc.tcp://127.0.0.1:{port}/")
    for n in range(other_namespaces):
        await server.register_namespace(f"urn:other:{n}")
    index = await server.register_namespace(URI)
    machine = await server.nodes.objects.add_object(ua.NodeId("K-1", index), "K-1")
    await machine.set_event_notifier([ua.EventNotifier.SubscribeToEvents])
    nodes = {name: await machine.add_variable(ua.NodeId(name, index), name, 20.0) for name in names}
    if prepare is not None:
        await prepare(server)
    await server.start()
    try:
        yield Compressor(server, index, nodes, machine)
    finally:
        await server.stop()


def source(port: int, **more: Any) -> OpcuaSource:
    return OpcuaSource.model_validate(
        {
            "type": "opcua",
            "name": "press",
            "connect": f"opc.tcp://127.0.0.1:{port}/",
            "publish_every": "50ms",
            "timeout": "1s",
            "nodes": [
                {"node": f"nsu={URI};s={name}", "tag": f"K-1.{name}"} for name in ("temp", "speed")
            ],
            **more,
        }
    )


async def until(holds: Callable[[], bool]) -> None:
    """Wait for what nobody tells."""
    async with asyncio.timeout(20):
        while not holds():  # noqa: ASYNC110 - told to nobody
            await asyncio.sleep(0.01)


async def failed(collector: OpcuaCollector) -> None:
    await until(lambda: collector.health().state is State.FAILED)
