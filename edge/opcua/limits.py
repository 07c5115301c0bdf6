"""How many nodes a server takes in one request (OPC UA Part 5, 6.3.11)."""

from dataclasses import dataclass

from asyncua import ua
from asyncua.client.ua_session import UaSession
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.object_ids import ObjectIds

_NODES = (
    ObjectIds.Server_ServerCapabilities_OperationLimits_MaxNodesPerRead,
    ObjectIds.Server_ServerCapabilities_OperationLimits_MaxMonitoredItemsPerCall,
    ObjectIds.Server_ServerCapabilities_OperationLimits_MaxNodesPerTranslateBrowsePathsToNodeIds,
    ObjectIds.Server_ServerCapabilities_OperationLimits_MaxNodesPerBrowse,
)


@dataclass(frozen=True, slots=True)
class Limits:
    """Most nodes in one request, by its kind."""

    read: int
    items: int
    translate: int
    browse: int


async def limits_of(session: UaSession, most: int) -> Limits:
    """The server's limits, or `most` where that is less or the server names none."""
    nodes = [ua.NodeId(ua.Int32(node)) for node in _NODES]
    # One by one: a server may take no more than that.
    found = [await session.read_attributes([node], AttributeIds.Value) for node in nodes]
    return Limits(*(_limit(values[0], most) for values in found))


def _limit(value: ua.DataValue, most: int) -> int:
    """Zero, a bad status and what is no number all mean that the server names no limit."""
    limit = value.Value.Value if value.Value is not None else None
    return min(limit, most) if isinstance(limit, int) and limit > 0 else most
