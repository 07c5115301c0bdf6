"""Topic filters with names in them: `plant/{asset}/{point}` matches and takes topics apart."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_SHARED = "$share"
_MARKS = frozenset("+#{}")
_NAME = re.compile(r"\{([a-z_][a-z0-9_]*)\}")


class PatternError(ValueError):
    """A pattern or template that cannot be used; problem and remedy are parted by ` | `."""


@dataclass(frozen=True, slots=True)
class TopicPattern:
    """A topic filter whose levels are literal, `+`, `{name}` or, as the last one, `#`."""

    levels: tuple[str, ...]
    group: str | None = None
    """The group that shares the messages; they come under their topics, which do not name it."""

    @property
    def filter(self) -> str:
        """What to subscribe to: each `{name}` is a `+`."""
        topics = "/".join("+" if _NAME.fullmatch(level) else level for level in self.levels)
        return topics if self.group is None else f"{_SHARED}/{self.group}/{topics}"

    @property
    def names(self) -> tuple[str, ...]:
        """The names that a match gives."""
        return tuple(match[1] for level in self.levels if (match := _NAME.fullmatch(level)))

    def match(self, topic: str) -> dict[str, str] | None:
        """What each name stands for in `topic`, or None where it does not match (MQTT 4.7)."""
        found: dict[str, str] = {}
        given = topic.split("/")
        if topic.startswith("$") and not self.levels[0].startswith("$"):
            return None
        for index, level in enumerate(self.levels):
            if level == "#":
                return found
            if index >= len(given):
                return None
            if (name := _NAME.fullmatch(level)) is not None:
                found[name[1]] = given[index]
            elif level not in {"+", given[index]}:
                return None
        return found if len(given) == len(self.levels) else None


def parse_pattern(text: str) -> TopicPattern:
    """The pattern that `text` writes. Raises `PatternError`."""
    group, levels = _parted(tuple(text.split("/")))
    for index, level in enumerate(levels):
        if level == "#" and index < len(levels) - 1:
            raise PatternError(f"{text!r}: # stands before the end | Put # last, or use +")
        plain = level in {"+", "#"} or _NAME.fullmatch(level)
        if not plain and (not level.isprintable() or set(level) & _MARKS):
            remedy = "Each level is text, +, {name} in lower case or, as the last one, #"
            raise PatternError(f"{text!r}: level {level!r} cannot be used | {remedy}")
    pattern = TopicPattern(levels, group)
    if levels == ("",) or len(set(pattern.names)) < len(pattern.names):
        raise PatternError(f"{text!r} is empty or has a name twice | Give each level its own name")
    return pattern


def _parted(levels: tuple[str, ...]) -> tuple[str | None, tuple[str, ...]]:
    """Group and topic levels of a shared filter `$share/group/...` (MQTT 5, 4.8.2)."""
    if levels[0] != _SHARED:
        return None, levels
    if len(levels) < 3 or not levels[1] or not levels[1].isprintable() or set(levels[1]) & _MARKS:
        raise PatternError("a shared filter lacks its group | Write $share/group/plant/#")
    return levels[1], levels[2:]


def is_name(text: str) -> bool:
    """Can `{text}` stand in a template?"""
    return _NAME.fullmatch(f"{{{text}}}") is not None


def template_names(template: str) -> tuple[str, ...]:
    """The names in a template such as `{asset}.{point}`. Raises `PatternError`."""
    if set(_NAME.sub("", template)) & set("{}"):
        raise PatternError(f"{template!r} has a stray brace | Write names as {{name}}")
    return tuple(_NAME.findall(template))


def fill(template: str, values: Mapping[str, str]) -> str:
    """The template with each `{name}` replaced. Raises `KeyError` for a name without a value."""
    return _NAME.sub(lambda match: values[match[1]], template)


def covers(wide: str, narrow: str) -> bool:
    """Does every topic of filter `narrow` match filter `wide` too (MQTT 4.7)?"""
    one, other = wide.split("/"), narrow.split("/")
    if narrow.startswith("$") and one[0] in {"+", "#"}:
        return False
    for index, level in enumerate(one):
        if level == "#":
            return True
        if index >= len(other) or other[index] == "#":
            return False
        if level not in {"+", other[index]}:
            return False
    return len(one) == len(other)


def widest(filters: Sequence[str]) -> list[str]:
    """The filters without those that another covers: a broker may send their messages twice."""
    distinct = list(dict.fromkeys(filters))
    return [
        each
        for each in distinct
        if not any(covers(wide, each) for wide in distinct if wide != each)
    ]
