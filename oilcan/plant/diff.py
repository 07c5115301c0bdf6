"""What an application of a plant did, or would do, in data and in lines of text."""

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from config.difference import Change, ChangeKind, FieldChange

_SIGNS = MappingProxyType(
    {
        ChangeKind.ADDED: "+",
        ChangeKind.CHANGED: "~",
        ChangeKind.REVIVED: "+",
        ChangeKind.RETIRED: "-",
    }
)


class ApplyMode(StrEnum):
    """Whether what was applied stays."""

    COMMIT = "commit"
    DRY_RUN = "dry run"


@dataclass(frozen=True, slots=True)
class PlantDiff:
    """What an application of a plant did, or would do.

    `bound` counts readings that were kept aside for tags that now have a point.
    """

    mode: ApplyMode
    changes: tuple[Change, ...]
    unchanged: int
    bound: int

    def __str__(self) -> str:
        return "\n".join([*map(change_line, self.changes), summary_line(self)])


def change_line(change: Change) -> str:
    """A change in a line: `~ point P-101.p unit bar -> kPa`."""
    fields = ", ".join(map(_field, change.fields))
    words = [_SIGNS[change.kind], change.what, change.key, fields]
    if change.kind is ChangeKind.REVIVED:
        words.append("(was retired)")
    if change.what == "point" and any(field.name == "unit" for field in change.fields):
        words.append("(stored readings keep their numbers)")
    return " ".join(filter(None, words))


def _field(change: FieldChange) -> str:
    return f"{change.name} {_value(change.old)} -> {_value(change.new)}"


def _value(value: object) -> str:
    if value is None:
        return "none"
    return f"{value:g}" if isinstance(value, float) else str(value)


def summary_line(diff: PlantDiff) -> str:
    """How many changed, and how many did not."""
    counts = Counter(change.kind for change in diff.changes)
    words = [f"{counts[kind]} {kind}" for kind in ChangeKind if counts[kind]]
    words.append(f"{diff.unchanged} unchanged")
    if diff.bound:
        words.append(f"{diff.bound} waiting readings bound to their points")
    if not diff.changes:
        words.insert(0, "nothing to change")
    end = "; dry run, nothing was changed" if diff.mode is ApplyMode.DRY_RUN else ""
    return f"{', '.join(words)}{end}"
