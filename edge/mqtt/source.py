"""An MQTT source in a plant's files: a broker, the topics to take and what their payloads hold."""

from enum import StrEnum
from pathlib import PurePath
from types import MappingProxyType
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from edge.filter import Report
from edge.mqtt.path import parse_path
from edge.mqtt.topics import parse_pattern, template_names
from edge.source import (
    Address,
    DurationUs,
    FileModel,
    ReportFields,
    SourceFields,
    check_tag,
    parse_address,
)
from edge.sparkplug.tags import DEFAULT_TEMPLATE, check_template
from edge.sparkplug.topic import NAMESPACE

_PORTS = MappingProxyType({"mqtt": 1883, "mqtts": 8883})


def _parsed(text: str) -> Address:
    scheme = "mqtts" if text.startswith("mqtts:") else "mqtt"
    return parse_address(text, scheme=scheme, port=_PORTS[scheme])


def _address(text: str) -> str:
    _parsed(text)
    return text


def _file(text: str) -> str:
    if not PurePath(text).is_absolute():
        raise ValueError(f"{text!r} is no absolute path | Write it from the root: /etc/oilcan/...")
    return text


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
FilePath = Annotated[str, AfterValidator(_file)]
EachPath = Annotated[str, AfterValidator(_each)]


class Stay(StrEnum):
    """What the broker keeps of us while we are away."""

    LASTING = "lasting"
    """Our session, with what devices publish meanwhile."""
    PASSING = "passing"
    """Nothing: we come under a name of our own, and only to look."""


class Version(StrEnum):
    """Version of the protocol."""

    V311 = "3.1.1"
    V5 = "5"


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


class PlainTopic(_ReadingFields):
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


class JsonTopic(_ReadingFields):
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
    time_unit: TimeUnit = Field(
        default=TimeUnit.MILLISECONDS,
        description="How that time is written: s, ms or us since 1970, or iso.",
        examples=["ms"],
    )


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
    PlainTopic | JsonTopic | AlarmTopic | StateTopic | SparkplugTopic,
    Field(discriminator="payload"),
]


class Tls(FileModel):
    """Whom we believe and what we show, with `mqtts://`."""

    ca: FilePath | None = Field(
        default=None,
        description="Certificates (PEM) that the broker's one has to come from; left out: those "
        "that the system trusts.",
        examples=["/etc/oilcan/ca.pem"],
    )
    certificate: FilePath | None = Field(
        default=None,
        description="Our own certificate (PEM), for brokers that ask for one.",
        examples=["/etc/oilcan/edge.pem"],
    )
    key: FilePath | None = Field(
        default=None,
        description="Key of our certificate (PEM, without a password); left out: it is in the "
        "certificate's file.",
        examples=["/etc/oilcan/edge.key"],
    )


class MqttSource(SourceFields):
    """An MQTT broker and what devices publish there."""

    type: Literal["mqtt"] = Field(description="mqtt", examples=["mqtt"])
    connect: Annotated[str, AfterValidator(_address)] = Field(
        description="The broker: mqtt://host:port (port 1883 if none is given), or mqtts:// for "
        "TLS (port 8883).",
        examples=["mqtts://broker.plant.example"],
    )
    version: Annotated[Version, BeforeValidator(str, json_schema_input_type=Version)] = Field(
        default=Version.V311,
        description="Version of MQTT: 3.1.1 or 5.",
        examples=["5"],
    )
    tls: Tls | None = Field(
        default=None,
        description="Certificates, with mqtts://.",
        examples=[{"ca": "/etc/oilcan/ca.pem"}],
    )
    session_expiry_us: DurationUs = Field(
        default=604_800_000_000,
        alias="session_expiry",
        description="With version 5: how long the broker keeps our session, and what comes for it, "
        "while we are away. In version 3.1.1 the broker's own settings say.",
        examples=["7d"],
    )
    receive_maximum: int = Field(
        default=2_000,
        ge=1,
        le=65_535,
        description="With version 5: messages that the broker sends before it waits for an "
        "acknowledgement. In version 3.1.1 the broker's own settings say, 20 in Mosquitto.",
        examples=[2000],
    )
    client_id: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9_-]{1,64}$",
        description="Identity of our session on the broker, unique there: it keeps messages while "
        "we are away. Left out: oilcan-<name of the source>.",
        examples=["oilcan-hall-1"],
    )
    user: str | None = Field(
        default=None, description="User to log in as; left out: none.", examples=["oilcan"]
    )
    password: str | None = Field(
        default=None,
        repr=False,
        description="The user's password; keep it in the environment.",
        examples=["${BROKER_PASSWORD}"],
    )
    topics: list[Topic] = Field(
        min_length=1,
        description="What to take; several may match one topic, for several values in a document.",
        examples=[[{"filter": "plant/{asset}/{point}", "payload": "plain"}]],
    )

    @model_validator(mode="after")
    def _options_fit(self) -> Self:
        if self.tls is not None and self.address.scheme != "mqtts":
            raise ValueError("tls stands beside mqtt:// | Write mqtts:// in `connect`")
        if self.tls is not None and self.tls.key is not None and self.tls.certificate is None:
            raise ValueError("a key without its certificate | Add `certificate:` to `tls:`")
        fives = {"session_expiry_us", "receive_maximum"} & self.model_fields_set
        if fives and self.version is not Version.V5:
            names = ", ".join(sorted(name.removesuffix("_us") for name in fives))
            raise ValueError(f"{names}: only version 5 has it | Add `version: 5`")
        return self

    @model_validator(mode="after")
    def _one_host(self) -> Self:
        if len(self._hosts) > 1:
            raise ValueError("two topics have a host_id | A connection has one state: keep one")
        return self

    @property
    def _hosts(self) -> list[str]:
        return [
            topic.host_id
            for topic in self.topics
            if isinstance(topic, SparkplugTopic) and topic.host_id is not None
        ]

    @property
    def host_id(self) -> str | None:
        """The name under which our state is published."""
        return next(iter(self._hosts), None)

    @property
    def address(self) -> Address:
        """`connect` in parts."""
        return _parsed(self.connect)

    @property
    def session(self) -> str:
        """The client identity to use."""
        return self.client_id or f"oilcan-{self.name}"
