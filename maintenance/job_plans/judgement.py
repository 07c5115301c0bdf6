"""What a recording at a step means: passed, alert or failed, and why. Pure."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from maintenance.errors import StepValueInvalid
from maintenance.job_plans.order_step import OrderStep, Outcome
from maintenance.job_plans.plan import StepKind

OK = "ok"
NOT_OK = "not ok"


@dataclass(frozen=True, slots=True)
class Given:
    """What somebody gives at a step: `said` is a choice, a text, a signed name, or `ok` and `not ok`.

    `photos` are keys of attachments. A step that is skipped says why in `note`.
    """

    value: float | None = None
    said: str | None = None
    photos: tuple[str, ...] = ()
    note: str = ""
    skipped: bool = False


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a recording means, and the sentence that says why; empty where it simply passed."""

    outcome: Outcome
    reason: str = ""


_PASSED = Judgement(Outcome.PASSED)


def judge(step: OrderStep, given: Given) -> Judgement:
    """The outcome of a recording. Raises `StepValueInvalid` where the step asks for something else."""
    if given.skipped:
        if not given.note.strip():
            raise StepValueInvalid("note", f"say why {step.text!r} is skipped")
        return Judgement(Outcome.SKIPPED, given.note.strip())
    return _JUDGES[step.kind](step, given)


def limits_in_words(step: OrderStep) -> str:
    """The limits of a number: `allowed 0.5 to 7.1 mm/s, usual up to 4.5 mm/s`; empty without any."""
    limits, unit = step.limits, "" if step.unit in {None, "1"} else f" {step.unit}"
    spans = (
        ("allowed", limits.low_reject, limits.high_reject),
        ("usual", limits.low_alert, limits.high_alert),
    )
    return ", ".join(
        f"{word} {_span(low, high)}{unit}"
        for word, low, high in spans
        if low is not None or high is not None
    )


def _span(low: float | None, high: float | None) -> str:
    if low is None:
        return f"up to {high:g}"
    return f"from {low:g}" if high is None else f"{low:g} to {high:g}"


def _number(step: OrderStep, given: Given) -> Judgement:
    value = given.value
    if value is None or not math.isfinite(value):
        raise StepValueInvalid("value", f"{step.text!r} asks for a number")
    limits = step.limits
    for limit, outcome, beyond in (
        (limits.low_reject, Outcome.FAILED, "below"),
        (limits.high_reject, Outcome.FAILED, "above"),
        (limits.low_alert, Outcome.ALERT, "below"),
        (limits.high_alert, Outcome.ALERT, "above"),
    ):
        if limit is not None and (value < limit if beyond == "below" else value > limit):
            unit = "" if step.unit in {None, "1"} else f" {step.unit}"
            return Judgement(outcome, f"{value:g}{unit} is {beyond} {limit:g}{unit}")
    return _PASSED


def _check(step: OrderStep, given: Given) -> Judgement:
    if given.said not in {OK, NOT_OK}:
        raise StepValueInvalid("said", f"{step.text!r} is {OK} or {NOT_OK}")
    return _PASSED if given.said == OK else Judgement(Outcome.FAILED, "not as it should be")


def _choice(step: OrderStep, given: Given) -> Judgement:
    if given.said not in step.choices:
        choices = ", ".join(step.choices)
        raise StepValueInvalid("said", f"{step.text!r} is one of: {choices}")
    failed = given.said in step.failing
    return Judgement(Outcome.FAILED, f"found {given.said}") if failed else _PASSED


def _words(step: OrderStep, given: Given) -> Judgement:
    if not (given.said or "").strip():
        asked = "your name" if step.kind is StepKind.SIGNATURE else "some words"
        raise StepValueInvalid("said", f"{step.text!r} asks for {asked}")
    return _PASSED


def _photo(step: OrderStep, given: Given) -> Judgement:
    if not given.photos:
        raise StepValueInvalid("photos", f"{step.text!r} asks for a photo")
    return _PASSED


_JUDGES: Mapping[StepKind, Callable[[OrderStep, Given], Judgement]] = MappingProxyType(
    {
        StepKind.CHECK: _check,
        StepKind.NUMBER: _number,
        StepKind.METER: _number,
        StepKind.CHOICE: _choice,
        StepKind.TEXT: _words,
        StepKind.SIGNATURE: _words,
        StepKind.PHOTO: _photo,
    }
)
