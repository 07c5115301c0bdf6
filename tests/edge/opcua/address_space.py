"""Address spaces of the cases, as their `space.yaml` describes them, on one server for all of them."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from asyncua import Server, ua
from asyncua.common.node import Node

from edge.opcua.items import node_id
from tests.edge.opcua.compressor import QuickServer

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
"""The time of receipt of every case."""

_NOTHING = ua.Variant(None, ua.VariantType.Null)
# Of a variable of this abstract type asyncua takes whatever is written first.
_ANY = ua.NodeId(ua.Int32(ua.ObjectIds.Number))

Described = Mapping[str, Any]


class Space:
    """The nodes of one case on the server that all cases share."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._made: dict[str, Node] = {}

    async def add(self, described: Described) -> None:
        """Add a node by path (`at`), by its id (`node`) or both; it is a variable if it has a value."""
        path = described.get("at") or described["node"].rpartition(";")[2].partition("=")[2]
        *folders, name = path.split("/")
        parent = await self._folder(folders)
        node = await self._id(described.get("node") or f"nsu=urn:cases;s={path}")
        browse_name = ua.QualifiedName(name, node.NamespaceIndex)
        if described.keys() & {"value", "status"}:
            made = await parent.add_variable(node, browse_name, _NOTHING, datatype=_ANY)
            await made.write_value(data_value(described))
        else:
            made = await parent.add_object(node, browse_name)
            await made.set_event_notifier([ua.EventNotifier.SubscribeToEvents])
        self._made[described.get("at") or described["node"]] = made

    async def change(self, described: Described) -> None:
        """Write what a variable (`of`) changes to."""
        await self._made[described["of"]].write_value(data_value(described))

    async def notify(self, described: Described) -> None:
        """Notify of a condition, or of an event that is none, from an object (`of`)."""
        kind = getattr(ua.ObjectIds, described.get("type", "AlarmConditionType"))
        generator = await self._server.get_event_generator(kind, self._made[described["of"]])
        event = generator.event
        if "condition" in described:
            event.add_property("ConditionName", described["condition"], ua.VariantType.String)
        if "active" in described:
            event.add_property("ActiveState/Id", described["active"], ua.VariantType.Boolean)
        if "acknowledged" in described:
            seen = described["acknowledged"]
            event.add_property("AckedState/Id", seen, ua.VariantType.Boolean)
        event.Severity = described.get("severity", 500)
        await generator.trigger(moment(described["time"]), described.get("message", ""))

    async def clear(self) -> None:
        """Take the case's nodes away again."""
        await self._server.delete_nodes([*self._made.values()], recursive=True)

    async def _folder(self, names: Sequence[str]) -> Node:
        folder, path = self._server.nodes.objects, ""
        for name in names:
            path = f"{path}/{name}".lstrip("/")
            if path not in self._made:
                node = await self._id(f"nsu=urn:cases;s={path}")
                browse_name = ua.QualifiedName(name, node.NamespaceIndex)
                self._made[path] = await folder.add_folder(node, browse_name)
            folder = self._made[path]
        return folder

    async def _id(self, text: str) -> ua.NodeId:
        if text.startswith("nsu="):
            await self._server.register_namespace(text.removeprefix("nsu=").partition(";")[0])
        found = node_id(text, await self._server.get_namespace_array())
        assert found is not None
        return found


def data_value(described: Described) -> ua.DataValue:
    """The value with its type, status and times, each where it is described."""
    kind = described.get("type")
    variant = ua.Variant(described.get("value"), ua.VariantType[kind] if kind else None)
    status = getattr(ua.StatusCodes, described.get("status", "Good"))
    return ua.DataValue(
        variant,
        StatusCode=ua.StatusCode(ua.UInt32(status)),
        SourceTimestamp=moment(described.get("source")),
        ServerTimestamp=moment(described.get("server")),
    )


def moment(seconds: float | None) -> datetime | None:
    """The time so many seconds after the time of receipt."""
    return None if seconds is None else START + timedelta(seconds=seconds)


@asynccontextmanager
async def serving(port: int) -> AsyncIterator[Server]:
    """A server without nodes of its own, until the end of the block."""
    server = Server(iserver=QuickServer())
    server.disable_clock()
    await server.init()
    server.set_force_server_timestamp(False)
    server.set_endpoint(f"opc.tcp://127.0.0.1:{port}/")
    await server.start()
    try:
        yield server
    finally:
        await server.stop()
