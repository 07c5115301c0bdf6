"""How far ingest has come, for its status message."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from config.status import Part, Status
from ingest.writer import Written

ROLE = "ingest"
_US_PER_S = 1e6


class State(StrEnum):
    """What a worker does with a partition."""

    CONNECTING = "connecting"
    STANDBY = "standby"
    """Another worker has it, or its session has not ended yet."""
    READING = "reading"


@dataclass(slots=True)
class PartitionProgress:
    """State of one partition: until when the log is taken in, in µs since 1970."""

    state: State = State.CONNECTING
    caught_up_us: int = 0

    def lag_s(self, now_us: int) -> float:
        """Seconds between now and the time until which everything is stored; 0 at the start."""
        return max(0.0, (now_us - self.caught_up_us) / _US_PER_S) if self.caught_up_us else 0.0


@dataclass(slots=True)
class Progress:
    """Counts since the process started, in rows, and the state of each partition."""

    partitions: dict[int, PartitionProgress]
    stored: int = 0
    late: int = 0
    unknown: int = 0
    dead: int = 0

    def add(self, partition: int, written: Written, now_us: int) -> None:
        """Count a batch that was committed."""
        self.stored += written.stored
        self.late += written.late
        self.unknown += written.unknown
        self.dead += written.dead
        own = self.partitions[partition]
        own.caught_up_us = max(own.caught_up_us, min(written.newest_us, now_us))

    def share(self, owned: Collection[int]) -> None:
        """Note which partitions are this worker's: of the others it knows nothing."""
        for number, one in self.partitions.items():
            if number not in owned:
                one.state, one.caught_up_us = State.STANDBY, 0
            elif one.state is State.STANDBY and not one.caught_up_us:
                one.state = State.CONNECTING

    def status(self, name: str, now_us: int) -> Status:
        """The message of this second."""
        parts = {
            f"partition-{number}": Part(one.state, metrics={"lag_seconds": one.lag_s(now_us)})
            for number, one in self.partitions.items()
        }
        healthy = all(one.state is not State.CONNECTING for one in self.partitions.values())
        return Status(
            role=ROLE,
            name=name,
            ts=now_us,
            healthy=healthy,
            message="" if healthy else "waiting for the database or the log",
            metrics={
                "rows_total": self.stored,
                "late_rows_total": self.late,
                "unknown_rows_total": self.unknown,
                "dead_letters_total": self.dead,
                "lag_seconds": max(one.lag_s(now_us) for one in self.partitions.values()),
            },
            parts=parts,
        )
