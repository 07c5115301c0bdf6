"""What the log's server sends for a pull of a JetStream consumer: many messages out of one piece. Pure.

The client library makes an object and a task's turn of each message, which costs more than all that
follows; here only what a device's message needs is read (NATS client protocol, HMSG and MSG).
"""

import re
from dataclasses import dataclass, field

from edge.mqtt.inbox import Delivery
from edge.mqtt.payload import Message
from edge.mqtt.subjects import topic_of

_LINE = b"\r\n"
# A message of a stream as it nearly always comes: its subject, its sequence, when the server took it in
# ns, the size of its head, and of all of it.
_USUAL = re.compile(
    rb"H?MSG ([^ \r]+) [^ \r]+ \$JS\.ACK\.[^. \r]+\.[^. \r]+\.\d+\.(\d+)\.\d+\.(\d+)\.\d+"
    rb" (?:(\d+) )?(\d+)\r\n"
)
_MESSAGES = frozenset({b"HMSG", b"MSG"})
_PULL_IS_OVER = ("404", "408", "409 Message Size", "409 Exceeded")
_SEQUENCE, _TIME_NS = 5, 7
"""Places in the subject that a message is acknowledged on: $JS.ACK.<stream>.<consumer>..."""


class FeedError(ValueError):
    """Bytes that are no message of the server, or its refusal."""


@dataclass(slots=True)
class Piece:
    """What stood in some bytes: messages, whether the pull is over, and whether we are to say we live."""

    deliveries: list[Delivery] = field(default_factory=list)
    over: bool = False
    pings: int = 0
    end: int = 0
    """Where what is not here as a whole begins."""


def read_piece(data: bytes, topics: dict[bytes, str]) -> Piece:
    """Everything that is whole. Raises `FeedError`.

    A message's time of receipt is when the server took it, so one that is read twice is the same
    reading; a delivery's number is its sequence in the stream. `topics` remembers topics by subject.
    """
    piece = Piece()
    while True:
        _usual_messages(piece, data, topics)
        line_end = data.find(_LINE, piece.end)
        if line_end < 0:
            return piece
        line = data[piece.end : line_end]
        words, body = line.split(b" "), line_end + len(_LINE)
        if words[0] not in _MESSAGES:
            _control(piece, line)
            piece.end = body
            continue
        start, end = _bounds(words, body)
        if end + len(_LINE) > len(data):
            return piece
        _message(piece, words, (data[body:start], data[start:end]), topics)
        piece.end = end + len(_LINE)


def _usual_messages(piece: Piece, data: bytes, topics: dict[bytes, str]) -> None:
    """The messages up to what is not whole, or is something else."""
    at, limit, match, add = piece.end, len(data) - len(_LINE), _USUAL.match, piece.deliveries.append
    while (found := match(data, at)) is not None:
        subject, sequence, received_ns, head, size = found.groups()
        body = found.end()
        end = body + int(size)
        if end > limit or (head is None) is data.startswith(b"H", at):
            break
        start = body if head is None else body + int(head)
        if start > end:
            break
        topic = topics.get(subject)
        if topic is None:
            topic = _topic(subject, topics)
        message = Message(topic, data[start:end], int(received_ns) // 1_000)
        add(Delivery(message, int(sequence), 0))
        at = end + len(_LINE)
    piece.end = at


def _topic(subject: bytes, topics: dict[bytes, str]) -> str:
    """The topic of a subject, which is remembered."""
    topic = topics[subject] = topic_of(subject.decode("utf-8", "replace"))
    return topic


def _bounds(words: list[bytes], body: int) -> tuple[int, int]:
    """Where the payload begins and ends, of a message whose content begins at `body`."""
    try:
        end = body + int(words[-1])
        start = body + int(words[-2]) if words[0] == b"HMSG" else body
    except (ValueError, IndexError) as error:
        raise FeedError(f"no message: {words!r:.80}") from error
    if not body <= start <= end:
        raise FeedError(f"no message: {words!r:.80}")
    return start, end


def _message(
    piece: Piece,
    words: list[bytes],
    parts: tuple[bytes, bytes],
    topics: dict[bytes, str],
) -> None:
    head, payload = parts
    # Without a subject to answer on it is no message but the server's word on the pull.
    if len(words) < (6 if words[0] == b"HMSG" else 5):
        _status(piece, head)
        return
    try:
        places = words[3].split(b".")
        sequence, received_us = int(places[_SEQUENCE]), int(places[_TIME_NS]) // 1_000
    except (ValueError, IndexError) as error:
        raise FeedError(f"no message of a stream: {words!r:.80}") from error
    topic = topics.get(words[1]) or _topic(words[1], topics)
    piece.deliveries.append(Delivery(Message(topic, payload, received_us), sequence, 0))


def _status(piece: Piece, head: bytes) -> None:
    """The pull is over, for it has its messages or waited long enough, or for good."""
    status = head.partition(_LINE)[0].decode(errors="replace").removeprefix("NATS/1.0").strip()
    if not status.startswith(_PULL_IS_OVER):
        raise FeedError(f"the log's server ends the pull: {status or 'no reason'}")
    piece.over = True


def _control(piece: Piece, line: bytes) -> None:
    word = line.partition(b" ")[0].upper()
    if word == b"PING":
        piece.pings += 1
    elif word == b"-ERR":
        raise FeedError(f"the log's server refuses: {line.decode(errors='replace')}")
    elif word not in {b"INFO", b"PONG", b"+OK"}:
        raise FeedError(f"not of this protocol: {line[:40]!r}")
