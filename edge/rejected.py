"""What a source sent and nobody could read: kept aside in the log, within bounds. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

PAYLOAD_BYTES = 64 * 1024
"""Bytes of a payload that are kept; it is evidence for a person, not data to be read again."""

_TEXT = 1_000
_MINUTE_US = 60_000_000
# 9999-01-01, the last year that a datetime knows.
_LAST_US = 253_370_764_800_000_000


@dataclass(frozen=True, slots=True)
class Rejected:
    """A payload or value that could not be read, with the reason; `received_us` is µs UTC.

    `address` is where in the source it came from: a topic, a register, a node.
    """

    source: str
    address: str
    problem: str
    payload: bytes
    received_us: int

    @property
    def weight(self) -> int:
        """What it counts among rows that wait in memory: one reading is about 32 bytes."""
        return 1 + len(self.payload) // 32


def fitted(rejected: Rejected) -> Rejected:
    """The same within what the log and the table hold: the problem says what was cut."""
    problem, payload = rejected.problem, rejected.payload
    if len(payload) > PAYLOAD_BYTES:
        problem = f"{problem[:_TEXT]} (the first {PAYLOAD_BYTES} of {len(payload)} bytes are kept)"
        payload = payload[:PAYLOAD_BYTES]
    else:
        problem = problem[:_TEXT]
    return Rejected(
        source=_storable(rejected.source[:_TEXT]),
        address=_storable(rejected.address[:_TEXT]),
        problem=_storable(problem),
        payload=payload,
        received_us=min(max(rejected.received_us, 0), _LAST_US),
    )


class RejectLimit:
    """Lets through the first `per_minute` of one source in each minute; the rest are counted.

    Minutes are those of the times of receipt, so a clock that steps begins another minute.
    """

    def __init__(self, per_minute: int = 20) -> None:
        self.not_kept = 0
        self._per_minute = per_minute
        self._minute = -1
        self._passed = 0

    def kept(self, rejected: Sequence[Rejected]) -> list[Rejected]:
        """Those that are to be kept, in order."""
        return [one for one in rejected if self._passes(one.received_us // _MINUTE_US)]

    def _passes(self, minute: int) -> bool:
        if minute != self._minute:
            self._minute, self._passed = minute, 0
        if self._passed >= self._per_minute:
            self.not_kept += 1
            return False
        self._passed += 1
        return True


def _storable(text: str) -> str:
    """The database's texts hold neither the character NUL nor half of a surrogate pair."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")
