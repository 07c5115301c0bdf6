"""JSON Schemas of rule files and of the other plant files, made from the models that check them.

Editors complete and check with them while a person types. What a schema cannot say, such as whether a
role exists or units fit, `oilcan check` says.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from conditions.expression_text import MAX_LENGTH
from conditions.functions import FUNCTIONS
from conditions.rule_shape import EXPRESSION, InputShape, RuleFileShape, RuleShape
from config.durations import format_duration
from edge.modbus.source import ModbusSource, RegisterMap
from edge.mqtt.source import MqttSource
from edge.opcua.source import OpcuaSource
from maintenance.register.file import AssetClassShape, SiteShape
from oilcan.plant.schema_kind import SchemaKind
from oilcan.plant.sections import SECTIONS
from oilcan.plant.shape import AssetEntry

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema_text(kind: SchemaKind) -> str:
    """The schema as a file."""
    return json.dumps(_MAKERS[kind](), indent=2, ensure_ascii=False) + "\n"


def rules_schema() -> dict[str, Any]:
    """The schema of a rule file."""
    definitions = _definitions([RuleFileShape, InputShape, RuleShape])
    whole = definitions.pop(RuleFileShape.__name__)
    whole["properties"]["inputs"]["additionalProperties"] = _reference(InputShape)
    whole["properties"]["rules"]["items"] = _reference(RuleShape)
    return {"$schema": _DIALECT, **whole, "title": "Oilcan rule file", "$defs": definitions}


def plant_schema() -> dict[str, Any]:
    """The schema of a plant file that holds no rules."""
    sources = (ModbusSource, OpcuaSource, MqttSource)
    lists: Mapping[str, Sequence[type[BaseModel]]] = {
        "sites": [SiteShape],
        "asset_classes": [AssetClassShape],
        "assets": [AssetEntry],
        "sources": sources,
        **{section.key: [section.shape] for section in SECTIONS},
    }
    register: list[type[BaseModel]] = [SiteShape, AssetClassShape, AssetEntry]
    register += [section.shape for section in SECTIONS]
    properties: dict[str, Any] = {
        key: {"type": ["array", "null"], "items": {"anyOf": [_reference(one) for one in shapes]}}
        for key, shapes in lists.items()
    }
    properties["profiles"] = {
        "type": ["object", "null"],
        "additionalProperties": _reference(RegisterMap),
    }
    return {
        "$schema": _DIALECT,
        "title": "Oilcan plant file",
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
        "$defs": _definitions([*register, *sources, RegisterMap]),
    }


_MAKERS: Mapping[SchemaKind, Callable[[], dict[str, Any]]] = MappingProxyType(
    {SchemaKind.RULES: rules_schema, SchemaKind.PLANT: plant_schema}
)


def _reference(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": f"#/$defs/{model.__name__}"}


def _definitions(models: Sequence[type[BaseModel]]) -> dict[str, Any]:
    _, schema = models_json_schema([(model, "validation") for model in models], by_alias=True)
    definitions = {name: _tidied(one) for name, one in schema["$defs"].items()}
    if RuleShape in models:
        definitions["Expression"] = _expression()
    return definitions


def _tidied(schema: Any) -> Any:
    """The same with durations spelt as in files, and expressions defined in one place."""
    if isinstance(schema, list):
        return [_tidied(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("format") == EXPRESSION:
        kept = {key: schema[key] for key in ("description", "examples") if key in schema}
        return {"$ref": "#/$defs/Expression", **kept}
    if schema.get("type") == "string" and isinstance(schema.get("default"), int):
        return {**schema, "default": format_duration(schema["default"])}
    return {_BOUNDS.get(key, key): _tidied(value) for key, value in schema.items()}


# pydantic's names for the bounds of a number that it looks at before; no plant file has such keys.
_BOUNDS = MappingProxyType(
    {"gt": "exclusiveMinimum", "ge": "minimum", "lt": "exclusiveMaximum", "le": "maximum"}
)


def _expression() -> dict[str, Any]:
    """An expression, with the functions of the language: shown, and offered while it is typed."""
    functions = FUNCTIONS.values()
    rows = [f"- `{one.call}`: {one.meaning} ({one.unit})" for one in functions]
    told = "Inputs, parameters, numbers, quantities such as `'4.5 mm/s'`, durations such as `10m`, "
    told += "`+ - * /`, comparisons, `and`, `or`, `not`, and functions:"
    return {
        "type": "string",
        "format": EXPRESSION,
        "maxLength": MAX_LENGTH,
        "markdownDescription": "\n".join([told, "", *rows]),
        "defaultSnippets": [
            {"label": one.call, "description": one.meaning, "body": one.call} for one in functions
        ],
    }
