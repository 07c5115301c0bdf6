"""The permits that a job plan names in words, as kinds that an order's start waits for. Pure."""

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from maintenance.orders.permit import NewPermit, PermitKind

_KINDS: Mapping[str, PermitKind] = MappingProxyType(
    {
        **{kind.value: kind for kind in PermitKind},
        "lock_out": PermitKind.LOCKOUT,
        "lock_out_tag_out": PermitKind.LOCKOUT,
        "lockout_tagout": PermitKind.LOCKOUT,
        "loto": PermitKind.LOCKOUT,
        "isolation": PermitKind.LOCKOUT,
        "work_at_height": PermitKind.HEIGHT,
        "working_at_height": PermitKind.HEIGHT,
        "confined_space_entry": PermitKind.CONFINED_SPACE,
        "electrical_work": PermitKind.ELECTRICAL,
    }
)


def permits_of_words(words: Iterable[str]) -> list[NewPermit]:
    """A permit for each kind, once; a word that names no kind is the text of a general permit."""
    return list(dict.fromkeys(_permit(word) for word in words))


def _permit(word: str) -> NewPermit:
    name = re.sub(r"[^a-z]+", "_", word.casefold()).strip("_")
    kind = _KINDS.get(name)
    return NewPermit(kind) if kind else NewPermit(PermitKind.GENERAL, word)
