"""What the ingest worker is told beside the settings of all roles."""

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from config.errors import SettingsError


class IngestSettings(BaseSettings):
    """Settings of the ingest worker (`OILCAN_INGEST_…`)."""

    model_config = SettingsConfigDict(env_prefix="OILCAN_INGEST_", frozen=True, extra="ignore")

    name: str = Field(
        default="ingest",
        pattern=r"^[A-Za-z0-9_-]+$",
        description="Name of this worker in status and metrics, where several share the partitions.",
        examples=["ingest-2"],
    )
    max_rows: int = Field(
        default=200_000,
        ge=1,
        description="Readings after which a transaction takes no further batch.",
        examples=["200000"],
    )
    future_limit_s: float = Field(
        default=86_400.0,
        ge=0,
        description="Seconds that a reading may lie ahead of now; beyond it is a dead letter.",
        examples=["86400"],
    )


def load_ingest_settings() -> IngestSettings:
    """The settings of the environment. Raises `SettingsError`."""
    try:
        return IngestSettings()
    except ValidationError as error:
        lines = [
            f"OILCAN_INGEST_{'_'.join(map(str, item['loc'])).upper()}={item['input']!r}: "
            f"{item['msg']}"
            for item in error.errors()
        ]
        raise SettingsError("\n".join(lines)) from error
