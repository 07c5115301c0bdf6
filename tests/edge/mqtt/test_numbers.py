"""The short way to a number in a payload says the same as the long one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.errors import PayloadError
from edge.mqtt.payload import Numbers

PLAIN = Numbers()
TEXTS = st.one_of(
    st.floats().map(str),
    st.integers().map(str),
    st.text("0123456789+-._eE nafiNAFI\t\x1f\u0660", max_size=70),
)


@given(TEXTS)
def test_the_short_way_gives_what_the_long_one_gives(text: str) -> None:
    number = PLAIN.usual(text.encode())
    if number is not None:
        assert number == PLAIN.of_text(text)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_usual_numbers_go_the_short_way(number: float) -> None:
    assert PLAIN.usual(str(number).encode()) == number


@pytest.mark.parametrize(
    "payload", [b"nan", b"inf", b"1_0", b"true", b"on", b"", b"\xff", b"1" * 65]
)
def test_what_is_no_usual_number_takes_the_long_way(payload: bytes) -> None:
    assert PLAIN.usual(payload) is None


def test_texts_and_decimal_commas_take_the_long_way() -> None:
    assert Numbers(",").usual(b"1") is None
    assert Numbers(texts={"1": 5.0}).of_payload(b"1") == 5.0
    with pytest.raises(PayloadError):
        Numbers(",").of_payload(b"1.5")
