"""How far an upgrade of the readings has come."""

from collections.abc import Callable
from dataclasses import dataclass

from config.database import Level


@dataclass(frozen=True, slots=True)
class UpgradeProgress:
    """Days done, of how many, on the way to a level, and the readings of the last one."""

    to: Level
    done: int
    of: int
    rows: int


Tell = Callable[[UpgradeProgress], None]
