"""Records of the log as one batch: what one transaction is to store."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from config.log import Kind, Record
from edge.reading import SensorAlarm
from edge.rejected import Rejected, fitted
from edge.wire import (
    ReadingColumns,
    SourceRows,
    WireError,
    decode_alarms,
    decode_columns,
    decode_rejects,
    encode_alarms,
    encode_readings,
)
from ingest.cursor import Cursor

RowNumbers = npt.NDArray[np.intp]


class LetterKind(StrEnum):
    """What a dead letter holds."""

    READINGS = "readings"
    ALARMS = "alarms"
    RECORD = "record"
    """A record of the log that is no batch."""
    PAYLOAD = "payload"
    """What a source sent and its collector could not read."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """What of a record cannot be stored, and why; `rows` is None where they cannot be counted."""

    record: Record
    kind: LetterKind
    reason: str
    rows: int | None
    data: bytes
    rejected: Rejected | None = None
    """Where a payload came from."""


@dataclass(frozen=True, slots=True)
class Content:
    """A record with what it holds; ticks hold nothing, `fault` says why a record is unreadable."""

    record: Record
    readings: ReadingColumns | None = None
    alarms: tuple[SensorAlarm, ...] = ()
    rejects: tuple[Rejected, ...] = ()
    fault: str = ""

    def __len__(self) -> int:
        readings = 0 if self.readings is None else len(self.readings)
        return readings + len(self.alarms) + len(self.rejects)


@dataclass(frozen=True, slots=True)
class Origin:
    """The edge that a reading came with, and its source; no source where the edge names none."""

    edge: str
    source: str


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Contents that go into one transaction, their readings joined in the log's order.

    `ends` holds, for each content, the number of readings up to and with it.
    """

    cursor: Cursor
    contents: tuple[Content, ...]
    readings: ReadingColumns
    ends: npt.NDArray[np.int64]

    @property
    def alarms(self) -> list[tuple[Record, SensorAlarm]]:
        return [(item.record, alarm) for item in self.contents for alarm in item.alarms]

    @property
    def unreadable(self) -> list[DeadLetter]:
        return [
            DeadLetter(item.record, LetterKind.RECORD, item.fault, None, item.record.data)
            for item in self.contents
            if item.fault
        ]

    @property
    def set_aside(self) -> list[DeadLetter]:
        """What the edge could not read."""
        return [
            DeadLetter(item.record, LetterKind.PAYLOAD, one.problem, None, one.payload, one)
            for item in self.contents
            for one in item.rejects
        ]

    def record_of(self, row: int) -> Record:
        """The record that a row of `readings` came with."""
        return self.contents[int(np.searchsorted(self.ends, row, "right"))].record

    def origins(self, rows: RowNumbers) -> tuple[list[Origin], npt.NDArray[np.intp]]:
        """Who sent some rows of `readings`: each origin once, and for each row which one it is."""
        runs = [
            (Origin(item.record.batch.edge, source), count)
            for item in self.contents
            if item.readings is not None
            for source, count in item.readings.sources or [("", len(item.readings))]
        ]
        places: dict[Origin, int] = {}
        of_run = np.array([places.setdefault(origin, len(places)) for origin, _ in runs], np.intp)
        ends = np.cumsum([count for _, count in runs], dtype=np.int64)
        return list(places), of_run[np.searchsorted(ends, rows, "right")]

    def letters(self, rows: RowNumbers, reason: str) -> list[DeadLetter]:
        """Dead letters of some rows of `readings`, one for each record that they came with."""
        owner = np.searchsorted(self.ends, rows, "right")
        origins, of_row = self.origins(rows)
        return [
            DeadLetter(
                self.contents[number].record,
                LetterKind.READINGS,
                reason,
                int((owner == number).sum()),
                encode_readings(
                    self.readings.take(rows[owner == number]),
                    _source_rows(origins, of_row[owner == number]),
                ),
            )
            for number in np.unique(owner)
        ]


def _source_rows(origins: Sequence[Origin], of_row: RowNumbers) -> list[SourceRows]:
    """The sources of the rows of one record."""
    return [
        (origins[place].source, sum(1 for _ in run))
        for place, run in itertools.groupby(of_row.tolist())
    ]


def open_record(record: Record) -> Content:
    """The content of a record; whatever is wrong with its bytes becomes its fault."""
    try:
        if record.kind is Kind.READINGS:
            return Content(record, readings=decode_columns(record.data))
        if record.kind is Kind.ALARMS:
            return Content(record, alarms=decode_alarms(record.data))
        if record.kind is Kind.REJECTS:
            # Whatever an edge sends, the table has to take it.
            return Content(record, rejects=tuple(map(fitted, decode_rejects(record.data))))
    except (WireError, ValueError) as error:
        return Content(record, fault=f"unreadable: {error}")
    return Content(record)


def join(cursor: Cursor, contents: Sequence[Content]) -> Batch:
    """The contents that `cursor` does not hold yet, as one batch with the cursor after them all."""
    fresh: list[Content] = []
    for content in contents:
        if not cursor.holds(content.record):
            fresh.append(content)
        cursor = cursor.after(content.record)
    lengths = [0 if item.readings is None else len(item.readings) for item in fresh]
    readings = [item.readings for item in fresh if item.readings is not None]
    return Batch(
        cursor,
        tuple(fresh),
        ReadingColumns.concatenate(readings),
        np.cumsum(lengths, dtype=np.int64),
    )


def alarm_letter(record: Record, alarm: SensorAlarm, reason: str) -> DeadLetter:
    """The dead letter of one alarm change."""
    return DeadLetter(record, LetterKind.ALARMS, reason, 1, encode_alarms((alarm,)))
