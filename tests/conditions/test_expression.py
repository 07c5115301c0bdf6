"""Expressions are read into terms, and whatever is none is refused with its place and a remedy."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conditions.expression import Names, parse_expression, parse_number, parse_truth
from conditions.expression_text import MAX_LENGTH, ExpressionError
from conditions.functions import FUNCTIONS, Takes
from conditions.spelling import spell
from conditions.term import WINDOWED, Op, Term

NAMES = Names({"vib", "temp", "spd"}, {"alert", "trip"}, {"pump_health"})
MINUTE = 60_000_000


def refusal(text: str) -> ExpressionError:
    with pytest.raises(ExpressionError) as caught:
        parse_truth(text, NAMES)
    return caught.value


def marked(text: str) -> str:
    """The part of the text that a refusal is about."""
    error = refusal(text)
    return text[error.column : error.end_column]


READ = {
    "avg(vib, 10m) > trip - 0.5": "avg(vib, 10m) > trip - 0.5",
    "rate(temp,15m)>0.5 and not spd<=300": "rate(temp, 15m) > 0.5 and not spd <= 300",
    "3 < vib < 5": "3 < vib and vib < 5",
    "(vib > 1 or temp > 2) and spd > 3": "(vib > 1 or temp > 2) and spd > 3",
    "vib > 1 or temp > 2 and spd > 3": "vib > 1 or temp > 2 and spd > 3",
    "vib - (temp - 1) > -(alert)": "vib - (temp - 1) > -alert",
    "vib / (temp * 2) > +4": "vib / (temp * 2) > 4",
    "least(vib, temp, 3) > 1": "least(least(vib, temp), 3) > 1",
    "age(vib) > 1h30m": "age(vib) > 90m",
    "rises(vib > 6, 24h) >= 5": "rises(vib > 6, 1d) >= 5",
    "held(spd > 300, 5m)": "held(spd > 300, 5m)",
    "score(pump_health) > 1": "score(pump_health) > 1",
    "score(vib) > 1": "vib > 1",
    "hour() >= 6 and weekday() < 5": "hour() >= 6 and weekday() < 5",
    "vib >\n  trip": "vib > trip",
    "vib > 2 * (3 + 4) / 7": "vib > 2",
}


@pytest.mark.parametrize("text", READ)
def test_a_text_means_its_terms(text: str) -> None:
    assert spell(parse_truth(text, NAMES)) == READ[text]


@pytest.mark.parametrize("text", READ)
def test_a_spelt_term_reads_back_as_the_same(text: str) -> None:
    term = parse_truth(text, NAMES)
    if "score" not in text:
        assert parse_truth(spell(term), NAMES) == term


def test_every_function_is_called_as_it_says() -> None:
    words = {"x": "vib", "c": "vib > 1", "w": "10m", "limit": "5", "y": "temp", "…": "spd"}
    for function in FUNCTIONS.values():
        name, _, rest = function.call.partition("(")
        operands = [words[word] for word in rest.removesuffix(")").split(", ") if word]
        term = parse_expression(f"{name}({', '.join(operands)})", NAMES)
        assert term.op is function.op
        assert (term.window_us == 10 * MINUTE) == (term.op in WINDOWED)
        assert (Takes.WINDOW in function.takes) == (term.op in WINDOWED)


def test_a_term_knows_its_columns() -> None:
    text = "  vib > 1h30m + avg( temp, 2d )"
    term = parse_truth(text, NAMES)
    _, total = term.operands
    assert text[total.column : total.end_column] == "1h30m + avg( temp, 2d )"
    assert [text[one.column : one.end_column] for one in total.operands] == [
        "1h30m",
        "avg( temp, 2d )",
    ]


def test_a_duration_is_seconds_and_a_quantity_keeps_its_unit() -> None:
    day = parse_number("1d", NAMES)
    assert (day.value, day.unit) == (86_400.0, "s")
    limit = parse_number("'4.5 mm/s'", NAMES)
    assert (limit.value, limit.unit) == (4.5, "mm/s")


def test_a_text_that_begins_with_a_comparison_compares_the_value() -> None:
    value = Term(Op.INPUT, name="vib")
    truth = parse_truth(" >= trip - 0.5", NAMES, value=value)
    assert spell(truth) == "vib >= trip - 0.5"
    assert (truth.operands[1].column, truth.operands[1].end_column) == (4, 14)


MISTAKES = {
    "vibr > 3": ("vibr", "'vib'"),
    "avgg(vib, 10m) > 3": ("avgg", "'avg'"),
    "avg > 3": ("avg", "avg(x, w)"),
    "avg(vib) > 3": ("avg(vib)", "avg(x, w)"),
    "avg(vib, 10) > 3": ("10", "10m"),
    "avg(vib, alert) > 3": ("alert", "10m"),
    "avg(vib, w=10m) > 3": ("avg(vib, w=10m)", "without their names"),
    "avg(vib, 2000d) > 3": ("2000d", "within"),
    "avg(vib > 3, 10m) > 3": ("vib > 3", "number"),
    "held(vib, 10m)": ("vib", "vib > 5"),
    "age(vib + temp) > 5m": ("vib + temp", ""),
    "least(vib) > 3": ("least(vib)", "least(x, y"),
    "score(10m) > 1": ("10m", "model"),
    "score(1) > 1": ("score(1)", "pump_health"),
    "score(pump_helth) > 1": ("pump_helth", "'pump_health'"),
    "vib": ("vib", "vib > 5"),
    "vib and temp > 3": ("vib", "vib > 5"),
    "(vib > 3) + 1 > 2": ("vib > 3", "number"),
    "(vib > 3) == (temp > 3)": ("vib > 3", "number"),
    "vib > True": ("True", "comparison"),
    "vib > None": ("None", "comparison"),
    "vib > 0x10": ("0x10", "number"),
    "vib > 5j": ("5j", "number"),
    "vib > 1e999": ("1e999", "below"),
    "vib > 1 / 0": ("1 / 0", "finite"),
    "vib > 5min": ("5min", "'5 min'"),
    "vib > 4.5 mm/s and temp > 3": ("4.5 mm/s", "'4.5 mm/s'"),
    "vib > 4.5mm/s": ("4.5mm", "quotes"),
    "vib > '4.5 mm/sec2'": ("'4.5 mm/sec2'", "'sec'"),
    "vib > 'high'": ("'high'", "'4.5 mm/s'"),
    "vib > 3 & temp > 4": ("3 & temp", "and"),
    "vib > 3 | temp > 4": ("3 | temp", "or"),
    "vib > 3 && temp > 4": ("&&", "and"),
    "vib > 3 || temp > 4": ("||", "or"),
    "vib > 3 AND temp > 4": (" AND ", "and"),
    "vib => 3": ("=>", ">="),
    "vib = 3": (" = ", "=="),
    "vib ** 2 > 3": ("vib ** 2", "Multiply"),
    "vib % 2 > 3": ("vib % 2", "Use"),
    "vib in (1, 2)": ("(1, 2)", "Use"),
    "vib is 3": ("vib is 3", "> >="),
    "~vib > 3": ("~vib", "not"),
    "vib.real > 3": ("vib.real", "Use"),
    "vib[0] > 3": ("vib[0]", "Use"),
    "(lambda: 1)() > 3": ("lambda: 1", "Use"),
    "[vib for vib in temp] > 3": ("[vib for vib in temp]", "Use"),
    "(x := 3) > 2": ("x := 3", "Use"),
    "f'{vib}' > 2": ("f'{vib}'", "Use"),
    "vib > 3 if temp else 4": ("vib > 3 if temp else 4", "Use"),
    "__import__('os') > 3": ("__import__", "Known"),
    "vib > 80 °C": ("°", "degC"),
    "vib > 3 # high": ("# high", "YAML"),
    "> 3": ("> 3", "temp > 85"),
    "vib >": (">", "Use"),
}


@pytest.mark.parametrize("text", MISTAKES)
def test_a_mistake_is_told_with_its_place_and_a_remedy(text: str) -> None:
    place, remedy = MISTAKES[text]
    assert marked(text) == place
    assert remedy in refusal(text).remedy
    assert refusal(text).message


@pytest.mark.parametrize(
    "text",
    [
        "vib > " + "(" * 300 + "1" + ")" * 300,
        "vib > " + "-" * 900 + "temp",
        "vib > " + "(" * 60 + "temp" + " + 1)" * 60,
        " or ".join(["vib > 1"] * 99),
        "vib > " + "9" * 5000,
        "vib > " + "1" * (MAX_LENGTH + 1),
    ],
)
def test_what_is_too_long_or_too_deep_is_refused(text: str) -> None:
    assert refusal(text).message


def check_any(text: str) -> None:
    """A term, or a refusal with a place inside the text."""
    try:
        term = parse_expression(text, NAMES)
    except ExpressionError as error:
        refused = error
    else:
        assert all(0 <= one.column < one.end_column <= len(text) for one in term.walk())
        return
    assert refused.message
    assert refused.remedy
    assert 0 <= refused.column < refused.end_column
    assert refused.column <= len(text)


@given(st.text(max_size=80))
def test_any_text_is_a_term_or_a_refusal(text: str) -> None:
    check_any(text)


@given(st.text(alphabet="vib temp<>=!+-*/().123_eE,[]{}'\"#\\:;@lambdainot\nmhd%", max_size=60))
def test_any_text_of_the_language_s_signs_is_a_term_or_a_refusal(text: str) -> None:
    check_any(text)


TOKENS = [
    *("vib", "temp", "alert", "trip", "(", ")", ",", "+", "-", "*", "/", ">", "<=", "==", "and"),
    *("or", "not", "10m", "1d", "0", "5", "1e9", "'5 mm/s'", "'3 degC'", "'80 %'", "if", "lambda"),
    *("[", "]", ".", ":=", "=", "**", "score(", "None", "yield", "await"),
    *(f"{name}(" for name in FUNCTIONS),
]


@given(st.lists(st.sampled_from(TOKENS), max_size=30))
def test_any_row_of_tokens_is_a_term_or_a_refusal(tokens: list[str]) -> None:
    check_any(" ".join(tokens))
    check_any("".join(tokens))
