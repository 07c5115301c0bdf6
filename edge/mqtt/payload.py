"""What payloads mean: readings, alarms, or a problem that is told and counted. Pure, never crashes."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Any, NamedTuple

import numpy as np

from config.clock import to_us
from edge.errors import PayloadError
from edge.mqtt.entries import TimeUnit
from edge.mqtt.path import JsonPath
from edge.reading import Float64s

_US_PER_UNIT = {
    TimeUnit.SECONDS: 1_000_000,
    TimeUnit.MILLISECONDS: 1_000,
    TimeUnit.MICROSECONDS: 1,
}
_WORDS = {"true": 1.0, "false": 0.0}
_LONGEST_NUMBER = 64
_LONGEST_MESSAGE = 1_000
_SEVERITIES = range(1, 1001)
_USUAL_SEVERITY = 500


class Message(NamedTuple):
    """A message as the broker gave it."""

    topic: str
    payload: bytes
    received_us: int
    retained: bool = False
    again: bool = False
    """Is it repeated, and `received_us` the time of its first receipt?"""


@dataclass(frozen=True, slots=True)
class AlarmPayload:
    """What an alarm's payload says."""

    active: bool
    severity: int = _USUAL_SEVERITY
    message: str = ""
    acknowledged: bool = False


@dataclass(frozen=True, slots=True)
class Numbers:
    """How payloads write numbers: the decimal mark, and what texts of their own stand for."""

    decimal: str = "."
    texts: Mapping[str, float] = field(default_factory=dict)

    def of(self, value: Any) -> float | None:
        """A JSON value, or a text, as a number; None for null. Raises `PayloadError`."""
        if isinstance(value, bool):
            return self.of_text("true" if value else "false")
        return self.of_text(value) if isinstance(value, str) else number_of(value)

    def of_text(self, text: str) -> float:
        """The number that text writes. Raises `PayloadError`."""
        word = text.strip()
        if (known := self.texts.get(word)) is not None:
            return known
        if self.decimal == ".":
            return parse_number(word)
        if "." in word:
            raise PayloadError(f"{word[:_LONGEST_NUMBER]!r} is not a number with a decimal comma")
        return parse_number(word.replace(self.decimal, "."))

    @property
    def only_usual(self) -> bool:
        """Are numbers written with a point, and nothing else stands for one?"""
        return not self.texts and self.decimal == "."

    def usual(self, payload: bytes) -> float | None:
        """The number in a plain payload as most are; None where it takes a closer look."""
        if not self.only_usual or b"_" in payload or len(payload) > _LONGEST_NUMBER:
            return None
        try:
            number = float(payload)
        except ValueError:
            return None
        return number if math.isfinite(number) else None

    def of_payload(self, payload: bytes) -> float:
        """The number in a plain payload. Raises `PayloadError`."""
        if (number := self.usual(payload)) is not None:
            return number
        try:
            return self.of_text(payload.decode("utf-8"))
        except UnicodeDecodeError as error:
            raise PayloadError("the payload is not text") from error


def plain_numbers(payloads: Sequence[bytes]) -> Float64s | None:
    """The numbers in plain payloads as most are; None where any of them takes a closer look."""
    if b"_" in b"".join(payloads) or max(map(len, payloads), default=0) > _LONGEST_NUMBER:
        return None
    try:
        numbers = np.fromiter(map(float, payloads), np.float64, len(payloads))
    except ValueError:
        return None
    return numbers if np.isfinite(numbers).all() else None


def parse_number(text: str) -> float:
    """The number that text writes; `true` and `false` are 1 and 0.

    Raises `PayloadError` for anything else; infinity and not-a-number are no numbers here.
    """
    word = text.strip()
    if (known := _WORDS.get(word.lower())) is not None:
        return known
    usual = word.isascii() and "_" not in word and len(word) <= _LONGEST_NUMBER
    try:
        number = float(word) if usual else math.nan
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise PayloadError(f"{word[:_LONGEST_NUMBER]!r} is not a number")
    return number


def parse_json(payload: bytes) -> Any:
    """The document in a JSON payload. Raises `PayloadError`."""
    try:
        return json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise PayloadError("the payload is not JSON") from error


def number_of(value: Any) -> float | None:
    """A JSON number as one; None for null. Raises `PayloadError` for anything else."""
    if value is None:
        return None
    if not isinstance(value, int | float):
        raise PayloadError(f"a {type(value).__name__} where a number is expected")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise PayloadError("the number is not finite")
    return number


def text_of(value: int) -> str:
    """A whole number as text. Raises `PayloadError` for one of thousands of digits."""
    try:
        return str(value)
    except ValueError as error:
        raise PayloadError("a number is too long for a name") from error


def time_of(value: Any, unit: TimeUnit, zone: tzinfo = UTC) -> int:
    """A JSON value as microseconds since 1970 UTC; `zone` is that of a text that names none.

    Raises `PayloadError` where it is no time.
    """
    try:
        if unit is TimeUnit.ISO:
            moment = datetime.fromisoformat(value.strip() if isinstance(value, str) else value)
            return to_us(moment if moment.tzinfo else moment.replace(tzinfo=zone))
        if isinstance(value, int) and not isinstance(value, bool):
            return value * _US_PER_UNIT[unit]
        return round(parse_number(str(value)) * _US_PER_UNIT[unit])
    except (TypeError, ValueError, OverflowError, PayloadError) as error:
        raise PayloadError(f"{value!r:.80} is not a time in {unit}") from error


def parse_alarm(payload: bytes, acknowledged: JsonPath | None = None) -> AlarmPayload:
    """The alarm in a payload {active, severity, message}; `active` has to be there.

    `acknowledged` leads to what the device says of that, where it says it. Raises `PayloadError`.
    """
    document = parse_json(payload)
    if not isinstance(document, dict) or not isinstance(document.get("active"), bool):
        raise PayloadError("an alarm is an object with `active: true` or `false`")
    severity = document.get("severity", _USUAL_SEVERITY)
    if isinstance(severity, bool) or not isinstance(severity, int) or severity not in _SEVERITIES:
        raise PayloadError(f"severity {severity!r:.80} is not a whole number from 1 to 1000")
    message = printable(document.get("message", ""))
    seen = acknowledged is not None and _seen(document, acknowledged)
    return AlarmPayload(document["active"], severity, message, seen)


def _seen(document: Any, path: JsonPath) -> bool:
    said = path.find(document) if path.leads(document) else None
    if said is not None and not isinstance(said, bool):
        raise PayloadError(f"acknowledged {said!r:.80} is not true or false")
    return bool(said)


def printable(value: Any) -> str:
    """A value as one line of text that every database and page can show, cut where it is long."""
    text = value if isinstance(value, str) else str(value)
    cut = text[:_LONGEST_MESSAGE]
    return "".join(character if character.isprintable() else " " for character in cut).strip()
