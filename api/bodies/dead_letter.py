"""What the API shows and takes of dead letters."""

import base64
from datetime import datetime
from math import isfinite

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from api.bodies.page import FromDomain, PageQuery
from config.clock import from_us
from edge.reading import AlarmBatch, split_quality
from edge.wire import ReadingColumns
from ingest.batch import LetterKind
from ingest.dead_letter_service import letter_content
from ingest.dead_letters import DeadLetter, LetterFilter, LetterState

_ROWS_SHOWN = 100


class DeadLetterQuery(PageQuery):
    """Which dead letters are wanted."""

    state: LetterState | None = Field(default=None, description="Left out: any.")
    kind: LetterKind | None = Field(default=None, description="Left out: any.")
    source: str | None = Field(default=None, description="Payloads of this source alone.")
    edge: str | None = Field(default=None, description="What came from this edge alone.")

    @property
    def filter(self) -> LetterFilter:
        """As the query wants it."""
        return LetterFilter(self.state, self.kind, self.source, self.edge)


class DeadLetterBody(FromDomain):
    """What could not be stored or read, and why."""

    id: int
    kind: LetterKind = Field(
        description="`readings`, `alarms`: rows that could not be stored. `record`: a record of "
        "the log that is no batch. `payload`: what a source sent and nobody could read."
    )
    state: LetterState
    edge: str = Field(examples=["edge-1"])
    source: str = Field(description="Of a payload: the source that it came from.")
    address: str = Field(description="Of a payload: its topic, register or node.")
    reason: str = Field(examples=["too far in the future"])
    rows: int | None = Field(description="Rows that it holds; null: they cannot be counted.")
    size: int = Field(description="Bytes that are kept.")
    reader: str
    partition: int
    sequence: int
    batch: str
    received_at: datetime
    created_at: datetime
    settled_at: datetime | None
    settled_by: str | None
    settled_note: str | None = Field(description="What a retry stored, or why it was given up.")


class LetterReading(BaseModel):
    """One reading of a dead letter."""

    tag: str = Field(examples=["P-101.de_vibration"])
    ts: datetime | None = Field(description="Null: no year that a calendar knows.")
    value: float | None
    quality: str = Field(examples=["good"])


class LetterAlarm(BaseModel):
    """One alarm change of a dead letter."""

    asset: str = Field(examples=["P-101"])
    code: str
    ts: datetime | None
    active: bool
    severity: int
    message: str


class DeadLetterDetail(DeadLetterBody):
    """A dead letter with what it holds; of rows, the first 100."""

    readings: list[LetterReading]
    alarms: list[LetterAlarm]
    text: str | None = Field(description="The payload where it is text.")
    data: str = Field(description="The bytes, in base 64.")

    @classmethod
    def of(cls, letter: DeadLetter, data: bytes) -> "DeadLetterDetail":
        """From the letter and its bytes."""
        content = letter_content(letter.kind, data)
        return cls(
            **DeadLetterBody.model_validate(letter).model_dump(),
            readings=_readings(content) if isinstance(content, ReadingColumns) else [],
            alarms=_alarms(content) if isinstance(content, tuple) else [],
            text=_text(data) if letter.kind is LetterKind.PAYLOAD else None,
            data=base64.b64encode(data).decode(),
        )


class RetriedBody(FromDomain):
    """What came of a retry, in rows."""

    stored: int
    known: int = Field(description="They were there already, and stay as they are.")
    unknown: int = Field(description="Of tags without a point; kept until they have one.")


class DiscardBody(BaseModel):
    """Why a dead letter is given up."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"reason": "test signal of commissioning"}]}
    )

    reason: str = Field(min_length=1, max_length=1_000)


class DeadLetterCount(BaseModel):
    """How many dead letters wait for somebody."""

    count: int


def _readings(columns: ReadingColumns) -> list[LetterReading]:
    batch = columns.take(np.arange(min(len(columns), _ROWS_SHOWN)))
    return [
        LetterReading(
            tag=batch.tags[batch.tag_index[row]],
            ts=_moment(int(batch.ts[row])),
            value=float(batch.value[row]) if isfinite(batch.value[row]) else None,
            quality=split_quality(int(batch.quality[row]))[0].name.lower(),
        )
        for row in range(len(batch))
    ]


def _alarms(alarms: AlarmBatch) -> list[LetterAlarm]:
    return [
        LetterAlarm(
            asset=alarm.asset,
            code=alarm.code,
            ts=_moment(alarm.ts),
            active=alarm.active,
            severity=alarm.severity,
            message=alarm.message,
        )
        for alarm in alarms[:_ROWS_SHOWN]
    ]


def _moment(us: int) -> datetime | None:
    try:
        return from_us(us)
    except OverflowError:
        return None


def _text(data: bytes) -> str | None:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None
