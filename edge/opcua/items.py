"""The nodes that a source wants, and which of them the server watches. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from asyncua import ua

from edge.opcua.source import OpcuaAlarms, OpcuaSource, Watched

ItemT = TypeVar("ItemT")


@dataclass(slots=True)
class Item:
    """A node that is wanted, and whether the server watches it for us."""

    name: str
    """The tag of a variable; of alarms, a name for people."""
    handle: int
    wanted: Watched | OpcuaAlarms
    text: str = ""
    """The node as the file names it; empty where browsing finds it."""
    node: ua.NodeId | None = None
    watched: bool = False
    problem: str = ""
    told: bool = False
    """Has the server told its present value in this session?"""
    server_id: int | None = None
    queue: int = 0
    """Notifications that the server keeps of it, as it says itself."""

    @property
    def is_variable(self) -> bool:
        """Is it a variable, whose name is a tag?"""
        return isinstance(self.wanted, Watched)


class Items:
    """All of them, each with the handle by which the server's notifications name it."""

    def __init__(self, source: OpcuaSource) -> None:
        self._items: list[Item] = []
        self._by_tag: dict[str, Item] = {}
        self._variables: list[bool] = []
        for node in source.nodes:
            if node.node is not None:
                self._add(node.tag, node).text = node.node
        for alarms in source.alarms:
            self._add(f"{alarms.asset} alarms", alarms).text = alarms.node

    def __iter__(self) -> Iterator[Item]:
        return iter(self._items)

    def __getitem__(self, handle: int) -> Item:
        return self._items[handle]

    def are_variables(self, handles: npt.NDArray[np.uint32]) -> npt.NDArray[np.bool_]:
        """Which handles are those of variables."""
        variables = np.array([*self._variables, False], np.bool_)
        return variables[np.minimum(handles, len(self._variables))]

    def alarms(self, handle: int) -> OpcuaAlarms | None:
        """The alarms of a handle, or None."""
        item = self._items[handle] if 0 <= handle < len(self._items) else None
        return item.wanted if item is not None and isinstance(item.wanted, OpcuaAlarms) else None

    def browsed(self) -> list[Item]:
        """The variables that browsing found, now or before."""
        return [item for item in self._items if item.is_variable and not item.text]

    def find(self, tag: str, node: ua.NodeId, wanted: Watched) -> Item | None:
        """Browsing found a node for a tag. Gives the item, or None where another has the tag."""
        item = self._by_tag.get(tag) or self._add(tag, wanted)
        if item.text or item.wanted is not wanted:
            return None
        if item.node != node:
            item.node, item.watched = node, False
        return item

    def remember(self, tag: str, wanted: Watched) -> None:
        """Browsing found a tag in an earlier session: it is wanted in this one too."""
        self._add(tag, wanted)

    def _add(self, name: str, wanted: Watched | OpcuaAlarms) -> Item:
        item = Item(name, len(self._items), wanted)
        self._items.append(item)
        self._variables.append(item.is_variable)
        if item.is_variable:
            self._by_tag[name] = item
        return item


def portions(items: Sequence[ItemT], size: int) -> Iterator[Sequence[ItemT]]:
    """The items in portions that a server takes at once."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def node_id(text: str, namespaces: Sequence[str]) -> ua.NodeId | None:
    """The node that `nsu=<uri>;<identifier>` names, or None where the server lacks the namespace."""
    index = 0
    if text.startswith("nsu="):
        uri, _, text = text.removeprefix("nsu=").partition(";")
        if uri not in namespaces:
            return None
        index = namespaces.index(uri)
    return ua.NodeId.from_string(f"ns={index};{text}")
