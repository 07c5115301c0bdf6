"""Commands to write a value to a device, and what came of them, as they go over the log server.

They are core NATS requests outside the stream: what is late is worthless, so nothing keeps them.
`oilcan.command.find.<edge>` asks whether an edge has a point, `oilcan.command.write.<edge>` has it
written. JSON both ways.
"""

import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

_SUBJECT = "oilcan.command"


class Outcome(StrEnum):
    """What came of a command."""

    CONFIRMED = "confirmed"
    """The device accepted it, and reads back what was written."""
    UNCONFIRMED = "unconfirmed"
    """The device accepted it, but reads back something else, or cannot be read."""
    REFUSED = "refused"
    """Nothing was written."""
    UNKNOWN = "unknown"
    """It was sent and may or may not have been carried out; look at the device."""


@dataclass(frozen=True, slots=True)
class WriteCommand:
    """A value for a point, in the point's unit; times are µs since 1970 by the sender's clock."""

    id: str
    tag: str
    value: float
    actor: str
    reason: str
    asked_us: int
    expires_us: int


@dataclass(frozen=True, slots=True)
class WriteTarget:
    """How an edge has a point: `problem` says why it cannot be written, or is empty."""

    edge: str
    source: str
    problem: str = ""
    takes_s: float = 0.0
    """The longest that a write and its read-back take once begun."""


@dataclass(frozen=True, slots=True)
class WriteAnswer:
    """What came of a command: the registers as sent, and the reading that came back."""

    outcome: Outcome
    message: str = ""
    edge: str = ""
    source: str = ""
    registers: tuple[int, ...] = ()
    read_back: float | None = None


_ANSWER = {
    "outcome": str,
    "message": str,
    "edge": str,
    "source": str,
    "registers": list,
    "read_back": float | None,
}
"""What JSON gives for each field of an answer."""


def find_subject(edge: str) -> str:
    """Where an edge is asked for a point."""
    return f"{_SUBJECT}.find.{edge}"


def write_subject(edge: str) -> str:
    """Where an edge takes commands."""
    return f"{_SUBJECT}.write.{edge}"


def dump_find(tag: str) -> bytes:
    """The question for a point."""
    return json.dumps({"tag": tag}).encode()


def parse_find(data: bytes) -> str:
    """The tag that is asked for. Raises `ValueError`."""
    return str(_fields(data, {"tag": str})["tag"])


def dump(message: WriteCommand | WriteTarget | WriteAnswer | None) -> bytes:
    """A message as it is sent; None answers that the edge does not have the point."""
    return json.dumps(None if message is None else asdict(message)).encode()


def parse_command(data: bytes) -> WriteCommand:
    """The command in a message. Raises `ValueError`."""
    fields = _fields(data, WriteCommand.__annotations__)
    try:
        fields["value"] = float(fields["value"])
    except OverflowError as error:
        raise ValueError("value of a message is too large a number") from error
    return WriteCommand(**fields)


def parse_target(data: bytes) -> WriteTarget | None:
    """The answer to the question for a point. Raises `ValueError`."""
    if data == b"null":
        return None
    return WriteTarget(**_fields(data, WriteTarget.__annotations__))


def parse_answer(data: bytes) -> WriteAnswer:
    """The answer to a command. Raises `ValueError`."""
    fields = _fields(data, _ANSWER)
    fields["outcome"] = Outcome(fields["outcome"])
    fields["registers"] = tuple(fields["registers"])
    return WriteAnswer(**fields)


def _fields(data: bytes, kinds: dict[str, Any]) -> dict[str, Any]:
    try:
        fields = json.loads(data)
    except RecursionError as error:
        raise ValueError("a message is nested too deeply") from error
    if not isinstance(fields, dict) or fields.keys() != kinds.keys():
        raise ValueError("a message does not have the fields that it should have")
    wrong = [name for name, kind in kinds.items() if not _is(fields[name], kind)]
    if wrong:
        raise ValueError(f"{', '.join(wrong)} of a message is not what it should be")
    return fields


def _is(value: object, kind: Any) -> bool:
    return isinstance(value, int | float if kind is float else kind)
