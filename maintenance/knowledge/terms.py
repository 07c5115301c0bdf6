"""Words of the trade: what different people mean by one thing, in the languages they write in. Pure.

A word is known by how it begins, so that its inflections need no lists of their own; German
compounds are known by a part.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from types import MappingProxyType

import yaml

_WORD = re.compile(r"[^\W_]+")
_BEGINS = 4
_CONTAINS = 5

Terms = Mapping[str, tuple[str, ...]]
"""Concept -> the words that stand for it, in small letters."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """What a text speaks of: its words in order, and concept -> the words that named it."""

    words: tuple[str, ...]
    concepts: Mapping[str, str] = field(default_factory=dict)


@cache
def trade_terms() -> Terms:
    """The terms that come with Oilcan (`terms.yaml`)."""
    text = files("maintenance.knowledge").joinpath("terms.yaml").read_text("utf-8")
    loaded = yaml.safe_load(text)
    return MappingProxyType(
        {str(concept): tuple(map(str, words)) for concept, words in loaded.items()}
    )


def words_of(text: str) -> tuple[str, ...]:
    """The words of a text in small letters, in order."""
    return tuple(_WORD.findall(text.casefold().replace("ß", "ss")))


def spoken(text: str, terms: Terms) -> Spoken:
    """What a text speaks of."""
    words = words_of(text)
    line = f" {' '.join(words)} "
    found = {
        concept: said
        for concept, variants in terms.items()
        if (said := _said(words, line, variants)) is not None
    }
    return Spoken(words, found)


def known_words(terms: Terms) -> list[str]:
    """Every single word of the terms, for telling what a mistyped one meant."""
    single = (words_of(variant) for variants in terms.values() for variant in variants)
    return sorted({word for words in single if len(words) == 1 for word in words})


def _said(words: tuple[str, ...], line: str, variants: tuple[str, ...]) -> str | None:
    for variant in variants:
        parts = words_of(variant)
        phrase = " ".join(parts)
        if len(parts) > 1 and f" {phrase} " in line:
            return phrase
        for word in words if len(parts) == 1 else ():
            if _stands_for(word, phrase):
                return word
    return None


def _stands_for(word: str, variant: str) -> bool:
    if len(variant) >= _CONTAINS:
        return variant in word
    return word.startswith(variant) if len(variant) >= _BEGINS else word == variant
