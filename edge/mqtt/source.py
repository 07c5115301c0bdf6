"""An MQTT source in a plant's files: a broker, and the topics to take."""

from enum import StrEnum
from pathlib import PurePath
from types import MappingProxyType
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from edge.mqtt.entries import SparkplugTopic, Topic
from edge.mqtt.topics import parse_pattern
from edge.source import Address, DurationUs, FileModel, SourceFields, parse_address

_PORTS = MappingProxyType({"mqtt": 1883, "mqtts": 8883})


def _parsed(text: str) -> Address:
    scheme = "mqtts" if text.startswith("mqtts:") else "mqtt"
    return parse_address(text, scheme=scheme, port=_PORTS[scheme])


EMBEDDED = "embedded"


def _address(text: str) -> str:
    if text != EMBEDDED:
        _parsed(text)
    return text


def _file(text: str) -> str:
    if not PurePath(text).is_absolute():
        raise ValueError(f"{text!r} is no absolute path | Write it from the root: /etc/oilcan/...")
    return text


FilePath = Annotated[str, AfterValidator(_file)]


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
        "TLS (port 8883). With `qos: 0` also embedded: the broker of this edge's log, whose messages "
        "are taken in batches.",
        examples=["mqtts://broker.plant.example"],
    )
    version: Annotated[Version, BeforeValidator(str, json_schema_input_type=Version)] = Field(
        default=Version.V311,
        description="Version of MQTT: 3.1.1 or 5.",
        examples=["5"],
    )
    qos: Literal[0, 1] = Field(
        default=1,
        description="Quality of service at which we take messages. 1: one is acknowledged once it is on "
        "disk. 0: nothing is, and what is lost on the way is not noticed.",
        examples=[1],
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
    def _embedded_fits(self) -> Self:
        if self.connect != EMBEDDED:
            return self
        if self.qos:
            remedy = "Add `qos: 0`, or write mqtt://127.0.0.1 for acknowledged messages"
            raise ValueError(f"embedded takes messages at quality of service 0 alone | {remedy}")
        if any(isinstance(topic, SparkplugTopic) for topic in self.topics):
            raise ValueError("Sparkplug needs a connection of its own | Write mqtt://127.0.0.1")
        for topic in self.topics:
            pattern = parse_pattern(topic.filter)
            if pattern.group is not None or pattern.filter[0] in "+#$":
                remedy = "Begin it with the name of a level, as plant/#"
                raise ValueError(f"{topic.filter!r} takes more than devices' topics | {remedy}")
        return self

    @model_validator(mode="after")
    def _options_fit(self) -> Self:
        if self.connect == EMBEDDED and {"tls", "user", "password"} & self.model_fields_set:
            raise ValueError("embedded has no login of its own | Leave out tls, user and password")
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
        """`connect` in parts; nothing of the embedded broker's, which is at the log's."""
        return _parsed("mqtt://127.0.0.1" if self.connect == EMBEDDED else self.connect)

    @property
    def session(self) -> str:
        """The client identity to use."""
        return self.client_id or f"oilcan-{self.name}"
