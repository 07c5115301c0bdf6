"""Browse paths with wildcards, and the tags that they give. Pure.

`Machines/*/Temperature` goes down from the Objects folder by browse names, in whatever namespace.
Each `*` stands for any part of one name, `{a,b}` for one of these, `**` in place of a name for any
number of names, also none; `{1}` in a tag is what the first of all these stood for.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from edge.source import check_tag

_INDEXED = re.compile(r"\d+:|ns[u]?=")
_NUMBER = re.compile(r"\{(\d+)\}")
_CHOICE = re.compile(r"\{([^{}]*)\}")
_WILD = re.compile(r"\*\*|\*|\{[^{}]*\}")
ANY_DEPTH = "**"
DEEPEST = 20
"""Most names that one `**` stands for: some servers have folders that hold each other."""


@dataclass(frozen=True, slots=True)
class Place:
    """How far a path has led: the next name to match, what the wildcards before it stood for, and the
    names that the `**` in that place has passed."""

    at: int = 0
    stands_for: tuple[str, ...] = ()
    passed: tuple[str, ...] = ()


def check_path(text: str) -> str:
    """`text`, if it is a browse path; else raises `ValueError` with problem and remedy."""
    names = text.split("/")
    if not all(names):
        raise ValueError(
            f"{text!r} has an empty name | Write names with / between: Machines/*/Temp"
        )
    if any(_INDEXED.match(name) for name in names):
        remedy = "Write the names alone: the index of a namespace may change at each start"
        raise ValueError(f"{text!r} names a namespace | {remedy}")
    if any(ANY_DEPTH in name and name != ANY_DEPTH for name in names):
        raise ValueError(f"{text!r} has ** within a name | Let it stand alone: Hall/**/Temp")
    if f"{ANY_DEPTH}/{ANY_DEPTH}" in text:
        raise ValueError(f"{text!r} has ** twice in a row | Write it once: any depth is any depth")
    for name in names:
        _check_choices(text, name)
    return text


def _check_choices(text: str, name: str) -> None:
    choices = [choice.split(",") for choice in _CHOICE.findall(name)]
    whole = not set(_CHOICE.sub("", name)) & set("{}")
    if not whole or any(len(each) < 2 or not all(each) or "*" in "".join(each) for each in choices):
        remedy = "Write {a,b} within one name, or * for a name that has a brace of its own"
        raise ValueError(f"{text!r} has braces that name no alternatives | {remedy}")


def check_template(text: str) -> str:
    """`text`, if tags can be made of it; else raises `ValueError` with problem and remedy."""
    try:
        check_tag(_NUMBER.sub("x", text))
    except ValueError:
        remedy = "Write ASSET.point; {1} is what the first wildcard of `browse` stands for"
        raise ValueError(f"{text!r} gives no tag | {remedy}") from None
    return text


def check_numbers(path: str, template: str) -> None:
    """Raises `ValueError` unless the tag has each `*` of the path: each node needs its own tag.

    Alternatives may be names of one thing, and what lies below `**` may have a name of its own: these
    the tag may leave out.
    """
    wild = _WILD.findall(path)
    needed = {number for number, each in enumerate(wild, start=1) if each == "*"}
    numbers = {int(number) for number in _NUMBER.findall(template)}
    if not needed <= numbers <= set(range(1, len(wild) + 1)):
        wanted = ", ".join(f"{{{n}}}" for n in sorted(needed or range(1, len(wild) + 1)))
        wanted = wanted or "no number"
        raise ValueError(f"tag {template!r} does not fit browse {path!r} | Use {wanted} in the tag")


def is_template(tag: str) -> bool:
    """Does the tag hang on what a wildcard stands for?"""
    return _NUMBER.search(tag) is not None


def match(name: str, browse_name: str) -> tuple[str, ...] | None:
    """What each wildcard of one name of a path stands for in a browse name; None where it differs."""
    found = _pattern(name).fullmatch(browse_name)
    return found.groups() if found is not None else None


def places_after(path: Sequence[str], place: Place, browse_name: str) -> list[Place]:
    """Where a path may stand at a node of this name below a place; nowhere: it does not lead there."""
    found: list[Place] = []
    if place.at < len(path) and path[place.at] == ANY_DEPTH:
        if len(place.passed) < DEEPEST:
            found.append(replace(place, passed=(*place.passed, browse_name)))
        place = _behind(place)
    if place.at < len(path) and (more := match(path[place.at], browse_name)) is not None:
        found.append(Place(place.at + 1, (*place.stands_for, *more)))
    return found


def leads_on(path: Sequence[str], place: Place) -> bool:
    """May something below a node in this place be meant?"""
    return place.at < len(path)


def whole(path: Sequence[str], place: Place) -> tuple[str, ...] | None:
    """What each wildcard stood for, where a node in this place is meant; None where the path goes on."""
    if place.passed and place.at == len(path) - 1:
        place = _behind(place)
    return place.stands_for if place.at == len(path) else None


def _behind(place: Place) -> Place:
    """The place where `**` ends; it stands for the names that it passed, joined by `_`."""
    return Place(place.at + 1, (*place.stands_for, "_".join(place.passed)))


def tag_of(template: str, stands_for: Sequence[str]) -> str:
    """The tag of a node found. Raises `ValueError` where that is no tag."""
    return check_tag(_NUMBER.sub(lambda number: stands_for[int(number[1]) - 1], template))


@lru_cache(maxsize=1_000)
def _pattern(name: str) -> re.Pattern[str]:
    parts = re.split(r"(\*|\{[^{}]*\})", name)
    return re.compile("".join(map(_expression, parts)), re.DOTALL)


def _expression(part: str) -> str:
    if part == "*":
        return "(.*)"
    if part.startswith("{"):
        return f"({'|'.join(map(re.escape, part[1:-1].split(',')))})"
    return re.escape(part)
