"""Paths into JSON documents, a small and exact part of JSONPath: `$.motor.current`, `$.m[0]['v']`."""

import re
from dataclasses import dataclass
from typing import Any

_STEP = re.compile(r"\.([A-Za-z_][\w-]*)|\['([^']+)'\]|\[(\d+)\]")


class PathError(ValueError):
    """A path that cannot be used; problem and remedy are parted by ` | `."""


@dataclass(frozen=True, slots=True)
class JsonPath:
    """Keys and indices from a document's top to a value; `each` ends on every one of a list."""

    steps: tuple[str | int, ...]
    each: bool = False

    def find(self, document: Any) -> Any:
        """The value at the path. Raises `LookupError` where there is none."""
        for step in self.steps:
            document = _child(document, step)
        return document

    def leads(self, document: Any) -> bool:
        """Is there a value at the path, be it null?"""
        try:
            self.find(document)
        except LookupError:
            return False
        return True

    def find_all(self, document: Any) -> list[Any]:
        """The values that the path stands for. Raises `LookupError` where there is no list."""
        found = self.find(document)
        if not self.each:
            return [found]
        if isinstance(found, list):
            return found
        raise LookupError(f"a {type(found).__name__} where a list is expected")


def _child(document: Any, step: str | int) -> Any:
    if isinstance(step, int) and isinstance(document, list):
        return document[step]
    if isinstance(step, str) and isinstance(document, dict):
        return document[step]
    raise LookupError(f"no {step!r} in a {type(document).__name__}")


def parse_path(text: str) -> JsonPath:
    """The path that `text` writes; `[*]` may end it. Raises `PathError`."""
    body, each = (text[:-3], True) if text.endswith("[*]") else (text, False)
    steps: list[str | int] = []
    position = 1
    while position < len(body):
        match = _STEP.match(body, position)
        if match is None:
            break
        steps.append(int(match[3]) if match[3] else match[1] or match[2])
        position = match.end()
    if not body.startswith("$") or position != len(body):
        remedy = "Write it like $.motor.current, $.m[0]['v'] or $.m[*]"
        raise PathError(f"{text!r} is not a path | {remedy}")
    return JsonPath(tuple(steps), each)
