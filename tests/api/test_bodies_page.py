"""Cursors and pages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.bodies.page import cut, decode_cursor, encode_cursor
from api.errors import CursorInvalid


@given(st.text(), st.integers(-(2**63), 2**63))
def test_a_cursor_is_read_back(text: str, number: int) -> None:
    assert decode_cursor(encode_cursor(text, number), str, int) == (text, number)


def test_no_cursor_means_the_start() -> None:
    assert decode_cursor(None, str) is None


@given(st.text())
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(CursorInvalid):
        decode_cursor(f"{text}!", int)


@pytest.mark.parametrize("key", [("P-101",), (1, 2), (True,), (1.5,), ()])
def test_the_cursor_of_another_list_is_refused(key: tuple[object, ...]) -> None:
    with pytest.raises(CursorInvalid):
        decode_cursor(encode_cursor(*key), int)  # type: ignore[arg-type]


@given(st.lists(st.integers(), unique=True), st.integers(1, 50))
def test_pages_walk_everything_once(numbers: list[int], limit: int) -> None:
    wanted = sorted(numbers)
    seen: list[int] = []
    cursor = None
    while True:
        after = decode_cursor(cursor, int)
        behind = [number for number in wanted if after is None or number > after[0]]
        page, cursor = cut(behind[: limit + 1], limit, lambda number: [number])
        seen.extend(page)
        if cursor is None:
            break
    assert seen == wanted
