"""What has to change so that what is stored becomes what is wanted, and how to tell a person."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from enum import StrEnum
from typing import Any, Generic, TypeVar

DefinitionT = TypeVar("DefinitionT")


class ChangeKind(StrEnum):
    """What happens to one thing."""

    ADDED = "added"
    CHANGED = "changed"
    REVIVED = "revived"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field that gets another value; the name of a nested one is dotted."""

    name: str
    old: Any
    new: Any


@dataclass(frozen=True, slots=True)
class Change:
    """What happens to the `what` (site, asset, point, ...) called `key`."""

    kind: ChangeKind
    what: str
    key: str
    fields: tuple[FieldChange, ...] = ()


@dataclass(frozen=True, slots=True)
class Stored(Generic[DefinitionT]):
    """A definition as it is stored, perhaps retired."""

    definition: DefinitionT
    retired: bool


@dataclass(frozen=True, slots=True)
class Difference(Generic[DefinitionT]):
    """What to write and what to retire, by key in order; `unchanged` counts the rest."""

    changes: tuple[Change, ...]
    write: tuple[DefinitionT, ...]
    retire: tuple[str, ...]
    unchanged: int


def compare(
    what: str, wanted: Mapping[str, DefinitionT], stored: Mapping[str, Stored[DefinitionT]]
) -> Difference[DefinitionT]:
    """The difference between wanted definitions (dataclasses) and stored ones, both by key."""
    changes = [
        change
        for key, definition in sorted(wanted.items())
        if (change := _change(what, key, definition, stored.get(key))) is not None
    ]
    write = tuple(wanted[change.key] for change in changes)
    retire = sorted(key for key, old in stored.items() if key not in wanted and not old.retired)
    changes += [Change(ChangeKind.RETIRED, what, key) for key in retire]
    return Difference(tuple(changes), write, tuple(retire), len(wanted) - len(write))


def _change(
    what: str, key: str, wanted: DefinitionT, stored: Stored[DefinitionT] | None
) -> Change | None:
    if stored is None:
        return Change(ChangeKind.ADDED, what, key)
    changed = tuple(field_changes("", stored.definition, wanted))
    if stored.retired:
        return Change(ChangeKind.REVIVED, what, key, changed)
    return Change(ChangeKind.CHANGED, what, key, changed) if changed else None


def field_changes(name: str, old: Any, new: Any) -> Iterator[FieldChange]:
    """Every field that differs between two values of one shape, nested ones by themselves."""
    if is_dataclass(old) and is_dataclass(new):
        for field in fields(old):
            inner = f"{name}.{field.name}" if name else field.name
            yield from field_changes(inner, getattr(old, field.name), getattr(new, field.name))
    elif isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in sorted({*old, *new}):
            yield from field_changes(f"{name}.{key}", old.get(key), new.get(key))
    elif old != new:
        yield FieldChange(name, old, new)
