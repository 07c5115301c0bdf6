"""A list of a plant's files that describes how work is done: its shape, checks and command."""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from config.database import Connection
from config.difference import Change, Difference
from config.documents import Problem
from oilcan.plant.entries import Declared, Placed

Known = Mapping[str, frozenset[str]]
"""Section's key -> names of its entries, those with a mistake of their own too."""


@dataclass(frozen=True, slots=True)
class Applied:
    """What bringing the database in line with a section did, or would do."""

    changes: tuple[Change, ...] = ()
    unchanged: int = 0


@dataclass(frozen=True, slots=True)
class Section:
    """A list at the top of plant files. `identity` is the field that names an entry."""

    key: str
    shape: type[BaseModel]
    what: str
    identity: str
    apply: Callable[[Connection, Sequence[Any]], Awaitable[Applied]]
    problems: Callable[[Sequence[Placed[Any]], Declared, Known], Iterator[Problem]] | None = None
    """What is wrong between the section's entries and all that the files name."""


def by_definition(
    command: Callable[[Connection, Sequence[Any]], Awaitable[Difference[Any]]],
) -> Callable[[Connection, Sequence[Any]], Awaitable[Applied]]:
    """The `apply` of a section whose entries have a `definition()`: what the command takes."""

    async def apply(connection: Connection, entries: Sequence[Any]) -> Applied:
        difference = await command(connection, [entry.definition() for entry in entries])
        return Applied(difference.changes, difference.unchanged)

    return apply
