"""What the ingest worker is told beside the settings of all roles."""

from collections.abc import Callable

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from config.clock import ClockUs
from config.errors import SettingsError
from ingest.chunks import DAY_US
from ingest.sorting import Span


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
    columnstore_after_days: int = Field(
        default=1,
        ge=1,
        description="Days after its end that a day of readings becomes columns; on TimescaleDB's "
        "Community edition (level 3). More, where readings come late by days.",
        examples=["1"],
    )
    dead_letter_days: int = Field(
        default=90,
        ge=1,
        description="Days that payloads nobody could read and settled dead letters are kept. Rows "
        "that wait to be stored are kept as long as readings are.",
        examples=["90"],
    )
    dead_letter_payloads: int = Field(
        default=10_000,
        ge=1,
        description="Payloads that are kept of one source; each is 64 KiB at most. Older ones go.",
        examples=["10000"],
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


def storable_span(
    own: IngestSettings, *, retention_days: int, clock: ClockUs
) -> Callable[[], Span]:
    """Gives the times that may be stored just now: back to the retention, ahead to the limit."""

    def span() -> Span:
        now = clock()
        return Span(now - retention_days * DAY_US, now + round(own.future_limit_s * 1e6))

    return span
