"""Definitions that come from plant files or over the API: what may be changed where.

What files keep is changed there alone, and retired when they no longer have it; what was made over
the API is not touched by files that do not name it, and passes to them once they do.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Generic, TypeVar

from config.database import Connection
from config.difference import Difference, Stored, compare
from maintenance.errors import KeptInFiles, NotFound, StaleVersion

DefinitionT = TypeVar("DefinitionT")


class KeptIn(StrEnum):
    """Where a definition is changed."""

    FILES = "files"
    DATABASE = "database"


@dataclass(frozen=True, slots=True)
class Kept(Generic[DefinitionT]):
    """A definition as it is stored."""

    definition: DefinitionT
    kept_in: KeptIn
    retired: bool
    version: int = 1


@dataclass(frozen=True, slots=True)
class Shelf(Generic[DefinitionT]):
    """How definitions of one kind are read, written (made, changed or revived) and retired.

    `read` gives all of them by code and holds them to the end of the transaction.
    """

    what: str
    read: Callable[[Connection], Awaitable[dict[str, Kept[DefinitionT]]]]
    write: Callable[[Connection, DefinitionT, KeptIn, datetime], Awaitable[None]]
    retire: Callable[[Connection, Sequence[str], datetime], Awaitable[None]]


async def apply_files(
    connection: Connection,
    shelf: Shelf[DefinitionT],
    wanted: Mapping[str, DefinitionT],
    *,
    at: datetime,
) -> Difference[DefinitionT]:
    """Bring what files keep in line with them, in one transaction (in a caller's: a savepoint)."""
    async with connection.transaction():
        stored = await shelf.read(connection)
        ours = {
            code: Stored(kept.definition, kept.retired)
            for code, kept in stored.items()
            if kept.kept_in is KeptIn.FILES or code in wanted
        }
        difference = compare(shelf.what, wanted, ours)
        changed = {change.key for change in difference.changes}
        for code, definition in wanted.items():
            passes = code in stored and stored[code].kept_in is not KeptIn.FILES
            if code in changed or passes:
                await shelf.write(connection, definition, KeptIn.FILES, at)
        if difference.retire:
            await shelf.retire(connection, difference.retire, at)
        return difference


async def save(
    connection: Connection,
    shelf: Shelf[DefinitionT],
    code: str,
    definition: DefinitionT,
    *,
    expected_version: int | None = None,
    at: datetime,
) -> None:
    """Make or change one over the API; nothing is written where nothing differs.

    With an expected version, only what still has it is changed. Raises `KeptInFiles`,
    `StaleVersion`.
    """
    async with connection.transaction():
        present = (await shelf.read(connection)).get(code)
        if present is not None and not present.retired:
            if present.kept_in is KeptIn.FILES:
                raise KeptInFiles(shelf.what, code)
            if expected_version not in (None, present.version):
                expected = expected_version or 0
                raise StaleVersion(code, expected=expected, present=present.version)
            if present.definition == definition:
                return
        await shelf.write(connection, definition, KeptIn.DATABASE, at)


async def retire(
    connection: Connection, shelf: Shelf[DefinitionT], code: str, *, at: datetime
) -> None:
    """Let it no longer be used; its history stays. Raises `NotFound`, `KeptInFiles`."""
    async with connection.transaction():
        present = (await shelf.read(connection)).get(code)
        if present is None or present.retired:
            raise NotFound(shelf.what, code)
        if present.kept_in is KeptIn.FILES:
            raise KeptInFiles(shelf.what, code)
        await shelf.retire(connection, [code], at)
