"""Finds the variables that browse paths name, level by level, each node browsed once."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from asyncua import ua
from asyncua.client.ua_session import UaSession
from asyncua.ua.object_ids import ObjectIds

from edge.opcua.items import portions
from edge.opcua.paths import match
from edge.opcua.source import OpcuaNode
from edge.opcua.status import is_gone

_OBJECTS = ua.NodeId(ua.Int32(ObjectIds.ObjectsFolder))
_ON_THE_WAY = ua.NodeClass.Object | ua.NodeClass.Variable

Children = list[ua.ReferenceDescription]


@dataclass(frozen=True, slots=True)
class Found:
    """A variable that a path led to, and what each `*` stood for on the way."""

    wanted: OpcuaNode
    node: ua.NodeId
    stands_for: tuple[str, ...]


@dataclass(slots=True)
class Finding:
    """All that was found; where it is not complete, what is missing may be there all the same."""

    found: list[Found] = field(default_factory=list)
    complete: bool = True


@dataclass(frozen=True, slots=True)
class _Step:
    """A node that was reached on the way of a path."""

    wanted: OpcuaNode
    node: ua.NodeId
    stands_for: tuple[str, ...]


async def find(session: UaSession, wanted: Sequence[OpcuaNode], limit: int) -> Finding:
    """Every variable that the paths of `wanted` lead to; at most `limit` nodes in one request."""
    finding = Finding()
    steps = [_Step(each, _OBJECTS, ()) for each in wanted]
    depth = 0
    while steps:
        nodes = list(dict.fromkeys(step.node for step in steps))
        children: dict[ua.NodeId, Children] = {}
        for some in portions(nodes, limit):
            children.update(await _children(session, some, finding))
        reached = [
            (step, reference, more)
            for step in steps
            for reference in children[step.node]
            if (more := match(_names(step)[depth], _name(reference))) is not None
        ]
        depth += 1
        steps = []
        for step, reference, more in reached:
            stands_for = (*step.stands_for, *more)
            node = _local(reference.NodeId)
            if len(_names(step)) > depth:
                steps.append(_Step(step.wanted, node, stands_for))
            elif reference.NodeClass == ua.NodeClass.Variable:
                finding.found.append(Found(step.wanted, node, stands_for))
    return finding


async def _children(
    session: UaSession, nodes: Sequence[ua.NodeId], finding: Finding
) -> dict[ua.NodeId, Children]:
    """What stands below each node; what the server does not tell makes the finding incomplete."""
    results = await session.browse(
        ua.BrowseParameters(NodesToBrowse=[_description(node) for node in nodes])
    )
    children: dict[ua.NodeId, Children] = {}
    for node, result in zip(nodes, results, strict=True):
        references = list(result.References or [])
        while result.ContinuationPoint:
            (result,) = await session.browse_next(_continue(result.ContinuationPoint))
            references += result.References or []
        if not result.StatusCode.is_good() and not is_gone(result.StatusCode.value):
            finding.complete = False
        children[node] = [each for each in references if not _elsewhere(each)]
    return children


def _description(node: ua.NodeId) -> ua.BrowseDescription:
    return ua.BrowseDescription(
        NodeId=node,
        BrowseDirection=ua.BrowseDirection.Forward,
        ReferenceTypeId=ua.NodeId(ua.Int32(ObjectIds.HierarchicalReferences)),
        NodeClassMask=ua.UInt32(_ON_THE_WAY),
        ResultMask=ua.UInt32(ua.BrowseResultMask.All),
    )


def _continue(point: bytes) -> ua.BrowseNextParameters:
    parameters = ua.BrowseNextParameters(ContinuationPoints=[ua.ContinuationPoint(point)])
    parameters.ReleaseContinuationPoints = False  # pyright: ignore[reportAttributeAccessIssue]
    return parameters


def _names(step: _Step) -> list[str]:
    return (step.wanted.browse or "").split("/")


def _name(reference: ua.ReferenceDescription) -> str:
    return str(reference.BrowseName.Name or "")


def _elsewhere(reference: ua.ReferenceDescription) -> bool:
    """Does the reference lead to another server?"""
    return bool(getattr(reference.NodeId, "ServerIndex", 0))


def _local(node: ua.NodeId) -> ua.NodeId:
    return ua.NodeId(node.Identifier, node.NamespaceIndex, node.NodeIdType)
