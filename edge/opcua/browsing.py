"""Finds the variables that browse paths name, level by level.

Below `**` a path goes to each node once, though folders may hold each other, and not into what the
protocol itself has on every server (the object Server, the properties of nodes).
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from asyncua import ua
from asyncua.client.ua_session import UaSession
from asyncua.ua.object_ids import ObjectIds

from edge.opcua.items import portions
from edge.opcua.paths import ANY_DEPTH, Place, leads_on, places_after, whole
from edge.opcua.source import OpcuaNode
from edge.opcua.status import is_gone

_OBJECTS = ua.NodeId(ua.Int32(ObjectIds.ObjectsFolder))
_ON_THE_WAY = ua.NodeClass.Object | ua.NodeClass.Variable
_HAS_PROPERTY = ua.NodeId(ua.Int32(ObjectIds.HasProperty))

MOST_NODES = 20_000
"""Most nodes below the `**` of one path."""

Children = list[ua.ReferenceDescription]


@dataclass(frozen=True, slots=True)
class Found:
    """A variable that a path led to, and what each wildcard stood for on the way."""

    wanted: OpcuaNode
    node: ua.NodeId
    stands_for: tuple[str, ...]


@dataclass(slots=True)
class Finding:
    """All that was found; where it is not complete, what is missing may be there all the same."""

    found: list[Found] = field(default_factory=list)
    complete: bool = True
    cut_short: set[str] = field(default_factory=set)
    """Paths with more nodes below their `**` than were gone to."""


@dataclass(frozen=True, slots=True)
class _Step:
    """A node that was reached on the way of a path."""

    wanted: OpcuaNode
    path: tuple[str, ...]
    node: ua.NodeId
    place: Place = field(default_factory=Place)


async def find(
    session: UaSession, wanted: Sequence[OpcuaNode], limit: int, *, most: int = MOST_NODES
) -> Finding:
    """Every variable that the paths of `wanted` lead to; at most `limit` nodes in one request.

    A path with `**` goes to `most` nodes below it, and says so where there are more.
    """
    finding = Finding()
    walk = _Walk(finding, most)
    steps = [_Step(each, tuple((each.browse or "").split("/")), _OBJECTS) for each in wanted]
    while steps:
        nodes = list(dict.fromkeys(step.node for step in steps))
        children: dict[ua.NodeId, Children] = {}
        for some in portions(nodes, limit):
            children.update(await _children(session, some, finding))
        steps = list(walk.down(steps, children))
    return finding


class _Walk:
    """Goes down one level at a time, and notes what is meant."""

    def __init__(self, finding: Finding, most: int) -> None:
        self._finding = finding
        self._most = most
        self._been: set[tuple[int, ua.NodeId, int]] = set()
        self._meant: set[tuple[int, ua.NodeId, tuple[str, ...]]] = set()
        self._below: Counter[int] = Counter()

    def down(
        self, steps: Sequence[_Step], children: Mapping[ua.NodeId, Children]
    ) -> Iterator[_Step]:
        """The steps from which paths lead on, one level below these."""
        for step in steps:
            for reference in children[step.node]:
                for place in places_after(step.path, step.place, _name(reference)):
                    yield from self._reach(step, reference, place)

    def _reach(
        self, step: _Step, reference: ua.ReferenceDescription, place: Place
    ) -> Iterator[_Step]:
        node = _local(reference.NodeId)
        if place.passed and not self._passes(step, reference, node, place):
            return
        stands_for = whole(step.path, place)
        if stands_for is not None and reference.NodeClass == ua.NodeClass.Variable:
            self._mean(step.path, Found(step.wanted, node, stands_for))
        if leads_on(step.path, place):
            yield _Step(step.wanted, step.path, node, place)

    def _passes(
        self, step: _Step, reference: ua.ReferenceDescription, node: ua.NodeId, place: Place
    ) -> bool:
        """Does `**` pass this node? Each once, none of the protocol's own, and no more than `most`."""
        been = id(step.wanted), node, place.at
        if been in self._been or not node.NamespaceIndex:
            return False
        if reference.ReferenceTypeId == _HAS_PROPERTY:
            return False
        if self._below[id(step.wanted)] >= self._most:
            self._finding.cut_short.add(step.wanted.browse or "")
            self._finding.complete = False
            return False
        self._below[id(step.wanted)] += 1
        self._been.add(been)
        return True

    def _mean(self, path: Sequence[str], found: Found) -> None:
        """A path with `**` may lead to a node by several ways: the shortest counts."""
        meant = id(found.wanted), found.node, () if ANY_DEPTH in path else found.stands_for
        if meant not in self._meant:
            self._meant.add(meant)
            self._finding.found.append(found)


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


def _name(reference: ua.ReferenceDescription) -> str:
    return str(reference.BrowseName.Name or "")


def _elsewhere(reference: ua.ReferenceDescription) -> bool:
    """Does the reference lead to another server?"""
    return bool(getattr(reference.NodeId, "ServerIndex", 0))


def _local(node: ua.NodeId) -> ua.NodeId:
    return ua.NodeId(node.Identifier, node.NamespaceIndex, node.NodeIdType)
