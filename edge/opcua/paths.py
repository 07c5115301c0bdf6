"""Browse paths with `*`, and the tags that they give. Pure.

`Machines/*/Temperature` goes down from the Objects folder by browse names, in whatever namespace.
Each `*` stands for any part of one name; `{1}` in a tag is what the first of them stood for.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

from edge.source import check_tag

_INDEXED = re.compile(r"\d+:|ns[u]?=")
_NUMBER = re.compile(r"\{(\d+)\}")


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
    if any("**" in name for name in names):
        raise ValueError(f"{text!r} has ** | Write one * for each level: no server is read through")
    return text


def check_template(text: str) -> str:
    """`text`, if tags can be made of it; else raises `ValueError` with problem and remedy."""
    try:
        check_tag(_NUMBER.sub("x", text))
    except ValueError:
        remedy = "Write ASSET.point; {1} stands for the first * of `browse`"
        raise ValueError(f"{text!r} gives no tag | {remedy}") from None
    return text


def check_numbers(path: str, template: str) -> None:
    """Raises `ValueError` unless the tag has each `*` of the path: each node needs its own tag."""
    stars = path.count("*")
    numbers = {int(number) for number in _NUMBER.findall(template)}
    if numbers != set(range(1, stars + 1)):
        wanted = ", ".join(f"{{{n}}}" for n in range(1, stars + 1)) or "no number"
        raise ValueError(f"tag {template!r} does not fit browse {path!r} | Use {wanted} in the tag")


def is_template(tag: str) -> bool:
    """Does the tag hang on what a `*` stands for?"""
    return _NUMBER.search(tag) is not None


def match(name: str, browse_name: str) -> tuple[str, ...] | None:
    """What each `*` of one name of a path stands for in a browse name; None where it differs."""
    found = _pattern(name).fullmatch(browse_name)
    return found.groups() if found is not None else None


def tag_of(template: str, stands_for: Sequence[str]) -> str:
    """The tag of a node found. Raises `ValueError` where that is no tag."""
    return check_tag(_NUMBER.sub(lambda number: stands_for[int(number[1]) - 1], template))


@lru_cache(maxsize=1_000)
def _pattern(name: str) -> re.Pattern[str]:
    return re.compile("(.*)".join(re.escape(part) for part in name.split("*")), re.DOTALL)
