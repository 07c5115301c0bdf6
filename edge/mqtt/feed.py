"""What the log's server sends for a pull of a JetStream consumer: many messages out of one piece. Pure.

The client library makes an object and a task's turn of each message, which costs more than all that
follows; here only what a device's message needs is read (NATS client protocol, HMSG and MSG).
"""

import re
from dataclasses import dataclass, field

from edge.mqtt.payload import Message
from edge.mqtt.run import Run
from edge.mqtt.subjects import topic_of

_LINE = b"\r\n"
_MESSAGES = frozenset({b"HMSG", b"MSG"})
_PULL_IS_OVER = "408"
_STILL_PENDING = re.compile(r"^Nats-Pending-Messages: *(\d+)", re.MULTILINE)
_SEQUENCE, _TIME_NS = 5, 7
"""Places in the subject that a message is acknowledged on: $JS.ACK.<stream>.<consumer>..."""
_HEAD = len(b"NATS/1.0\r\nNmqtt-Pub:0\r\n\r\n")
_REMEMBERED_TOPICS = 100_000


class FeedError(ValueError):
    """Bytes that are no message of the server, or its refusal."""


class Topics(dict[bytes, str]):
    """The topics of subjects that came."""

    def __missing__(self, subject: bytes) -> str:
        if len(self) >= _REMEMBERED_TOPICS:
            self.clear()
        topic = self[subject] = topic_of(subject.decode("utf-8", "replace"))
        return topic


@dataclass(slots=True)
class Piece:
    """What stood in some bytes: messages, what of pulls is over, and whether we are to say we live."""

    run: Run = field(default_factory=Run)
    unsent: int = 0
    """Messages that were asked for by pulls that are over, and will not come."""
    pings: int = 0
    end: int = 0
    """Where what is not here as a whole begins."""


def usual_heads(stream: str, consumer: str) -> re.Pattern[bytes]:
    """What stands before the payload of a device's message, as the broker gives it to a consumer.

    Its groups: the subject, the sequence, when the server took it in µs, the size with the head's.
    """
    answer = re.escape(f"$JS.ACK.{stream}.{consumer}.".encode())
    return re.compile(
        rb"\r\nHMSG ([^ \r\n]+) 1 " + answer + rb"1\.(\d+)\.\d+\.(\d+)\d{3}\.\d+"
        rb" %d (\d+)\r\nNATS/1\.0\r\nNmqtt-Pub:\d\r\n\r\n" % _HEAD
    )


def read_piece(data: bytes, topics: Topics, usual: re.Pattern[bytes] | None = None) -> Piece:
    """Everything that is whole. Raises `FeedError`.

    A message's time of receipt is when the server took it, so one that is read twice is the same
    reading. `usual` is how nearly all messages begin (`usual_heads`); others are read one by one.
    """
    piece = Piece()
    together = usual is not None
    while True:
        if together and usual is not None:
            _usual_messages(piece, data, topics, usual)
        line_end = data.find(_LINE, piece.end)
        if line_end < 0:
            return piece
        line = data[piece.end : line_end]
        words, body = line.split(b" "), line_end + len(_LINE)
        # Behind a message that is not usual, it would be tried in vain again and again.
        together = words[0] not in _MESSAGES
        if together:
            _control(piece, line)
            piece.end = body
            continue
        start, end = _bounds(words, body)
        if end + len(_LINE) > len(data):
            return piece
        together = _message(piece, words, (data[body:start], data[start:end]), topics)
        piece.end = end + len(_LINE)


def _usual_messages(piece: Piece, data: bytes, topics: Topics, usual: re.Pattern[bytes]) -> None:
    """All of the messages, if each is as usual and ends where the next begins."""
    lines = _LINE + data[piece.end :]
    before, *columns = usual.split(lines)
    if before or not columns:
        return
    subjects, sequences, received_us, sizes, payloads = (columns[n::5] for n in range(5))
    lengths = [size - _HEAD for size in map(int, sizes)]
    # Behind the last one there may be something else, or it is not here as a whole.
    last, length = payloads[-1], lengths[-1]
    end = len(lines) - len(last) + length + len(_LINE)
    if end > len(lines):
        end = lines.rfind(b"\r\nHMSG ", 0, len(lines) - len(last)) + len(_LINE)
        for column in (subjects, sequences, received_us, lengths, payloads):
            column.pop()
    elif last.startswith(_LINE, length):
        payloads[-1] = last[:length]
    # What looks like a head within a payload leaves a payload of another size than was told.
    if lengths and lengths == [*map(len, payloads)]:
        topics_of = map(topics.__getitem__, subjects)
        piece.run.extend(Run([*topics_of], [*map(int, received_us)], payloads, int(sequences[-1])))
        piece.end += end - len(_LINE)


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


def _message(piece: Piece, words: list[bytes], parts: tuple[bytes, bytes], topics: Topics) -> bool:
    """Read what has a subject and a size. Is it no message, but the server's word on a pull?"""
    head, payload = parts
    # Without a subject to answer on it is no message.
    if len(words) < (6 if words[0] == b"HMSG" else 5):
        _status(piece, head)
        return True
    try:
        places = words[3].split(b".")
        sequence, received_us = int(places[_SEQUENCE]), int(places[_TIME_NS]) // 1_000
    except (ValueError, IndexError) as error:
        raise FeedError(f"no message of a stream: {words!r:.80}") from error
    piece.run.add(Message(topics[words[1]], payload, received_us), sequence)
    return False


def _status(piece: Piece, head: bytes) -> None:
    """The pull is over, for it has its messages or waited long enough, or for good."""
    told = head.decode(errors="replace").replace("\r", "")
    status = told.partition("\n")[0].removeprefix("NATS/1.0").strip()
    if not status.startswith(_PULL_IS_OVER):
        raise FeedError(f"the log's server ends the pull: {status or 'no reason'}")
    if (pending := _STILL_PENDING.search(told)) is None:
        raise FeedError(f"the log's server does not say what of the pull is left: {status}")
    piece.unsent += int(pending[1])


def _control(piece: Piece, line: bytes) -> None:
    word = line.partition(b" ")[0].upper()
    if word == b"PING":
        piece.pings += 1
    elif word == b"-ERR":
        raise FeedError(f"the log's server refuses: {line.decode(errors='replace')}")
    elif word not in {b"INFO", b"PONG", b"+OK"}:
        raise FeedError(f"not of this protocol: {line[:40]!r}")
