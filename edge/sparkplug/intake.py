"""Takes the metrics of messages as readings of points, and tells when points are out of reach."""

import math
from collections.abc import Iterable
from dataclasses import replace

from edge.errors import PayloadError
from edge.sparkplug.node import Arrival, Definition, EdgeNode, Metrics, Point
from edge.sparkplug.outcome import Counts, Outcome
from edge.sparkplug.payload import BD_SEQ, NUMERIC, Metric, datatype_of
from edge.sparkplug.quality import OUT_OF_REACH
from edge.sparkplug.reading import Clock, reading
from edge.sparkplug.tags import TagRule
from edge.sparkplug.topic import MessageType, NodeId

_NOT_MEASURED = ("Node Control/", "Device Control/")
_BIRTHS = frozenset({MessageType.NBIRTH, MessageType.DBIRTH})


class Intake:
    """The way from metrics to readings; each tag belongs to one metric."""

    def __init__(self, tags: TagRule, *, clock: Clock, counts: Counts) -> None:
        self._tags = tags
        self._clock = clock
        self._counts = counts
        self._owners: dict[str, tuple[NodeId, str, str]] = {}

    def take(
        self, node: EdgeNode, arrival: Arrival, metrics: Metrics, outcome: Outcome
    ) -> list[Metric]:
        """Take every metric that `metrics` or itself tells about; returns the others."""
        unknown = []
        for metric in arrival.payload.metrics:
            known = metrics.find(metric) or _self_described(metric)
            if known is None:
                unknown.append(metric)
            else:
                self._take(node, arrival, metric, known, outcome)
        return unknown

    def take_named(
        self, node: EdgeNode, arrival: Arrival, metrics: Metrics, outcome: Outcome
    ) -> Arrival:
        """Take the metrics that come with their name, whatever was missed; returns the rest."""
        names = Metrics(by_name=metrics.by_name)
        rest = tuple(self.take(node, arrival, names, outcome))
        return replace(arrival, payload=replace(arrival.payload, metrics=rest))

    def leave_out(self, arrivals: Iterable[Arrival]) -> None:
        """Count what cannot be told any more."""
        self._counts.unresolved += sum(len(each.payload.metrics) for each in arrivals)

    def lose(self, points: Iterable[Point], at_us: int, outcome: Outcome) -> None:
        """Say of points that they are out of reach, after their last reading in any case."""
        for point in points:
            if not point.lost:
                outcome.rows.append((point.tag, point.lose(at_us), math.nan, OUT_OF_REACH))

    def _take(
        self,
        node: EdgeNode,
        arrival: Arrival,
        metric: Metric,
        known: Definition,
        outcome: Outcome,
    ) -> None:
        if known.name == BD_SEQ or known.name.startswith(_NOT_MEASURED):
            return
        datatype = datatype_of(metric) or known.datatype
        if metric.is_transient or datatype not in NUMERIC:
            self._counts.skipped += 1
            return
        point = self._point(node, arrival.topic.device, known.name, outcome)
        if point is None:
            self._counts.rejected += 1
            return
        birth = arrival.topic.kind in _BIRTHS
        moment = self._clock.measured(metric, arrival, birth=birth)
        row = reading(metric, datatype, point, arrival, moment)
        if row is None:
            self._counts.skipped += 1
        else:
            outcome.rows.append(row)

    def _point(self, node: EdgeNode, device: str, name: str, outcome: Outcome) -> Point | None:
        """The metric's point; None, told once, where it cannot have one."""
        key = device, name
        if key not in node.points:
            try:
                node.points[key] = Point(self._tag(node.key, device, name))
            except PayloadError as error:
                node.points[key] = None
                outcome.problems.append((str(node.key), str(error)))
        return node.points[key]

    def _tag(self, node: NodeId, device: str, name: str) -> str:
        tag = self._tags.tag(node, device, name)
        owner = self._owners.setdefault(tag, (node, device, name))
        if owner != (node, device, name):
            who = owner[1] or owner[0]
            raise PayloadError(f"{tag} of {name!r} is already {owner[2]!r} of {who}")
        return tag


def _self_described(metric: Metric) -> Definition | None:
    """What a metric says of itself, if it has its name and a type."""
    datatype = datatype_of(metric)
    return Definition(metric.name, datatype) if metric.name and datatype else None
