"""Do two texts speak of the same problem? By the words that they share. Pure.

What is compared is little (what is open at one asset, its parts and what it is a part of), so it is
compared here: the same on every database, with or without pg_trgm, and words that differ by an
ending or a slip still meet.
"""

import re
import unicodedata
from dataclasses import dataclass
from itertools import takewhile

ALIKE = 0.5
"""From this share of the shorter text's words on, two texts speak of the same."""

_WORD = re.compile(r"[a-z0-9]+")
_SAME_WORD = 0.6
_SHORTEST_STEM = 4
# fmt: off
_SAYS_NOTHING = frozenset((
    "a", "an", "and", "are", "as", "at", "be", "by", "das", "der", "die", "ein", "eine", "es", "for",
    "from", "has", "have", "i", "in", "is", "ist", "it", "its", "my", "near", "not", "of", "on", "or",
    "please", "since", "so", "some", "something", "the", "there", "this", "to", "und", "very", "was",
    "we", "with", "you",
))
# fmt: on


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike two texts are, 0 to 1, and the words of the first that the second has too."""

    share: float
    words: tuple[str, ...]


def likeness(one: str, other: str) -> Likeness:
    """Compare two texts; a single word in common is enough only for a text of one word."""
    mine, theirs = words_of(one), words_of(other)
    if not mine or not theirs:
        return Likeness(0.0, ())
    shared = tuple(word for word in mine if any(_same(word, each) for each in theirs))
    shorter = min(len(mine), len(theirs))
    return Likeness(min(1.0, len(shared) / shorter), shared)


def words_of(text: str) -> tuple[str, ...]:
    """Its words without accents and without those that say nothing, each once."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return tuple(dict.fromkeys(w for w in _WORD.findall(plain) if w not in _SAYS_NOTHING))


def _same(one: str, other: str) -> bool:
    if one == other:
        return True
    if min(len(one), len(other)) < _SHORTEST_STEM:
        return False
    shared = sum(
        1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False))
    )
    if shared >= max(_SHORTEST_STEM, max(len(one), len(other)) / 2):
        return True
    return one.startswith(other) or other.startswith(one) or _dice(one, other) >= _SAME_WORD


def _dice(one: str, other: str) -> float:
    """Share of the pairs of letters that both words have (Dice's coefficient)."""
    mine, theirs = _pairs(one), _pairs(other)
    return 2 * len(mine & theirs) / (len(mine) + len(theirs))


def _pairs(word: str) -> set[str]:
    edged = f" {word} "
    return {edged[at : at + 2] for at in range(len(edged) - 1)}
