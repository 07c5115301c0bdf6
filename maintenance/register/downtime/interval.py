"""One interval of an asset's downtime."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class DowntimeKind(StrEnum):
    """Was it meant to be down?"""

    PLANNED = "planned"
    UNPLANNED = "unplanned"


@dataclass(frozen=True, slots=True)
class NewDowntime:
    """An interval to be recorded, of an asset by its id; without an end it is down still."""

    asset_id: int
    kind: DowntimeKind
    started_at: datetime
    ended_at: datetime | None = None
    reason: str = ""
    work_order_id: int | None = None


@dataclass(frozen=True, slots=True)
class Downtime:
    """A recorded interval, `ended_at` None while it is open; `work_order` is a number."""

    id: int
    asset_id: int
    asset: str
    kind: DowntimeKind
    started_at: datetime
    ended_at: datetime | None
    reason: str
    work_order: str | None
    actor: str
    ended_by: str | None

    @property
    def is_open(self) -> bool:
        """Is the asset down still?"""
        return self.ended_at is None
