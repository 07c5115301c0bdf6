"""Messages of the log's server are read wherever its bytes are cut, and nonsense is no crash."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.mqtt.feed import FeedError, read_piece
from edge.mqtt.inbox import Delivery
from edge.mqtt.payload import Message

HEAD = b"NATS/1.0\r\nNmqtt-Pub:0\r\n\r\n"
OVER = b"HMSG _INBOX.x 1 28 28\r\nNATS/1.0 408 No Messages\r\n\r\n\r\n"


def sent(sequence: int, payload: bytes, *, head: bytes = HEAD) -> bytes:
    """A message of a stream as the server sends it, taken at 1000 µs after 1970 and its sequence."""
    answer = f"$JS.ACK.DEVICES.c.1.{sequence}.{sequence}.{(1000 + sequence) * 1000}.9"
    words = f"plant.P-1.load 1 {answer}"
    if not head:
        return f"MSG {words} {len(payload)}\r\n".encode() + payload + b"\r\n"
    sizes = f"{len(head)} {len(head) + len(payload)}"
    return f"HMSG {words} {sizes}\r\n".encode() + head + payload + b"\r\n"


def delivered(sequence: int, payload: bytes) -> Delivery:
    return Delivery(Message("plant/P-1/load", payload, 1000 + sequence), sequence, 0)


@given(st.lists(st.binary(max_size=50), max_size=5), st.booleans(), st.data())
def test_what_is_whole_is_read(payloads: list[bytes], plain: bool, data: st.DataObject) -> None:
    parts = [sent(n, each, head=b"" if plain else HEAD) for n, each in enumerate(payloads)]
    whole = b"".join(parts)
    cut = data.draw(st.integers(0, len(whole)))
    piece = read_piece(whole[:cut], {})
    count = len(piece.deliveries)
    assert piece.deliveries == [delivered(n, each) for n, each in enumerate(payloads[:count])]
    assert piece.end == sum(map(len, parts[:count]))
    assert count == len(parts) or cut < piece.end + len(parts[count])


def test_the_end_of_a_pull_is_told() -> None:
    piece = read_piece(b"PING\r\n" + sent(1, b"2") + OVER, {})
    assert (piece.deliveries, piece.over, piece.pings) == ([delivered(1, b"2")], True, 1)


@pytest.mark.parametrize(
    "data",
    [
        b"-ERR 'Authorization Violation'\r\n",
        b"HTTP/1.1 400\r\n",
        b"HMSG _INBOX.x 1 16 16\r\nNATS/1.0 503\r\n\r\n\r\n",
        OVER.replace(b"408 No Messages", b"409 Gone for ev"),
    ],
)
def test_a_refusal_is_an_error(data: bytes) -> None:
    with pytest.raises(FeedError):
        read_piece(data, {})


@given(st.lists(st.sampled_from([b"HMSG", b"MSG", b" ", b"1", b"-1", b"a.b", b"\r\n", b"\xff"])))
def test_no_bytes_make_it_fail_otherwise(words: list[bytes]) -> None:
    data = b"".join(words)
    with suppress(FeedError):
        assert 0 <= read_piece(data, {}).end <= len(data)
