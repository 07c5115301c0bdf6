"""What pydantic finds wrong, said to a person who edits a file: message and remedy."""

import typing
from collections.abc import Iterator, Sequence
from types import UnionType
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from config.suggestion import did_you_mean

Location = Sequence[str | int]

_QUOTE = "Put it in quotes: YAML reads unquoted yes, no, on, off, numbers and dates as such"


def explain(error: ErrorDetails, model: Any, path: Location) -> tuple[str, str]:
    """Message and remedy of one error at `path`, found while a value was read as `model`."""
    if path and path[-1] == "[key]":
        path = path[:-1]
    where = spell(path) or "the document"
    kind, context = error["type"], error.get("ctx", {})
    if kind == "missing":
        return f"{where} is missing", f"Add `{path[-1]}:`"
    if kind == "extra_forbidden":
        known = set(known_keys(model, error["loc"][:-1]))
        return f"{where} is not known here", did_you_mean(error["loc"][-1], known)
    if kind in {"value_error", "assertion_error"}:
        text, _, remedy = str(context["error"]).partition(" | ")
        return f"{where}: {text}", remedy or "Correct the value"
    if kind == "union_tag_not_found":
        return f"{where} does not say its kind", f"Add {context['discriminator']}"
    found = f"{where} is {_shorten(error['input'])}"
    return found, _remedy(error)


def spell(path: Location) -> str:
    """A path as people write it: `assets[0].points.speed`."""
    return "".join(
        f"[{part}]" if isinstance(part, int) else f".{part}" for part in path
    ).removeprefix(".")


def known_keys(model: Any, location: Location) -> Iterator[str]:
    """The keys that `model` allows in the mapping at `location` (pydantic's `loc`)."""
    for shape in _shapes(model):
        if not location:
            yield from _field_names(shape)
            continue
        step, rest = location[0], location[1:]
        for inner in _step_into(shape, step):
            yield from known_keys(inner, rest)
        if get_origin(model) is not None and len(_shapes(model)) > 1:
            yield from known_keys(shape, rest)


def _shapes(annotation: Any) -> list[Any]:
    """The alternatives of an annotation, bare of `Annotated` and of None."""
    if get_origin(annotation) is Annotated:
        return _shapes(get_args(annotation)[0])
    if get_origin(annotation) in (typing.Union, UnionType):
        return [shape for part in get_args(annotation) for shape in _shapes(part)]
    return [] if annotation is type(None) else [annotation]


def _field_names(shape: Any) -> Iterator[str]:
    if isinstance(shape, type) and issubclass(shape, BaseModel):
        for name, field in shape.model_fields.items():
            yield field.alias or name


def _step_into(shape: Any, step: str | int) -> Iterator[Any]:
    """Annotation of the value under a key or index of `shape`."""
    if isinstance(shape, type) and issubclass(shape, BaseModel):
        for name, field in shape.model_fields.items():
            if step == (field.alias or name):
                yield field.annotation
    elif arguments := get_args(shape):
        yield arguments[-1] if arguments[-1] is not Ellipsis else arguments[0]


def _remedy(error: ErrorDetails) -> str:
    kind, value = error["type"], error["input"]
    if kind == "string_type":
        return _QUOTE
    if kind in {"enum", "literal_error", "union_tag_invalid"}:
        expected = str(error.get("ctx", {}).get("expected", error["msg"]))
        words = [part.strip("'") for part in expected.replace(" or ", ", ").split(", ")]
        return did_you_mean(value, words)
    message = error["msg"]
    return f"{message[:1].upper()}{message[1:]}"


def _shorten(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
