"""Every value of a YAML file knows its place, and every mistake is a problem with a remedy."""

from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, field_validator

from config.documents import Document, load_document, parse_document, parse_model
from config.errors import DocumentError


class Wheel(BaseModel):
    model_config = ConfigDict(extra="forbid")

    spokes: int
    colour: Literal["red", "blue"] = "red"
    maker: str = ""

    @field_validator("spokes")
    @classmethod
    def _enough(cls, spokes: int) -> int:
        if spokes < 3:
            raise ValueError("too few spokes | Give at least 3")
        return spokes


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: int


class Dog(BaseModel):
    kind: Literal["dog"]


class Cart(BaseModel):
    model_config = ConfigDict(extra="forbid")

    wheels: list[Wheel] = Field(default_factory=list)
    spare: Wheel | None = None
    parts: dict[str, Wheel] = Field(default_factory=dict)
    pulled_by: Cat | Dog | None = Field(default=None, discriminator="kind")


def problems(text: str, environment: dict[str, str] | None = None) -> list[str]:
    """What parsing the text as a cart finds wrong."""
    with pytest.raises(DocumentError) as caught:
        parse_model(Cart, parse_document(text, "cart.yaml", environment=environment or {}))
    return [str(problem) for problem in caught.value.problems]


def test_a_value_knows_its_line_and_column() -> None:
    document = parse_document("wheels:\n  - spokes: 8\n  - {spokes: 9}\n", "cart.yaml")
    assert str(document.place(("wheels", 1, "spokes"))) == "cart.yaml:3:6"


def test_a_missing_value_is_placed_at_what_encloses_it() -> None:
    assert problems("wheels:\n  - colour: red\n") == [
        "cart.yaml:2:5: wheels[0].spokes is missing. Add `spokes:`"
    ]


def test_every_wrong_field_is_named() -> None:
    assert problems("wheels:\n  - {spokes: 2.5}\n  - {spokes: 1}\n") == [
        "cart.yaml:2:6: wheels[0].spokes is 2.5. Input should be a valid integer, got a number with a fractional part",
        "cart.yaml:3:6: wheels[1].spokes: too few spokes. Give at least 3",
    ]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("weels: []", "wheels"),
        ("wheels: [{spokes: 8, color: red}]", "colour"),
        ("spare: {spoke: 8}", "spokes"),
        ("parts: {left: {spokes: 3, makr: x}}", "maker"),
    ],
)
def test_a_misspelt_key_is_told_the_right_one(text: str, meant: str) -> None:
    assert any(f"Did you mean {meant!r}?" in problem for problem in problems(text))


def test_a_misspelt_choice_is_told_the_right_one() -> None:
    (problem,) = problems("spare: {spokes: 4, colour: blu}")
    assert problem.endswith("spare.colour is 'blu'. Did you mean 'blue'?")


def test_an_unquoted_word_that_yaml_takes_for_a_truth_value_is_told_to_be_quoted() -> None:
    (problem,) = problems("spare: {spokes: 4, maker: NO}")
    assert "Put it in quotes" in problem


def test_a_field_below_a_union_has_its_own_place() -> None:
    (problem,) = problems("pulled_by:\n  kind: cat\n  lives: many\n")
    assert problem.startswith("cart.yaml:3:3: pulled_by.lives is 'many'")


def test_a_key_given_twice_is_an_error() -> None:
    assert problems("spare:\n  spokes: 3\n  spokes: 4\n") == [
        "cart.yaml:3:3: key 'spokes' is given twice, first at line 2. Keep one of the two"
    ]


def test_a_merged_key_may_be_given_again() -> None:
    text = "parts:\n  a: &a {spokes: 3, maker: x}\n  b:\n    <<: *a\n    spokes: 4\n"
    document = parse_document(text, "cart.yaml")
    assert document.data["parts"]["b"] == {"spokes": 4, "maker": "x"}
    assert document.place(("parts", "b", "spokes")).line == 5


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: 1\nb: c: d", 2),
        ("é: 1\nb: \x01", 2),
        ("a: 1\nb: 2024-99-99", 2),
        ("a: &a [*a]", 1),
        ("a: 1\n---\nb: 1", 2),
        ("a: !!python/name:os.system", 1),
        ("- 1\n- " + "[" * 50, 2),
    ],
)
def test_what_is_not_yaml_is_a_problem_at_its_line(text: str, line: int) -> None:
    with pytest.raises(DocumentError) as caught:
        parse_document(text, "f")
    (problem,) = caught.value.problems
    assert problem.place.line == line
    assert problem.message.startswith("is not valid YAML: ")


def test_aliases_that_multiply_are_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 9)]
    with pytest.raises(DocumentError, match="multiply"):
        parse_document("\n".join(lines), "f")


@given(st.text(alphabet="ab:-[]{}&*<!|>'\"#%@,? \n\t0.${}", max_size=40) | st.text(max_size=30))
def test_any_text_is_a_document_or_a_problem(text: str) -> None:
    assert parsed_or_refused(text)


def parsed_or_refused(text: str) -> bool:
    """Is the text a document, or refused with at least one problem?"""
    try:
        return isinstance(parse_document(text, "f", environment={}), Document)
    except DocumentError as error:
        return len(error.problems) > 0


def test_a_variable_comes_from_the_environment() -> None:
    document = parse_document("a: '${HOST}:${PORT}'", "f", environment={"HOST": "h", "PORT": "1"})
    assert document.data == {"a": "h:1"}


def test_an_unquoted_variable_keeps_its_type() -> None:
    assert parse_document("port: ${PORT}", "f", environment={"PORT": "502"}).data == {"port": 502}


def test_a_variable_in_a_value_is_replaced_once() -> None:
    text = "a: &x ${A}\nb: *x"
    assert parse_document(text, "f", environment={"A": "${B}"}).data == {"a": "${B}", "b": "${B}"}


def test_a_variable_that_is_not_set_is_named_at_its_place() -> None:
    assert problems("spare:\n  spokes: ${SPOKES}\n") == [
        "cart.yaml:2:11: environment variable SPOKES is not set. Set SPOKES, or write the value"
    ]


def test_a_file_that_is_not_utf_8_is_a_problem(tmp_path: Path) -> None:
    file = tmp_path / "cart.yaml"
    file.write_bytes(b"a: \xff")
    with pytest.raises(DocumentError, match=r"^cart\.yaml: cannot be read"):
        load_document(file, relative_to=tmp_path)


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    file = tmp_path / "cart.yaml"
    file.write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert load_document(file).data == {"a": 1}


def test_an_empty_file_is_a_document_without_data() -> None:
    assert parse_document("# nothing yet\n", "f").data is None
