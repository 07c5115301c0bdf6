"""Fills the gap of an outage from the server's own history, before live changes go on.

Only what was lost since the edge last stored a reading of a node is asked for. That time is kept in
memory, and over a restart of the edge in a file (`edge.opcua.positions`).
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from asyncua import ua
from asyncua.client.ua_session import UaSession
from asyncua.ua.attribute_ids import AttributeIds

from config.clock import from_us
from edge.opcua.items import Item
from edge.opcua.status import is_gone, quality_of
from edge.opcua.values import number_of, us_of

_PAGE = 5_000

Row = tuple[str, int, float, int]
"""(tag, ts in µs, value, quality byte)"""


@dataclass(slots=True)
class Stored:
    """The source's time, believed or not, of the last reading of each tag that the log has."""

    last_us: dict[str, int] = field(default_factory=dict)
    kept: set[str] = field(default_factory=set)
    """The tags whose history the server keeps."""

    @classmethod
    def after(cls, positions: Mapping[str, int]) -> Self:
        """What an earlier process had stored."""
        return cls(dict(positions), set(positions))

    @property
    def positions(self) -> dict[str, int]:
        """How far the histories that there are have been stored."""
        return {tag: self.last_us[tag] for tag in self.kept & self.last_us.keys()}


class Overlap:
    """Keeps live changes from being put again that history has told already.

    Only by their very times: a time in the future that history holds says nothing of what follows.
    """

    def __init__(self) -> None:
        self._told: dict[str, set[int]] = {}

    def __len__(self) -> int:
        """How many tags have told nothing new since."""
        return len(self._told)

    def told(self, tag: str, times: Iterable[int]) -> None:
        """History has told these of a tag last."""
        self._told[tag] = set(times)

    def is_new(self, tag: str, ts: int) -> bool:
        """Is a live change news? As soon as one is, all that follow are."""
        if ts in self._told.get(tag, ()):
            return False
        self._told.pop(tag, None)
        return True


async def offers(session: UaSession, items: Sequence[Item]) -> list[bool | None]:
    """Whether the server lets us read the history of each variable; None where it lacks that one."""
    nodes = [item.node for item in items if item.node is not None]
    levels = await session.read_attributes(nodes, AttributeIds.UserAccessLevel)
    return [None if _lacking(level) else _readable(level) for level in levels]


async def pages(
    session: UaSession, item: Item, *, start_us: int, end_us: int
) -> AsyncIterator[list[Row]]:
    """What the server kept of a variable from `start_us` to `end_us`, in time order.

    Raises `UaStatusCodeError` where it cannot tell.
    """
    point: bytes | None = None
    while True:
        result = await _read(session, item, (start_us, end_us), point)
        values = getattr(result.HistoryData, "DataValues", None) or []
        rows = rows_of(item.name, values, from_us=start_us)
        if rows:
            yield rows
            start_us = rows[-1][1] + 1
        if not rows or (not result.ContinuationPoint and len(values) < _PAGE):
            return
        # A full page without a point to go on from: some servers count, but do not remember.
        point = result.ContinuationPoint or None


def rows_of(tag: str, values: Sequence[ua.DataValue], *, from_us: int) -> list[Row]:
    """The readings in a page of history, in time order, each time once."""
    rows: dict[int, Row] = {}
    for data in values:
        ts = us_of(data.SourceTimestamp) or us_of(data.ServerTimestamp)
        if ts is None or ts < from_us:
            continue
        status = data.StatusCode.value if data.StatusCode is not None else 0
        variant = data.Value.Value if data.Value is not None else None
        rows[ts] = (tag, ts, *number_of(variant, quality_of(status)))
    return [rows[ts] for ts in sorted(rows)]


async def _read(
    session: UaSession, item: Item, between: tuple[int, int], point: bytes | None
) -> ua.HistoryReadResult:
    details = ua.ReadRawModifiedDetails(
        StartTime=from_us(between[0]),
        EndTime=from_us(between[1]),
        NumValuesPerNode=ua.Counter(_PAGE),
    )
    parameters = ua.HistoryReadParameters(
        HistoryReadDetails=details,
        TimestampsToReturn=ua.TimestampsToReturn.Both,
        NodesToRead=[ua.HistoryReadValueId(NodeId=item.node, ContinuationPoint=point)],
    )
    # asyncua's flags are made with a type of their own, which nothing is.
    for holder, flag in (
        (details, "IsReadModified"),
        (details, "ReturnBounds"),
        (parameters, "ReleaseContinuationPoints"),
    ):
        setattr(holder, flag, False)
    (result,) = await session.history_read(parameters)
    result.StatusCode.check()
    return result


def _lacking(level: ua.DataValue) -> bool:
    return level.StatusCode is not None and is_gone(level.StatusCode.value)


def _readable(level: ua.DataValue) -> bool:
    bits = level.Value.Value if level.Value is not None else None
    return isinstance(bits, int) and bool(bits & (1 << ua.AccessLevel.HistoryRead))
