"""What the command line is told: the environment (`OILCAN_…`), with given options over it."""

from typing import Any, TypeVar

from pydantic import Field, ValidationError
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
    output_max_bytes: int = Field(
        default=10 * 1024**2,
        ge=64 * 1024,
        description="Size at which a file below OILCAN_HOME/logs is set aside; three are kept.",
        examples=["10485760"],
    )


def load(model: type[SettingsT], **options: Any) -> SettingsT:
    """The settings of the environment, with every option that is not None over it.

    Raises `SettingsError` with every wrong value, where it was said, and what would be right.
    """
    given = {name: value for name, value in options.items() if value is not None}
    try:
        return model(**given)
    except ValidationError as error:
        lines = [
            f"{_source('_'.join(map(str, item['loc'])), given)}={item['input']!r}: {item['msg']}"
            for item in error.errors()
        ]
        raise SettingsError("\n".join(lines)) from error


def _source(name: str, given: dict[str, Any]) -> str:
    return f"--{name.replace('_', '-')}" if name in given else f"OILCAN_{name.upper()}"
