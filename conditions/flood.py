"""Open events in groups: what one fault may have caused, with the event that came first. Pure.

An event belongs with another one if they began within ten minutes of each other, and one's asset is
above the other's or both are parts of the same asset. What hangs together in this way, over any
number of steps, is a group.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from conditions.event import ConditionEvent
from conditions.silence import Place

TOGETHER = timedelta(minutes=10)
_FLOOD = 10


@dataclass(frozen=True, slots=True)
class EventGroup:
    """Events that may have one cause, in the order of their onset.

    `cause` is the candidate: the first one, of several at once the one that stands highest.
    """

    asset: str
    """What all of them are part of."""
    cause: ConditionEvent
    events: Sequence[ConditionEvent]

    @property
    def flood(self) -> bool:
        """Are they more than ten?"""
        return len(self.events) > _FLOOD

    @property
    def failure_modes(self) -> Mapping[str, int]:
        """How many events there are of each failure mode, the most frequent first."""
        return dict(Counter(event.failure_mode for event in self.events).most_common())


def group(
    events: Iterable[ConditionEvent],
    places: Mapping[int, Place],
    *,
    together: timedelta = TOGETHER,
) -> list[EventGroup]:
    """All events in groups, the largest first; an event without others is a group of its own."""
    depth = {number: len(list(_above(number, places))) for number in places}
    ordered = sorted(
        events, key=lambda event: (event.onset, depth.get(event.asset_id, 0), -event.severity)
    )
    groups: list[list[ConditionEvent]] = []
    for unit in _units(ordered, places).values():
        groups.extend(_bursts(unit, together))
    groups.sort(key=lambda found: (-len(found), found[0].onset))
    return [EventGroup(_shared(found, places), found[0], found) for found in groups]


def _units(
    ordered: Sequence[ConditionEvent], places: Mapping[int, Place]
) -> dict[int, list[ConditionEvent]]:
    """Events by the highest asset of an unbroken line of assets that concern each other.

    An asset's line goes up as long as the asset above it has an event itself, or two parts with one.
    """
    own = {event.asset_id for event in ordered}
    parents = Counter(_parent(asset_id, places) for asset_id in own)
    units: dict[int, list[ConditionEvent]] = {}
    for event in ordered:
        top = event.asset_id
        for above in _above(event.asset_id, places):
            if above in own or parents[above] > 1:
                top = above
        units.setdefault(top, []).append(event)
    return units


def _bursts(
    ordered: Sequence[ConditionEvent], together: timedelta
) -> Iterator[list[ConditionEvent]]:
    """Events in the order of their onset, parted where more time lies between two of them."""
    burst: list[ConditionEvent] = []
    for event in ordered:
        if burst and event.onset - burst[-1].onset > together:
            yield burst
            burst = []
        burst.append(event)
    if burst:
        yield burst


def _shared(found: Sequence[ConditionEvent], places: Mapping[int, Place]) -> str:
    """Tag of the lowest asset that every event's asset is, or is part of."""
    lines = [[event.asset_id, *_above(event.asset_id, places)] for event in found]
    common = set(lines[0]).intersection(*lines[1:])
    lowest = next((asset_id for asset_id in lines[0] if asset_id in common), None)
    place = places.get(lowest) if lowest is not None else None
    return place.tag if place else found[0].asset


def _parent(asset_id: int, places: Mapping[int, Place]) -> int | None:
    place = places.get(asset_id)
    return place.parent_id if place else None


def _above(asset_id: int, places: Mapping[int, Place]) -> Iterator[int]:
    """The assets above one, the nearest first; a circle ends where it closes."""
    seen = {asset_id}
    above = _parent(asset_id, places)
    while above is not None and above not in seen:
        yield above
        seen.add(above)
        above = _parent(above, places)
