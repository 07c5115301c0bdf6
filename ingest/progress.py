"""How far ingest has come, for its status message."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from config.status import Part, Status
from ingest.writer import Written

ROLE = "ingest"
_US_PER_S = 1e6
_WAITING = "waiting for the database or the log"


class State(StrEnum):
    """What a worker does with a partition."""

    CONNECTING = "connecting"
    STANDBY = "standby"
    """Another worker has it, or its session has not ended yet."""
    READING = "reading"


@dataclass(slots=True)
class PartitionProgress:
    """State of one partition: until when the log is taken in, in µs since 1970.

    `problem` says why nothing can be stored, from the first failure until something is stored again.
    """

    state: State = State.CONNECTING
    caught_up_us: int = 0
    problem: str = ""

    def failed(self, problem: str) -> None:
        """Nothing is stored for now."""
        self.state, self.problem = State.CONNECTING, problem

    def caught_up(self, at_us: int) -> None:
        """Everything is stored that came until then."""
        self.caught_up_us, self.problem = at_us, ""

    def lag_s(self, now_us: int) -> float:
        """Seconds between now and the time until which everything is stored; 0 at the start."""
        return max(0.0, (now_us - self.caught_up_us) / _US_PER_S) if self.caught_up_us else 0.0


@dataclass(slots=True)
class Progress:
    """Counts since the process started, in rows but for `bytes`, and the state of each partition."""

    partitions: dict[int, PartitionProgress]
    stored: int = 0
    late: int = 0
    unknown: int = 0
    dead: int = 0
    conflicts: int = 0
    bytes: int = 0

    def add(self, partition: int, written: Written, now_us: int) -> None:
        """Count a batch that was committed."""
        self.stored += written.stored
        self.late += written.late
        self.unknown += written.unknown
        self.dead += written.dead
        self.conflicts += written.conflicts
        self.bytes += written.bytes
        own = self.partitions[partition]
        own.caught_up(max(own.caught_up_us, min(written.newest_us, now_us)))

    def share(self, owned: Collection[int]) -> None:
        """Note which partitions are this worker's: of the others it knows nothing."""
        for number, one in self.partitions.items():
            if number not in owned:
                one.state, one.caught_up_us, one.problem = State.STANDBY, 0, ""
            elif one.state is State.STANDBY and not one.caught_up_us:
                one.state = State.CONNECTING

    def status(self, name: str, now_us: int) -> Status:
        """The message of this second."""
        parts = {
            f"partition-{number}": Part(one.state, one.problem, {"lag_seconds": one.lag_s(now_us)})
            for number, one in self.partitions.items()
        }
        problems = [one.problem for one in self.partitions.values() if one.problem]
        connecting = any(one.state is State.CONNECTING for one in self.partitions.values())
        message = problems[0] if problems else _WAITING if connecting else ""
        return Status(
            role=ROLE,
            name=name,
            ts=now_us,
            healthy=not message,
            message=message,
            metrics={
                "rows_total": self.stored,
                "late_rows_total": self.late,
                "unknown_rows_total": self.unknown,
                "conflicts_total": self.conflicts,
                "dead_letters_total": self.dead,
                "bytes_total": self.bytes,
                "lag_seconds": max(one.lag_s(now_us) for one in self.partitions.values()),
            },
            parts=parts,
        )
