"""Messages about writes come back as they were sent; what is none is refused as such."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.write_command import (
    Outcome,
    WriteAnswer,
    WriteCommand,
    WriteTarget,
    dump,
    dump_find,
    parse_answer,
    parse_command,
    parse_find,
    parse_target,
)

finite = st.floats(allow_nan=False, allow_infinity=False)
commands = st.builds(
    WriteCommand,
    id=st.text(),
    tag=st.text(),
    value=finite,
    actor=st.text(),
    reason=st.text(),
    asked_us=st.integers(),
    expires_us=st.integers(),
)
answers = st.builds(
    WriteAnswer,
    outcome=st.sampled_from(Outcome),
    message=st.text(),
    edge=st.text(),
    source=st.text(),
    registers=st.lists(st.integers(0, 65_535), max_size=4).map(tuple),
    read_back=st.none() | finite,
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | finite | st.text(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=4,
)


@given(commands)
def test_a_command_arrives_as_it_was_sent(command: WriteCommand) -> None:
    assert parse_command(dump(command)) == command


@given(answers)
def test_an_answer_arrives_as_it_was_sent(answer: WriteAnswer) -> None:
    assert parse_answer(dump(answer)) == answer


@given(st.text())
def test_a_question_and_its_answer_arrive_as_they_were_sent(tag: str) -> None:
    target = WriteTarget("edge-1", "hall", tag, 2.0)
    assert parse_find(dump_find(tag)) == tag
    assert parse_target(dump(target)) == target
    assert parse_target(dump(None)) is None


@pytest.mark.parametrize("parse", [parse_command, parse_find, parse_target, parse_answer])
@pytest.mark.parametrize("data", [b"", b"\xff", b"[" * 100_000, b"7", b"{}", b'{"tag": 1}'])
def test_what_is_no_message_is_refused(parse: Any, data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse(data)


@given(commands, st.sampled_from(sorted(WriteCommand.__annotations__)), values)
def test_a_field_of_another_kind_is_refused_or_of_use(
    command: WriteCommand, name: str, value: Any
) -> None:
    fields = {**json.loads(dump(command)), name: value}
    try:
        parsed = parse_command(json.dumps(fields).encode())
    except ValueError:
        return
    assert isinstance(parsed.value, float)
    assert isinstance(parsed.id, str)


@given(answers, st.sampled_from(sorted(WriteAnswer.__annotations__)), values)
def test_a_wrong_answer_raises_nothing_else(answer: WriteAnswer, name: str, value: Any) -> None:
    fields = {**json.loads(dump(answer)), name: value}
    try:
        parsed = parse_answer(json.dumps(fields).encode())
    except ValueError:
        return
    assert isinstance(parsed.registers, tuple)


def test_a_number_beyond_all_floats_is_refused() -> None:
    command = WriteCommand("c", "A.x", 1.0, "kim", "test", 0, 1)
    data = json.dumps({**json.loads(dump(command)), "value": 10**400}).encode()
    with pytest.raises(ValueError, match="too large"):
        parse_command(data)
