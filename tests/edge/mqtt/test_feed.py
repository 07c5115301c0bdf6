"""Messages of the log's server are read wherever its bytes are cut, and nonsense is no crash."""

import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.mqtt.feed import FeedError, Topics, read_piece, usual_heads
from edge.mqtt.payload import Message

HEAD = b"NATS/1.0\r\nNmqtt-Pub:0\r\n\r\n"
OVER = (
    b"HMSG _INBOX.x 1 84 84\r\nNATS/1.0 408 Request Timeout\r\n"
    b"Nats-Pending-Messages: 4999\r\nNats-Pending-Bytes: 0\r\n\r\n\r\n"
)
USUAL = usual_heads("DEVICES", "c")


def sent(sequence: int, payload: bytes, *, head: bytes = HEAD) -> bytes:
    """A message of a stream as the server sends it, taken at 1000 µs after 1970 and its sequence."""
    answer = f"$JS.ACK.DEVICES.c.1.{sequence}.{sequence}.{(1000 + sequence) * 1000}.9"
    words = f"plant.P-1.load 1 {answer}"
    if not head:
        return f"MSG {words} {len(payload)}\r\n".encode() + payload + b"\r\n"
    sizes = f"{len(head)} {len(head) + len(payload)}"
    return f"HMSG {words} {sizes}\r\n".encode() + head + payload + b"\r\n"


def message(sequence: int, payload: bytes) -> Message:
    return Message("plant/P-1/load", payload, 1000 + sequence)


FORGED = sent(99, b"6")[: -len(b"6\r\n")]
LINES = st.sampled_from([b"\r\n", b"\r\nHMSG ", b"\r\n" + FORGED, FORGED, b"\r\nPING\r\n"])
PAYLOADS = st.one_of(st.binary(max_size=50), st.lists(LINES, max_size=3).map(b"".join))


@given(
    st.lists(st.tuples(PAYLOADS, st.sampled_from([HEAD, HEAD, b"", b"NATS/1.0\r\na:b\r\n\r\n"]))),
    st.sampled_from([None, USUAL, usual_heads("DEVICES", "other")]),
    st.data(),
)
def test_what_is_whole_is_read(
    messages: list[tuple[bytes, bytes]], usual: re.Pattern[bytes] | None, data: st.DataObject
) -> None:
    parts = [sent(n, each, head=head) for n, (each, head) in enumerate(messages)]
    whole = b"".join(parts)
    cut = data.draw(st.integers(0, len(whole)))
    piece = read_piece(whole[:cut], Topics(), usual)
    count = len(piece.run)
    assert [*piece.run.messages()] == [
        message(n, each[0]) for n, each in enumerate(messages[:count])
    ]
    assert piece.end == sum(map(len, parts[:count]))
    assert piece.run.last == max(count - 1, 0)
    assert count == len(parts) or cut < piece.end + len(parts[count])


@pytest.mark.parametrize("usual", [None, USUAL])
def test_what_is_left_of_a_pull_that_is_over_is_told(usual: re.Pattern[bytes] | None) -> None:
    data = b"PING\r\n" + sent(1, b"2") + OVER + sent(2, b"3") + OVER
    piece = read_piece(data, Topics(), usual)
    assert [*piece.run.messages()] == [message(1, b"2"), message(2, b"3")]
    assert (piece.unsent, piece.pings, piece.end) == (2 * 4999, 1, len(data))


@pytest.mark.parametrize(
    "data",
    [
        b"-ERR 'Authorization Violation'\r\n",
        b"HTTP/1.1 400\r\n",
        b"HMSG _INBOX.x 1 16 16\r\nNATS/1.0 503\r\n\r\n\r\n",
        OVER.replace(b"408", b"409"),
        OVER.replace(b"Messages: 4999", b"Messages: many"),
    ],
)
def test_a_refusal_is_an_error(data: bytes) -> None:
    with pytest.raises(FeedError):
        read_piece(data, Topics())


@given(st.lists(st.sampled_from([b"HMSG", b"MSG", b" ", b"1", b"-1", b"a.b", b"\r\n", b"\xff"])))
def test_no_bytes_make_it_fail_otherwise(words: list[bytes]) -> None:
    data = b"".join(words)
    with suppress(FeedError):
        assert 0 <= read_piece(data, Topics(), USUAL).end <= len(data)
