"""What the condition engine is told, from the environment (`OILCAN_CONDITIONS_…`)."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class ConditionSettings(BaseSettings):
    """Settings of the condition engine."""

    model_config = SettingsConfigDict(env_prefix="OILCAN_CONDITIONS_", frozen=True, extra="ignore")

    lateness_s: float = Field(
        default=5.0,
        ge=0,
        le=86_400,
        description="Seconds that a delay which has run waits for a reading that is on its way; "
        "one that comes later is stored, but does not change what was decided without it.",
        examples=["5"],
    )
    snapshot_every_s: float = Field(
        default=5.0,
        gt=0,
        description="Seconds between snapshots of the engine's state.",
        examples=["5"],
    )
    snapshot_every_records: int = Field(
        default=20_000,
        ge=1,
        description="Records of the log after which a snapshot is taken at the latest.",
        examples=["20000"],
    )
    event_days: int = Field(
        default=1_826,
        ge=1,
        description="Days that events are kept once they have cleared, acknowledged or not, five "
        "years; those stay for ever that a work order names.",
        examples=["1826"],
    )
