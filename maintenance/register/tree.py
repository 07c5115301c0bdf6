"""Trees of things that name what is above them."""

from collections.abc import Hashable, Iterator, Mapping
from typing import TypeVar

KeyT = TypeVar("KeyT", bound=Hashable)


def rings(parents: Mapping[KeyT, KeyT]) -> Iterator[list[KeyT]]:
    """Each ring in a mapping of child to parent, once, from the member that comes first in it."""
    done: set[KeyT] = set()
    for start in parents:
        way: dict[KeyT, None] = {}
        key: KeyT | None = start
        while key is not None and key not in done and key not in way:
            way[key] = None
            key = parents.get(key)
        if key is not None and key in way:
            members = list(way)
            yield members[members.index(key) :]
        done.update(way)
