"""Every number has a unit: what can be converted is, bare numbers take one, the rest is refused."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conditions.constant import constant_value
from conditions.expression import Names, parse_number, parse_truth
from conditions.expression_text import ExpressionError
from conditions.functions import FUNCTIONS
from conditions.rule_file import load_rules
from conditions.spelling import spell
from conditions.term import Op, Term
from conditions.unit_check import UnitChecker
from config.documents import parse_document

INPUTS = {
    "vib": "mm/s",
    "temp": "degC",
    "hot": "degF",
    "lift": "delta_degC",
    "kelvin": "kelvin",
    "p": "bar",
    "dp": "kPa",
    "flow": "m3/h",
    "power": "kW",
    "level": "%",
    "hours": "h",
    "noise": "dB",
    "n": "1",
}
PARAMETERS = {"stated": "kPa", "base": "degC"}
NAMES = Names(INPUTS, {"free", "other", *PARAMETERS})


def check(text: str) -> tuple[str, dict[str, str]]:
    checker = UnitChecker(INPUTS, PARAMETERS)
    return spell(checker.truth(parse_truth(text, NAMES))), checker.parameter_units


def unit_of(text: str) -> str:
    return UnitChecker(INPUTS, PARAMETERS).value(parse_number(text, NAMES)).unit


CONVERTED = {
    "vib > 4.5": "vib > 4.5",
    "p > '50 kPa'": "p > 0.5",
    "'50 kPa' < p": "0.5 < p",
    "p - dp > 1": "p - dp * 0.01 > 1",
    "temp > '185 degF'": "temp > 85",
    "temp > '350 K'": "temp > 76.85",
    "level < '0.2 1'": "level < 20",
    "hours > 4000h": "hours > 4000",
    "p / dp > 1.2": "p / dp * 100 > 1.2",
    "flow * p > '5 kW'": "flow * p > 180",
    "'80 %' * p > 1": "0.8 * p > 1",
    "temp - '5 K' > 80": "temp - 5 > 80",
    "delta(temp, 1h) > '9 delta_degF'": "delta(temp, 1h) > 5",
    "rate(p, 10m) > '1 kPa/s'": "rate(p, 10m) > 0.6",
    "age(vib) > 1h + 30m": "age(vib) > 90m",
    "eta(p, '500 kPa', 14d) < 10d": "eta(p, 5, 14d) < 10d",
    "p > stated": "p > stated * 0.01",
    "least(p, dp) > 1": "least(p, dp * 0.01) > 1",
    "abs(temp - 20) > 5": "abs(temp - 20) > 5",
    "temp > base - 5": "temp > base - 5",
    "n > '80 %'": "n > 0.8",
}


@pytest.mark.parametrize("text", CONVERTED)
def test_what_is_of_one_kind_meets_in_one_unit(text: str) -> None:
    assert check(text)[0] == CONVERTED[text]


def test_an_input_in_fahrenheit_beside_one_in_celsius_is_converted() -> None:
    checker = UnitChecker(INPUTS, PARAMETERS)
    truth = checker.truth(parse_truth("temp > hot", NAMES))
    (converted,) = truth.operands[1:]
    # 212 degF in place of the input.
    filled = Term(
        converted.op,
        (
            Term(
                Op.MULTIPLY,
                (Term(Op.NUMBER, value=212.0), *converted.operands[0].operands[1:]),
            ),
            *converted.operands[1:],
        ),
    )
    assert constant_value(filled, {}) == pytest.approx(100.0)


UNITS = {
    "temp - 5": "degC",
    "temp - base": "delta_degC",
    "temp + lift": "degC",
    "lift + temp": "degC",
    "avg(temp, 1h)": "degC",
    "stddev(temp, 1h)": "delta_degC",
    "delta(hot, 1h)": "delta_degF",
    "rate(temp, 1h)": "delta_degC/min",
    "rate(vib, 1h)": "mm/min/s",
    "zscore(temp, 1h)": "1",
    "count(vib > 3, 1h)": "1",
    "coverage(vib, 1h)": "1",
    "age(vib)": "s",
    "eta(vib, 7, 1d)": "s",
    "increase(hours, 1d)": "h",
    "p / p": "1",
    "2 * vib": "mm/s",
    "power / flow": "h*kW/m**3",
    "hour() + n": "1",
}


@pytest.mark.parametrize("text", UNITS)
def test_a_number_has_the_unit_of_what_it_is_made_of(text: str) -> None:
    assert unit_of(text) == UNITS[text]


PARAMETER_UNITS = {
    "vib > free": "mm/s",
    "vib > free - 0.5": "mm/s",
    "vib > 2 * free": "mm/s",
    "vib > free / 2": "mm/s",
    "vib * free > 3": "1",
    "temp > free": "degC",
    "temp > 5 + free": "degC",
    "temp > free - 5": "degC",
    "temp + free > 90": "delta_degC",
    "abs(temp - free) > 5": "degC",
    "rate(temp, 1h) > free": "delta_degC/min",
    "eta(vib, free, 7d) < 3d": "mm/s",
    "least(vib, free) > 3": "mm/s",
    "temp > hot - free": "delta_degF",
}


@pytest.mark.parametrize("text", PARAMETER_UNITS)
def test_a_bare_parameter_takes_the_unit_of_what_it_stands_beside(text: str) -> None:
    assert check(text)[1] == {"free": PARAMETER_UNITS[text]}


REFUSED = {
    "temp + p > 3": ("p", "cannot be added", "degC"),
    "temp > p": ("p", "cannot be compared", "degC"),
    "temp > '5 bar'": ("'5 bar'", "cannot be compared", "degC"),
    "temp > lift": ("lift", "cannot be compared", "degC"),
    "vib > 10m": ("10m", "cannot be compared", "mm/s"),
    "temp + hot > 3": ("temp + hot", "do not add up", "difference"),
    "lift - temp > 3": ("lift - temp", "do not add up", "difference"),
    "temp - kelvin > 3": ("kelvin", "a temperature or a difference", "delta_degC"),
    "temp * 1.1 > 80": ("temp * 1.1", "no meaning", "Subtract"),
    "temp > 1.1 * free": ("1.1 * free", "no meaning", "Subtract"),
    "-temp > 3": ("-temp", "no meaning", "Subtract"),
    "sum(temp, 1h) > 3": ("sum(temp, 1h)", "no meaning", "Subtract"),
    "noise + 3 > 80": ("noise", "does not add up", "itself"),
    "power / flow > 3": ("3", "needs a unit", "'3 h*kW/m**3'"),
    "power / flow > free": ("free", "needs a unit", "free: {value"),
    "avg(power * vib, 1h) > 3": ("3", "needs a unit", "quotes"),
    "age(vib) > 30": ("30", "needs a unit", "30m"),
    "eta(vib, 7, 14d) < free": ("free", "needs a unit", "unit: min"),
    "vib > free * other": ("free * other", "which of", "value"),
    "vib > free and temp > free": ("free", "in degC here, and in mm/s", "two parameters"),
    "free > other": ("free > other", "reads no input", "input"),
    "avg(free, 1h) > vib": ("free", "reads no input", "looks back"),
    "avg(hour(), 1h) > vib": ("hour()", "reads no input", "looks back"),
    "avg(age(vib), 1h) > 1h": ("age(vib)", "not looked back at", "outside"),
    "eta(vib, temp, 1d) < 1d": ("temp", "not a constant", "parameter"),
    "eta(vib, '5 bar', 1d) < 1d": ("'5 bar'", "cannot be reached", "mm/s"),
    "avg(avg(avg(avg(vib, 1m), 1m), 1m), 1m) > 1": (
        "avg(avg(avg(avg(vib, 1m), 1m), 1m), 1m)",
        "more than 3",
        "fewer",
    ),
    "age(vib) > 1h / 0": ("1h / 0", "not a number", "finite"),
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_has_no_meaning_is_refused_at_its_place(text: str) -> None:
    place, message, remedy = REFUSED[text]
    with pytest.raises(ExpressionError) as caught:
        check(text)
    error = caught.value
    assert text[error.column : error.end_column] == place
    assert message in error.message
    assert remedy in error.remedy


def test_a_value_that_was_checked_may_be_compared_again() -> None:
    checker = UnitChecker(INPUTS, PARAMETERS)
    value = checker.value(parse_number("temp - hot", NAMES))
    for text in ("> 5", "< free"):
        checker.truth(parse_truth(text, NAMES, value=value))
    assert checker.parameter_units == {"free": "delta_degC"}


LEAVES = [
    *INPUTS,
    "free",
    "other",
    "stated",
    "base",
    "0",
    "5",
    "10m",
    "'3 degC'",
    "'2 K'",
    "'1 dB'",
]
LEAVES += ["'5 bar'", "'80 %'", "'1 degC*m'", "'1 1'", "hour()", "'1 delta_degF/s'", "'1 dBm'"]
NUMBERS = st.recursive(
    st.sampled_from(LEAVES),
    lambda inner: st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from("+-*/"), inner),
        st.builds("-{}".format, inner),
        st.builds("{}({}, 1h)".format, st.sampled_from(sorted(FUNCTIONS)), inner),
        st.builds("eta({}, {}, 1d)".format, inner, inner),
        st.builds("least({}, {})".format, inner, inner),
    ),
    max_leaves=8,
)


@settings(deadline=None)
@given(NUMBERS, st.sampled_from([">", "<=", "=="]), NUMBERS)
def test_any_sum_of_any_units_has_units_or_is_refused(left: str, op: str, right: str) -> None:
    text = f"{left} {op} {right}"
    try:
        term = UnitChecker(INPUTS, PARAMETERS).truth(parse_truth(text, NAMES))
    except ExpressionError as error:
        refused = error
    else:
        assert all(one.unit != "?" for one in term.walk())
        return
    assert refused.message
    assert 0 <= refused.column < refused.end_column <= len(text)


UNIT_WORDS = [
    *("mm", "s", "degC", "degF", "K", "bar", "Pa", "%", "rpm", "dB", "dBm", "pH", "Np", "W", "1"),
    *(
        "delta_degC",
        "count",
        "rad",
        "degree",
        "ppm",
        "VA",
        "gauge",
        "m3",
        "°C",
        "**2",
        "*",
        "/",
        "^",
    ),
    *("(", ")", "2", "-1", " ", "kilo", "e9", "neper", "octave", "percent", "psi", "inHg", "c"),
]


@settings(deadline=None)
@given(st.lists(st.sampled_from(UNIT_WORDS), min_size=1, max_size=5), st.sampled_from([*INPUTS]))
def test_any_quantity_beside_any_input_has_a_unit_or_is_refused(
    words: list[str], name: str
) -> None:
    quantity = f"'5 {''.join(words)}'"
    for text in (f"{name} > {quantity}", f"{name} * {quantity} > {quantity} - {name}"):
        try:
            check(text)
        except ExpressionError as error:
            refused = error
        else:
            continue
        assert refused.message
        assert refused.remedy


@settings(deadline=None)
@given(st.lists(st.sampled_from(UNIT_WORDS), min_size=1, max_size=4), st.sampled_from(["n", "p"]))
def test_any_unit_of_an_input_is_refused_or_can_be_reckoned_with(
    words: list[str], name: str
) -> None:
    unit = "".join(words)
    document = parse_document(
        f"asset_class: c\ninputs:\n  x: {{point: p, unit: mm/s}}\n  {name}: {{point: p, unit: mm}}\n"
        f"rules:\n- {{id: a, raise: 'rate(x, 1h) * {name} / x > x + 1'}}\n"
        "- {id: b, raise: 'x > 1'}\n",
        "f",
    )
    document.data["inputs"]["x"]["unit"] = unit
    rules, problems = load_rules([document], None)
    assert rules or problems
    assert all(problem.explain() for problem in problems)
