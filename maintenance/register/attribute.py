"""What is stated of every asset of a class: typed, with a unit, required or not."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from config.suggestion import did_you_mean

AttributeValue = float | str | bool


class AttributeKind(StrEnum):
    """What an attribute's value is."""

    NUMBER = "number"
    TEXT = "text"
    BOOLEAN = "boolean"
    DATE = "date"
    CHOICE = "choice"


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute of a class; a number is in `unit`, a choice is one of `choices`."""

    name: str
    kind: AttributeKind
    unit: str | None = None
    required: bool = False
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """What is wrong with one field of an asset, and what would be right."""

    field: str
    message: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.message}. {self.remedy}"


def attribute_problems(
    attributes: Mapping[str, Attribute], values: Mapping[str, AttributeValue]
) -> Iterator[FieldProblem]:
    """Values that the class does not have or that do not fit, and required ones without a value."""
    for name, value in values.items():
        attribute = attributes.get(name)
        if attribute is None:
            remedy = did_you_mean(name, attributes, otherwise="Add it to the class's attributes")
            yield FieldProblem(f"attributes.{name}", f"the class has no attribute {name!r}", remedy)
        elif not _fits(attribute, value):
            yield FieldProblem(
                f"attributes.{name}", f"{value!r} is no {attribute.kind}", _wanted(attribute)
            )
    for name, attribute in attributes.items():
        if attribute.required and name not in values:
            yield FieldProblem(
                f"attributes.{name}",
                f"the class requires {name}, and there is no value",
                _wanted(attribute),
            )


def read_value(attribute: Attribute, text: str) -> AttributeValue:
    """A value from text, as a table of text has it; what does not fit stays text, to be told."""
    if attribute.kind is AttributeKind.NUMBER:
        try:
            return float(text)
        except ValueError:
            return text
    if attribute.kind is AttributeKind.BOOLEAN and text.lower() in _TRUTH:
        return _TRUTH[text.lower()]
    return text


def write_value(value: AttributeValue) -> str:
    """A value as text, that `read_value` reads as the same value."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    return str(int(value)) if value == int(value) and abs(value) < _EXACT else repr(value)


_EXACT = 1e15

_TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def _fits(attribute: Attribute, value: AttributeValue) -> bool:
    if attribute.kind is AttributeKind.NUMBER:
        return (
            isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        )
    if attribute.kind is AttributeKind.BOOLEAN:
        return isinstance(value, bool)
    if not isinstance(value, str):
        return False
    if attribute.kind is AttributeKind.CHOICE:
        return value in attribute.choices
    return attribute.kind is not AttributeKind.DATE or _is_date(value)


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _wanted(attribute: Attribute) -> str:
    unit = f" of {attribute.unit}" if attribute.unit not in (None, "1") else ""
    return {
        AttributeKind.NUMBER: f"Write a number{unit}",
        AttributeKind.TEXT: "Write a text",
        AttributeKind.BOOLEAN: "Write true or false",
        AttributeKind.DATE: "Write a day as in 2026-11-23",
        AttributeKind.CHOICE: f"Write one of: {', '.join(attribute.choices)}",
    }[attribute.kind]
