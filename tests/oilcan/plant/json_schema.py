"""As much of JSON Schema as ours use, to see that they agree with the models that they are made from."""

import re
from collections.abc import Callable, Iterator
from typing import Any

_TYPES: dict[str, Callable[[Any], bool]] = {
    "null": lambda value: value is None,
    "boolean": lambda value: isinstance(value, bool),
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}
KNOWN = {
    *("$schema", "$defs", "$ref", "title", "description", "examples", "default", "format"),
    *("type", "enum", "const", "anyOf", "oneOf", "discriminator", "required", "properties"),
    *("additionalProperties", "patternProperties", "propertyNames", "items", "minItems"),
    *("minLength", "maxLength", "pattern", "minimum", "maximum", "exclusiveMinimum"),
    *("minProperties", "markdownDescription", "defaultSnippets", "maxItems", "exclusiveMaximum"),
}


class Schema:
    """A schema with its definitions."""

    def __init__(self, whole: dict[str, Any]) -> None:
        self._whole = whole

    def accepts(self, value: Any) -> bool:
        return next(self.errors(value), None) is None

    def errors(self, value: Any, schema: Any = None, path: str = "") -> Iterator[str]:
        """What is wrong with a value, each with its path."""
        schema = self._whole if schema is None else schema
        if schema is True:
            return
        if schema is False:
            yield f"{path}: not allowed"
            return
        assert schema.keys() <= KNOWN, schema.keys() - KNOWN
        if "$ref" in schema:
            yield from self.errors(value, self._whole["$defs"][schema["$ref"].split("/")[-1]], path)
        for key in ("anyOf", "oneOf"):
            if key in schema and all([*self.errors(value, one, path)] for one in schema[key]):
                yield f"{path}: none of {key}"
        yield from (f"{path}: {told}" for told in _plain_errors(value, schema))
        if isinstance(value, dict):
            yield from self._of_object(value, schema, path)
        if isinstance(value, list) and "items" in schema:
            for index, one in enumerate(value):
                yield from self.errors(one, schema["items"], f"{path}[{index}]")

    def _of_object(self, value: dict[Any, Any], schema: dict[str, Any], path: str) -> Iterator[str]:
        yield from (
            f"{path}: {key} missing" for key in schema.get("required", ()) if key not in value
        )
        patterns = schema.get("patternProperties", {})
        for key, one in value.items():
            where = f"{path}.{key}"
            if "propertyNames" in schema:
                yield from self.errors(key, schema["propertyNames"], where)
            matching = [inner for text, inner in patterns.items() if re.search(text, str(key))]
            if key in schema.get("properties", {}):
                yield from self.errors(one, schema["properties"][key], where)
            elif matching:
                for inner in matching:
                    yield from self.errors(one, inner, where)
            else:
                yield from self.errors(one, schema.get("additionalProperties", True), where)


def _plain_errors(value: Any, schema: dict[str, Any]) -> Iterator[str]:
    types = schema.get("type", list(_TYPES))
    if not any(_TYPES[one](value) for one in ([types] if isinstance(types, str) else types)):
        yield f"{value!r} is not {types}"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{value!r} is not in {schema['enum']}"
    if "const" in schema and (value != schema["const"] or type(value) is not type(schema["const"])):
        yield f"{value!r} is not {schema['const']}"
    if isinstance(value, str):
        if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)):
            yield "length"
        if "pattern" in schema and not re.search(schema["pattern"], value):
            yield f"{value!r} is not like {schema['pattern']}"
    if isinstance(value, (list, dict)):
        least = schema.get("minItems", 0) if isinstance(value, list) else 0
        if len(value) < least or len(value) < schema.get("minProperties", 0):
            yield "too few"
    if _TYPES["number"](value) and not (
        schema.get("minimum", value) <= value <= schema.get("maximum", value)
    ):
        yield "out of range"
