"""Documents with one value or many, JSON or CSV, taken apart into items. Pure, never crashes."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from config.clock import to_us
from edge.errors import PayloadError
from edge.mqtt.entries import CsvTopic, JsonTopic, TimeUnit
from edge.mqtt.path import JsonPath, parse_path
from edge.mqtt.payload import Numbers, parse_json, text_of, time_of


class Item(Protocol):
    """One reading of a document. Each part raises `PayloadError` where it cannot be read."""

    def name(self, name: str) -> str:
        """What stands for a name in the tag."""
        ...

    def number(self) -> float | None:
        """The value; None where the device says that it has none."""
        ...

    def time_us(self) -> int | None:
        """Its own time in µs; None where such documents have none."""
        ...


class Document(Protocol):
    """What a topic's payloads are like."""

    def items(self, payload: bytes) -> Iterator[Item]:
        """The readings in a payload; raises `PayloadError` where it is no such document."""
        ...


def document_of(topic: JsonTopic | CsvTopic) -> Document:
    """The documents that a topic's settings describe."""
    return _Json(topic) if isinstance(topic, JsonTopic) else _Csv(topic)


@dataclass(frozen=True, slots=True)
class Times:
    """How a document writes times; `zone` is that of times that do not name theirs."""

    unit: TimeUnit
    form: str | None
    zone: tzinfo

    @classmethod
    def of(cls, topic: JsonTopic | CsvTopic) -> "Times":
        """As a topic's settings say."""
        return cls(topic.time_unit, topic.time_format, ZoneInfo(topic.time_zone))

    def us(self, written: Any) -> int:
        """The time in µs. Raises `PayloadError`."""
        if self.form is None:
            return time_of(written, self.unit, self.zone)
        try:
            moment = datetime.strptime(written.strip(), self.form)  # noqa: DTZ007 - see below
            return to_us(moment if moment.tzinfo else moment.replace(tzinfo=self.zone))
        except (AttributeError, ValueError, OverflowError) as error:
            raise PayloadError(f"{written!r:.80} is not a time like {self.form}") from error


class _Json:
    """JSON: one value, or a list of them."""

    def __init__(self, topic: JsonTopic) -> None:
        self.value = parse_path(topic.value)
        self.time = parse_path(topic.time) if topic.time else None
        self.document_time = parse_path(topic.document_time) if topic.document_time else None
        self.names = {name: parse_path(path) for name, path in topic.names.items()}
        self.numbers = Numbers(topic.decimal, topic.enum)
        self.times = Times.of(topic)
        self._each = parse_path(topic.each or "$")
        self._optional = topic.optional

    def items(self, payload: bytes) -> Iterator[Item]:
        """See `Document`."""
        document = parse_json(payload)
        try:
            found = self._each.find_all(document)
        except LookupError as error:
            raise PayloadError(f"the document has no list to take apart: {error}") from error
        items = [_JsonItem(self, document, each) for each in found]
        return iter([item for item in items if not self._optional or self.value.leads(item.item)])


@dataclass(frozen=True, slots=True)
class _JsonItem:
    shape: _Json
    document: Any
    item: Any

    def name(self, name: str) -> str:
        if (path := self.shape.names.get(name)) is not None:
            value = _found(path, self.document)
        else:
            value = self.item.get(name) if isinstance(self.item, dict) else None
        if not isinstance(value, str | int) or isinstance(value, bool):
            raise PayloadError(f"the document gives no {name!r} for the tag")
        return value if isinstance(value, str) else text_of(value)

    def number(self) -> float | None:
        return self.shape.numbers.of(_found(self.shape.value, self.item))

    def time_us(self) -> int | None:
        own, common = self.shape.time, self.shape.document_time
        if common is not None and not self._has_own_time():
            return self.shape.times.us(_found(common, self.document))
        return None if own is None else self.shape.times.us(_found(own, self.item))

    def _has_own_time(self) -> bool:
        return self.shape.time is not None and _has(self.shape.time, self.item)


class _Csv:
    """CSV: a row is a reading; `columns` names them where the first row does not."""

    def __init__(self, topic: CsvTopic) -> None:
        self.numbers = Numbers(topic.decimal, topic.enum)
        self.times = Times.of(topic)
        self.value, self.time = topic.value, topic.time
        self._delimiter = topic.delimiter
        self._header = topic.header
        self._columns = topic.columns

    def items(self, payload: bytes) -> Iterator[Item]:
        """See `Document`."""
        rows = self._rows(payload)
        head = next(rows, []) if self._header else []
        if self._header and not head:
            raise PayloadError("the payload is empty")
        names = self._columns or [cell.strip() for cell in head]
        places = {name: place for place, name in reversed([*enumerate(names)])}
        return iter([_CsvItem(self, places, row) for row in rows])

    def _rows(self, payload: bytes) -> Iterator[Sequence[str]]:
        try:
            text = payload.decode("utf-8-sig")
            rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=self._delimiter))
        except (UnicodeDecodeError, csv.Error) as error:
            raise PayloadError(f"the payload is not CSV: {error}") from error
        return iter([row for row in rows if any(cell.strip() for cell in row)])


@dataclass(frozen=True, slots=True)
class _CsvItem:
    shape: _Csv
    places: Mapping[str, int]
    row: Sequence[str]

    def name(self, name: str) -> str:
        return self._cell(name)

    def number(self) -> float | None:
        return self.shape.numbers.of(self._cell(self.shape.value) or None)

    def time_us(self) -> int | None:
        if self.shape.time is None:
            return None
        return self.shape.times.us(self._cell(self.shape.time))

    def _cell(self, column: str | int) -> str:
        place = column - 1 if isinstance(column, int) else self.places.get(column)
        if place is None or place >= len(self.row):
            raise PayloadError(f"a row has no column {column!r}")
        return self.row[place].strip()


def _has(path: JsonPath, item: Any) -> bool:
    """Is there anything but null?"""
    try:
        return path.find(item) is not None
    except LookupError:
        return False


def _found(path: JsonPath, item: Any) -> Any:
    try:
        return path.find(item)
    except LookupError as error:
        raise PayloadError(f"the document lacks {error}") from error
