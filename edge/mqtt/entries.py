"""What a source says of topics: which to take, and what their payloads hold."""

import csv
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal, Self
from zoneinfo import available_timezones

from pydantic import AfterValidator, BeforeValidator, Field, FiniteFloat, model_validator

from edge.filter import Report
from edge.mqtt.path import parse_path
from edge.mqtt.topics import is_name, parse_pattern, template_names
from edge.source import DurationUs, FileModel, ReportFields, check_tag
from edge.sparkplug.tags import DEFAULT_TEMPLATE, check_template
from edge.sparkplug.topic import NAMESPACE

_SOME_TIME = datetime(2026, 11, 23, 13, 7, 42)  # noqa: DTZ001 - only to try a format


def _pattern(text: str) -> str:
    parse_pattern(text)
    return text


def _template(text: str) -> str:
    template_names(text)
    return text


def _tag_template(text: str) -> str:
    return text if template_names(text) else check_tag(text)


def _path(text: str) -> str:
    if parse_path(text).each:
        raise ValueError(f"{text!r} stands for several values | Use `each:` for the list")
    return text


def _name(text: str) -> str:
    if not is_name(text):
        raise ValueError(f"{text!r} is no name for a tag | Write it in lower case")
    return text


def _delimiter(text: str) -> str:
    try:
        csv.reader([], delimiter=text)
    except (TypeError, ValueError) as error:
        remedy = 'Write one character, such as ";" or "\\t"'
        raise ValueError(f"{text!r} parts no columns | {remedy}") from error
    return text


def _time_format(text: str) -> str:
    try:
        back = datetime.strptime(_SOME_TIME.strftime(text), text)  # noqa: DTZ007 - only tried
        known = (back.year, back.month, back.day) == (2026, 11, 23)
    except ValueError:
        known = False
    if not known:
        remedy = "Write year, month and day, such as %d.%m.%Y %H:%M:%S"
        raise ValueError(f"{text!r} is no format of a time | {remedy}")
    return text


def _time_zone(text: str) -> str:
    if text not in available_timezones():
        raise ValueError(f"{text!r} is no time zone | Write one such as Europe/Berlin")
    return text


def _texts(value: Any) -> Any:
    if isinstance(value, Mapping) and any(isinstance(key, bool) for key in value):
        raise ValueError('YAML takes ON, off, yes and no for true and false | Quote them: "ON"')
    return value


def _column(value: Any) -> Any:
    # YAML's `true` is 1 to pydantic, and its unions answer one mistake twice.
    place = isinstance(value, int) and not isinstance(value, bool) and value >= 1
    if not place and not (isinstance(value, str) and value):
        raise ValueError(f"{value!r} is no column | Write its name, or its place from 1")
    return value


def _each(text: str) -> str:
    if not parse_path(text).each:
        raise ValueError(f"{text!r} stands for one value | End it in [*]")
    return text


def _sparkplug_filter(text: str) -> str:
    pattern = parse_pattern(text)
    if pattern.levels[0] != NAMESPACE or pattern.names or pattern.group is not None:
        raise ValueError(f"{text!r} is no Sparkplug B filter | Write {NAMESPACE}/# or part of it")
    return text


def _whole_template(text: str) -> str:
    if "{metric}" not in text:
        raise ValueError(f"{text!r} gives every metric one tag | Put {{metric}} into it")
    return check_template(text)


Pattern = Annotated[str, AfterValidator(_pattern)]
Template = Annotated[str, AfterValidator(_template)]
TagTemplate = Annotated[str, AfterValidator(_tag_template)]
Path = Annotated[str, AfterValidator(_path)]
EachPath = Annotated[str, AfterValidator(_each)]
Name = Annotated[str, AfterValidator(_name)]
Column = Annotated[int | str, BeforeValidator(_column)]


class TimeUnit(StrEnum):
    """How a payload writes a time: a number since 1970 in this unit, or ISO 8601 text."""

    SECONDS = "s"
    MILLISECONDS = "ms"
    MICROSECONDS = "us"
    ISO = "iso"


class _TopicFields(FileModel):
    filter: Pattern = Field(
        description="Topics to take: literal levels, +, {name} for one level, # at the end. "
        "Names serve in the templates below. With $share/GROUP/ before it, brokers deal the "
        "messages out among the members of that group.",
        examples=["plant/{asset}/{point}"],
    )

    def _require_names(self, template: str, also: frozenset[str] = frozenset()) -> None:
        unknown = set(template_names(template)) - set(parse_pattern(self.filter).names) - also
        if unknown:
            names = ", ".join(f"{{{name}}}" for name in sorted(unknown))
            raise ValueError(
                f"{template!r} uses {names}, which the filter does not give | "
                f"Name a level of the filter so, or write the text itself"
            )


class _ReadingFields(_TopicFields, ReportFields):
    points: dict[str, ReportFields] = Field(
        default_factory=dict,
        description="Deadband and heartbeat of some points, by role, in place of those above.",
        examples=[{"speed": {"deadband": "1%", "heartbeat": "30s"}}],
    )

    def report_of(self, tag: str) -> Report | None:
        """What is news of a point that these topics give."""
        return self.points.get(tag.partition(".")[2], self).report


class _NumberFields(_ReadingFields):
    decimal: Literal[".", ","] = Field(
        default=".", description="Decimal mark of numbers that are text.", examples=[","]
    )
    enum: Annotated[
        dict[str, FiniteFloat],
        BeforeValidator(_texts, json_schema_input_type=dict[str, FiniteFloat]),
    ] = Field(
        default_factory=dict,
        description="Reading for each text that is no number; true and false need none.",
        examples=[{"ON": 1, "OFF": 0}],
    )


class _TimeFields(_NumberFields):
    time_unit: TimeUnit = Field(
        default=TimeUnit.MILLISECONDS,
        description="How times are written: s, ms or us since 1970, or iso.",
        examples=["ms"],
    )
    time_format: Annotated[str, AfterValidator(_time_format)] | None = Field(
        default=None,
        description="How times are written, in place of `time_unit`: by the letters of strptime.",
        examples=["%d.%m.%Y %H:%M:%S"],
    )
    time_zone: Annotated[str, AfterValidator(_time_zone)] = Field(
        default="UTC",
        description="Zone of times that are text and do not name theirs.",
        examples=["Europe/Berlin"],
    )

    @model_validator(mode="after")
    def _one_way_to_write_times(self) -> Self:
        if self.time_format is not None and "time_unit" in self.model_fields_set:
            raise ValueError("time_unit and time_format both say how times are written | Keep one")
        return self


class PlainTopic(_NumberFields):
    """Topics whose payload is one number as text."""

    payload: Literal["plain"] = Field(description="plain", examples=["plain"])
    tag: TagTemplate = Field(
        default="{asset}.{point}",
        description="The point's tag, from names of the filter.",
        examples=["{asset}.{point}"],
    )

    @model_validator(mode="after")
    def _names_known(self) -> Self:
        self._require_names(self.tag)
        return self


class JsonTopic(_TimeFields):
    """Topics whose payload is a JSON document with one value, or with a list of them."""

    payload: Literal["json"] = Field(description="json", examples=["json"])
    each: EachPath | None = Field(
        default=None,
        description="List in the document whose every item is a reading; the paths below start "
        "at the item then.",
        examples=["$.m[*]"],
    )
    tag: TagTemplate = Field(
        default="{asset}.{point}",
        description="The point's tag, from names of the filter and keys of the item.",
        examples=["{asset}.{n}"],
    )
    value: Path = Field(description="Path of the number (or true, false).", examples=["$.v"])
    time: Path | None = Field(
        default=None,
        description="Path of the reading's own time; left out: the time of receipt.",
        examples=["$.t"],
    )
    optional: bool = Field(
        default=False,
        description="May a document lack the value? Then it tells nothing, as where a device "
        "sends only what changed; else that is a bad reading.",
        examples=[True],
    )
    document_time: Path | None = Field(
        default=None,
        description="Path, from the document's top, of one time for all items that have no `time`.",
        examples=["$.ts"],
    )
    names: dict[Name, Path] = Field(
        default_factory=dict,
        description="More names for the tag, by path from the document's top.",
        examples=[{"asset": "$.device.name"}],
    )

    @model_validator(mode="after")
    def _names_are_new(self) -> Self:
        twice = sorted(set(self.names) & set(parse_pattern(self.filter).names))
        if twice:
            raise ValueError(f"the filter gives {twice[0]!r} too | Give each its own name")
        return self


class CsvTopic(_TimeFields):
    """Topics whose payload is CSV: each row is a reading."""

    payload: Literal["csv"] = Field(description="csv", examples=["csv"])
    delimiter: Annotated[str, AfterValidator(_delimiter)] = Field(
        default=",", description="What parts the columns.", examples=[";"]
    )
    header: bool = Field(
        default=True, description="Does the first row name the columns?", examples=[False]
    )
    columns: list[str] = Field(
        default_factory=list,
        description="Names of the columns, in order, where there is no header or in its place.",
        examples=[["time", "point", "value"]],
    )
    tag: TagTemplate = Field(
        default="{asset}.{point}",
        description="The point's tag, from names of the filter and of columns.",
        examples=["{asset}.{point}"],
    )
    value: Column = Field(
        description="Column of the number: its name, or its place from 1.", examples=["value"]
    )
    time: Column | None = Field(
        default=None,
        description="Column of the reading's own time; left out: the time of receipt.",
        examples=["time"],
    )

    @model_validator(mode="after")
    def _columns_known(self) -> Self:
        if len(set(self.columns)) < len(self.columns):
            raise ValueError("a column's name is given twice | Give each its own name")
        if self.header and not self.columns:
            return self
        names = {name for name in (self.value, self.time) if isinstance(name, str)}
        if unknown := sorted(names - set(self.columns)):
            remedy = "Name all columns in `columns:`, or write its place from 1"
            raise ValueError(f"nothing names the column {unknown[0]!r} | {remedy}")
        self._require_names(self.tag, also=frozenset(self.columns))
        return self


class AlarmTopic(_TopicFields):
    """Topics whose payload is an alarm: JSON {active, severity, message}."""

    payload: Literal["alarm"] = Field(description="alarm", examples=["alarm"])
    asset: Template = Field(
        default="{asset}",
        description="Tag of the asset, from names of the filter.",
        examples=["C-301"],
    )
    code: Template = Field(
        default="{code}",
        description="Code of the alarm, from names of the filter.",
        examples=["BELT_STALLED"],
    )
    acknowledged: Path | None = Field(
        default=None,
        description="Path of true or false: has somebody acknowledged the alarm at the device? A "
        "payload may lack it, which is false. Left out: the device is not asked.",
        examples=["$.acknowledged"],
    )

    @model_validator(mode="after")
    def _names_known(self) -> Self:
        self._require_names(self.asset)
        self._require_names(self.code)
        return self


class StateTopic(_TopicFields):
    """Topics by which a device tells that it is there: often its will, sent by the broker."""

    payload: Literal["state"] = Field(description="state", examples=["state"])
    asset: Template = Field(
        default="{asset}",
        description="Tag of the asset whose points go bad, from names of the filter.",
        examples=["C-301"],
    )
    online: str = Field(
        default="online", description="Payload that says it is there.", examples=["online"]
    )
    offline: str = Field(
        default="offline", description="Payload that says it is gone.", examples=["offline"]
    )

    @model_validator(mode="after")
    def _states_differ(self) -> Self:
        self._require_names(self.asset)
        if self.online == self.offline:
            raise ValueError("online and offline are the same | Give each its own text")
        return self


class SparkplugTopic(FileModel):
    """Edge nodes that speak Sparkplug B: each message says which metrics it holds."""

    filter: Annotated[str, AfterValidator(_sparkplug_filter)] = Field(
        default=f"{NAMESPACE}/#",
        description="Edge nodes to follow: all, or those of a group. Every message of a node has "
        "to match.",
        examples=["spBv1.0/Plant1/#"],
    )
    payload: Literal["sparkplug_b"] = Field(description="sparkplug_b", examples=["sparkplug_b"])
    host_id: str | None = Field(
        default=None,
        pattern=r"^[^/+#\s{}]{1,64}$",
        description="Name under which edge nodes know us as their primary host: our state is "
        "published under it. Left out: no state is published.",
        examples=["oilcan"],
    )
    tag: Annotated[str, AfterValidator(_whole_template)] = Field(
        default=DEFAULT_TEMPLATE,
        description="The point's tag, from {group}, {node}, {device} (the node's name for its own "
        "metrics) and {metric}; whatever a tag cannot hold, such as /, becomes _.",
        examples=["{device}.{metric}"],
    )
    tags: dict[str, Annotated[str, AfterValidator(check_template)]] = Field(
        default_factory=dict,
        description="Tags of their own for some metrics, by the metric's name.",
        examples=[{"Motor/Speed": "{device}.speed"}],
    )
    reorder_timeout_us: DurationUs = Field(
        default=2_000_000,
        alias="reorder_timeout",
        description="How long to wait for a missing message before asking the node for a rebirth.",
        examples=["2s"],
    )


Topic = Annotated[
    PlainTopic | JsonTopic | CsvTopic | AlarmTopic | StateTopic | SparkplugTopic,
    Field(discriminator="payload"),
]
