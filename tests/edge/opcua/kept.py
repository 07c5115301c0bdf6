"""A history that a server keeps for the tests, whoever is connected."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from asyncua import Server, ua
from asyncua.server.history import HistoryDict


def value(number: float, moment: datetime, **more: Any) -> ua.DataValue:
    return ua.DataValue(ua.Variant(number), SourceTimestamp=moment, **more)


class Kept(HistoryDict):
    """A history that was kept while nobody was connected, told in pages of `page`."""

    def __init__(self, values: list[ua.DataValue], page: int) -> None:
        super().__init__(page)
        self.values = values
        self.reads = 0

    async def new_historized_node(self, node_id: ua.NodeId, *_: Any) -> None:
        self._datachanges[node_id] = self.values
        self._datachanges_period[node_id] = None, 0

    async def save_node_value(self, node_id: ua.NodeId, datavalue: ua.DataValue) -> None:
        if not self.values or datavalue.SourceTimestamp > self.values[-1].SourceTimestamp:
            self.values.append(datavalue)

    async def read_node_history(self, *arguments: Any) -> Any:
        self.reads += 1
        return await super().read_node_history(*arguments)


def keeping(history: HistoryDict) -> Callable[[Server], Awaitable[None]]:
    """Prepares a server that keeps the history of `temp`."""

    async def prepare(server: Server) -> None:
        server.iserver.history_manager.set_storage(history)
        index = await server.get_namespace_index("urn:test:compressor")
        node = server.get_node(ua.NodeId("temp", index))
        await server.iserver.enable_history_data_change(node, period=None)

    return prepare
