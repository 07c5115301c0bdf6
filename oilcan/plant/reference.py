"""The reference of plant files in Markdown, made from the models that check them.

`python -m oilcan.plant.reference` writes `docs/reference/plant-files.md`, and the JSON Schemas.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from conditions.rule_shape import InputShape, RuleFileShape, RuleShape
from config.durations import format_duration
from edge.modbus.source import ModbusSource, RegisterMap
from edge.mqtt.source import MqttSource
from edge.opcua.source import OpcuaSource
from maintenance.register.file import AssetClassShape, SiteShape
from oilcan.plant.schema import schema_text
from oilcan.plant.schema_kind import SchemaKind
from oilcan.plant.sections import SECTIONS
from oilcan.plant.shape import AssetEntry

FILE = Path(__file__).parents[2] / "docs" / "reference" / "plant-files.md"

DEMO_SCHEMA = Path(__file__).parents[1] / "demo" / "plant" / "rules.schema.json"
"""The schema that the demo's rule files name, so that a copy of the plant has it."""

Schema = Mapping[str, Any]
"""A JSON schema, as pydantic gives it."""

_HEAD = """\
# Plant files

A plant folder describes a plant: what stands where, what is measured, how it is read, and when
something is wrong. `oilcan check FOLDER` names every mistake with its file, line and remedy, and
connects to nothing. `oilcan apply FOLDER` brings the database in line with it, in one transaction;
`--dry-run` says what would change. What the files no longer have is retired, never deleted, and
comes back with its history.

Every `*.yaml` anywhere below the folder is read. Which file holds what is free: a file has one or
more of `sites`, `asset_classes`, `assets`, `sources` and `profiles`, or it is a rule file with
`asset_class`, `inputs`, `params` and `rules`. `${NAME}` in a value is replaced from the
environment. Durations are written `500ms`, `2s`, `5m`, `2h`, `7d`; units as in `mm/s`, `degC`,
`m3/h`, `%`, and `1` for a number without one. The folder `oilcan/demo/plant` is an example.

Editors that know YAML complete and check while you type: `oilcan schema rules` and `oilcan schema
plant` print the JSON Schemas ([rules](rules.schema.json), [plant](plant.schema.json)).

This page is made from the program by `python -m oilcan.plant.reference`.
"""


@dataclass(frozen=True, slots=True)
class Part:
    """A section of the page: where in a file it stands, and the model that checks it."""

    title: str
    model: type[BaseModel]


PARTS = (
    Part("`sites:` a list of", SiteShape),
    Part("`asset_classes:` a list of", AssetClassShape),
    Part("`assets:` a list of", AssetEntry),
    Part("`sources:` with `type: modbus`", ModbusSource),
    Part("`profiles:` a name for each", RegisterMap),
    Part("`sources:` with `type: opcua`", OpcuaSource),
    Part("`sources:` with `type: mqtt`", MqttSource),
    *(Part(f"`{section.key}:` a list of", section.shape) for section in SECTIONS),
    Part("A rule file", RuleFileShape),
    Part("`inputs:` a name for each", InputShape),
    Part("`rules:` a list of", RuleShape),
)


def reference() -> str:
    """The page."""
    lines = [_HEAD]
    told: set[str] = set()
    for part in PARTS:
        schema = part.model.model_json_schema(by_alias=True)
        definitions = schema.get("$defs", {})
        lines += [f"## {part.title}", "", _intro(schema), "", *_table(schema, definitions), ""]
        for name, definition in definitions.items():
            if "properties" in definition and name not in told:
                told.add(name)
                lines += [f"### {_title(name)}", "", _intro(definition), ""]
                lines += [*_table(definition, definitions), ""]
        told.add(part.model.__name__)
    return "\n".join(lines).rstrip() + "\n"


def _intro(schema: Schema) -> str:
    return str(schema.get("description", ""))


def _title(name: str) -> str:
    """`LocationShape` -> `Location`, `RegisterPoint` -> `Register point`."""
    bare = name.removesuffix("Shape")
    words = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in bare)
    return words.strip().capitalize()


def _table(schema: Schema, definitions: Schema) -> Iterator[str]:
    yield "| key | value | left out | meaning | example |"
    yield "|---|---|---|---|---|"
    for key, field in schema["properties"].items():
        required = key in schema.get("required", ())
        left_out = "must be given" if required else _default(field)
        example = _plain(field["examples"][0]) if field.get("examples") else ""
        cells = [
            f"`{key}`",
            _kind(field, definitions),
            left_out,
            _prose(field.get("description", "")),
        ]
        yield "| " + " | ".join(_cell(cell) for cell in [*cells, example]) + " |"


def _prose(text: str) -> str:
    """Text outside of code, where Markdown would take `<` for a tag."""
    return text.replace("<", "&lt;")


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _kind(field: Schema, definitions: Schema) -> str:
    """What kind of value a field takes, in words."""
    if "$ref" in field:
        name = field["$ref"].rpartition("/")[2]
        return _definition(name, definitions)
    if kinds := field.get("anyOf") or field.get("oneOf"):
        words = [_kind(kind, definitions) for kind in kinds if kind.get("type") != "null"]
        return " or ".join(dict.fromkeys(words))
    if "const" in field:
        return f"`{field['const']}`"
    if "enum" in field:
        return ", ".join(f"`{value}`" for value in field["enum"])
    if field.get("type") == "array":
        return f"list of {_kind(field.get('items', {}), definitions)}"
    if field.get("type") == "object":
        inner: list[Any] = [field.get("additionalProperties")]
        inner += field.get("patternProperties", {}).values()
        kind = next((each for each in inner if isinstance(each, dict)), {})
        return f"name: {_kind(kind, definitions)}"
    return _WORDS.get(str(field.get("type")), "value")


_WORDS = {"string": "text", "number": "number", "integer": "whole number", "boolean": "true, false"}


def _definition(name: str, definitions: Schema) -> str:
    definition = definitions[name]
    if "properties" not in definition:
        return _kind(definition, definitions)
    title = _title(name)
    return f"[{title.lower()}](#{title.lower().replace(' ', '-')})"


def _default(field: Schema) -> str:
    """What stands where nothing is given; a duration is held in microseconds."""
    value = field.get("default")
    if value in (None, "", [], {}):
        return ""
    if field.get("type") == "string" and isinstance(value, int):
        return f"`{format_duration(value)}`" if value else ""
    return _plain(value)


def _plain(value: object) -> str:
    return f"`{value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}`"


def write_reference(folder: Path = FILE.parent) -> None:
    """Write the page, and the schemas beside it and beside the demo's rules."""
    (folder / FILE.name).write_text(reference(), encoding="utf-8")
    for kind in SchemaKind:
        (folder / f"{kind}.schema.json").write_text(schema_text(kind), encoding="utf-8")
    DEMO_SCHEMA.write_text(schema_text(SchemaKind.RULES), encoding="utf-8")


if __name__ == "__main__":
    write_reference()
