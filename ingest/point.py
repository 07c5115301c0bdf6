"""A point: one measured signal of one asset, as the register has it."""

from dataclasses import dataclass
from enum import StrEnum


class PointKind(StrEnum):
    """How a point's number behaves in time."""

    GAUGE = "gauge"
    COUNTER = "counter"
    STATE = "state"


@dataclass(frozen=True, slots=True)
class Point:
    """One measured signal; `low` and `high` bound what is believed.

    `rollover`, `jitter` and `max_per_hour` are a counter's.
    """

    id: int
    tag: str
    asset_id: int
    asset: str
    asset_class: str
    role: str
    name: str
    unit: str
    kind: PointKind
    resolution: float | None
    low: float | None
    high: float | None
    rollover: float | None
    jitter: float | None = None
    max_per_hour: float | None = None
