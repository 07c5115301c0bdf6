"""MQTT topics as the subjects under which the log's server has them, and back. Pure.

NATS documents the way: a level is a token; an empty one is `/`, and a dot within one is `//`.
"""

from collections.abc import Sequence

_TOKENS = {"+": "*", "#": ">", "": "/"}


def subjects_of(filters: Sequence[str]) -> list[str]:
    """The subjects that topic filters stand for; `a/#` takes `a` too (MQTT 4.7.1.2)."""
    found: list[str] = []
    for each in filters:
        levels = each.split("/")
        if levels[-1] == "#" and len(levels) > 1:
            found.append(_subject(levels[:-1]))
        found.append(_subject(levels))
    return found


def topic_of(subject: str) -> str:
    """The topic that was published as this subject."""
    if "/" not in subject:
        return subject.replace(".", "/")
    return "/".join(
        "" if level == "/" else level.replace("//", ".") for level in subject.split(".")
    )


def _subject(levels: Sequence[str]) -> str:
    return ".".join(_TOKENS.get(level, level.replace(".", "//")) for level in levels)
