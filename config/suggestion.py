"""The remedy for a misspelt word: the word that was probably meant, or those that exist."""

from collections.abc import Iterable
from difflib import get_close_matches

_LISTED = 12


def did_you_mean(word: object, known: Iterable[str], *, otherwise: str = "") -> str:
    """A sentence naming the nearest known word; without a near one the known words, if few.

    `otherwise` is the remedy where no word is known at all.
    """
    words = sorted(set(known))
    same = [known for known in words if known.casefold() == str(word).casefold()]
    near = same or get_close_matches(str(word), words, n=1, cutoff=0.6)
    if near:
        return f"Did you mean {near[0]!r}?"
    if not words:
        return otherwise or "Remove it or correct its spelling"
    listed = ", ".join(words[:_LISTED])
    return f"Known are: {listed}" + (", ..." if len(words) > _LISTED else "")
