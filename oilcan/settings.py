"""What the command line is told: the environment (`OILCAN_…`), with given options over it."""

import re
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from config.errors import SettingsError

SettingsT = TypeVar("SettingsT", bound=BaseSettings)


class EngineSettings(BaseSettings):
    """Where the engines of `oilcan up` listen, and how much they keep."""

    model_config = SettingsConfigDict(env_prefix="OILCAN_", frozen=True, extra="ignore")

    log_port: int = Field(
        default=0,
        ge=0,
        le=65535,
        description="Port of the embedded log on loopback; 0: any free one.",
        examples=["4222"],
    )
    mqtt_host: str = Field(
        default="127.0.0.1",
        description="Address that the embedded MQTT broker listens on.",
        examples=["0.0.0.0"],  # noqa: S104 - an example; the default is loopback
    )
    mqtt_port: int = Field(
        default=1883,
        ge=0,
        le=65535,
        description="Port of the embedded MQTT broker; 0: any free one.",
        examples=["1883"],
    )
    gateway_host: str = Field(
        default="127.0.0.1",
        description="Address that gateways reach the embedded log at.",
        examples=["0.0.0.0"],  # noqa: S104 - an example; the default is loopback
    )
    gateway_port: int | None = Field(
        default=None,
        ge=0,
        le=65535,
        description="Port for gateways at the embedded log; empty: no gateways, 0: any free one.",
        examples=["7422"],
    )
    gateway_certificate: Path | None = Field(
        default=None,
        description="Certificate that gateways are shown (PEM); empty: their links are not encrypted.",
        examples=["/etc/oilcan/hub.pem"],
    )
    gateway_key: Path | None = Field(
        default=None,
        description="Key of that certificate (PEM).",
        examples=["/etc/oilcan/hub.key"],
    )
    output_max_bytes: int = Field(
        default=10 * 1024**2,
        ge=64 * 1024,
        description="Size at which a file below OILCAN_HOME/logs is set aside; three are kept.",
        examples=["10485760"],
    )


class GatewaySettings(BaseSettings):
    """What `oilcan edge run` is told where it is a gateway: one with a log of its own and a hub."""

    model_config = SettingsConfigDict(env_prefix="OILCAN_", frozen=True, extra="ignore")

    hub: str = Field(
        default="",
        description="Hub to hand everything to, with the login; empty: the edge is no gateway.",
        examples=["tls://gateway-hall-1:secret@hub:7422"],
    )
    hub_ca: Path | None = Field(
        default=None,
        description="Authority of the hub's certificate (PEM); empty: those that the system trusts.",
        examples=["/etc/oilcan/ca.pem"],
    )
    local_max_bytes: int = Field(
        default=4 * 1024**3,
        ge=16 * 1024**2,
        description="Bound of a gateway's own log on disk, in bytes; full, devices have to wait.",
        examples=["4294967296"],
    )
    local_mqtt_host: str = Field(
        default="127.0.0.1",
        description="Address that a gateway's own MQTT broker listens on.",
        examples=["0.0.0.0"],  # noqa: S104 - an example; the default is loopback
    )
    local_mqtt_port: int | None = Field(
        default=None,
        ge=0,
        le=65535,
        description="Port of a gateway's own MQTT broker; empty: none, 0: any free one.",
        examples=["1883"],
    )

    @field_validator("hub")
    @classmethod
    def _is_address(cls, value: str) -> str:
        if not value:
            return value
        address = urlsplit(value)
        if address.scheme not in {"nats", "tls"} or not address.hostname or not address.port:
            raise ValueError(
                "write nats://USER:PASSWORD@HOST:PORT, or tls://… where it is encrypted"
            )
        return value


def load(model: type[SettingsT], **options: Any) -> SettingsT:
    """The settings of the environment, with every option that is not None over it.

    Raises `SettingsError` with every wrong value, where it was said, and what would be right.
    """
    given = {name: value for name, value in options.items() if value is not None}
    try:
        return model(**given)
    except ValidationError as error:
        lines = [
            f"{_source('_'.join(map(str, item['loc'])), given)}={_shown(item['input'])}: {item['msg']}"
            for item in error.errors()
        ]
        raise SettingsError("\n".join(lines)) from error


def _shown(value: object) -> str:
    """A value as people may see it: an URL without its login."""
    return re.sub(r"//[^/]*@", "//...@", repr(value))


def _source(name: str, given: dict[str, Any]) -> str:
    return f"--{name.replace('_', '-')}" if name in given else f"OILCAN_{name.upper()}"
