"""The units of terms: every number gets one, whatever can be converted is, and the rest is refused.

A bare number, or a parameter without a unit of its own, takes the unit of what it stands beside. What
comes out reckons in plain numbers: conversions are terms, and constants are folded.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from conditions.constant import constant_value
from conditions.expression import UNSTATED
from conditions.expression_text import ExpressionError
from conditions.spelling import spell
from conditions.term import TRUTHS, WINDOWED, Op, Term
from config.unit_algebra import (
    NONE,
    conversion,
    convertible,
    difference_unit,
    is_absolute,
    is_logarithmic,
    is_plain,
    product,
    quotient,
)
from config.units import same_unit

MAX_WINDOWS = 3
"""How many windows may lie in each other."""

_COMPARISONS = TRUTHS - {Op.NOT, Op.AND, Op.OR, Op.HELD}
_SUMS = frozenset({Op.ADD, Op.SUBTRACT})
_PRODUCTS = frozenset({Op.MULTIPLY, Op.DIVIDE})
_CHOICES = frozenset({Op.LEAST, Op.GREATEST})
_TOTALS = frozenset({Op.SUM, Op.INCREASE})
_DIFFERENCES = frozenset({Op.STDDEV, Op.DELTA})
_COUNTS = frozenset({Op.COUNT, Op.COVERAGE, Op.RISES, Op.ZSCORE, Op.HOUR, Op.WEEKDAY})
_TIMES = frozenset({Op.AGE, Op.ETA})
_TIME = "s"


@dataclass(frozen=True, slots=True)
class _Number:
    """A term with its unit. A bare number beside a `vague` one could mean anything.

    That is a product or quotient of two units, or a time that nobody measured in a unit.
    """

    term: Term
    vague: bool = False

    @property
    def unit(self) -> str:
        return self.term.unit

    @property
    def unstated(self) -> bool:
        return self.term.unit == UNSTATED


class UnitChecker:
    """Gives units to the terms of one rule. Raises `ExpressionError` with the place in their text.

    `inputs` are the units of inputs, "1" of others; `parameters` those that parameters state.
    `parameter_units` tells afterwards in which unit each parameter that was met is used.
    """

    def __init__(self, inputs: Mapping[str, str], parameters: Mapping[str, str]) -> None:
        self._inputs = inputs
        self._declared = parameters
        self._values: list[_Number] = []
        self.parameter_units: dict[str, str] = {}

    def value(self, term: Term) -> Term:
        """A number of a text of its own, which later truths may have among their terms."""
        number = self._number(term)
        if number.unstated:
            raise self._refusal(term, f"{spell(term)} reads no input", "Write an input's name")
        self._values.append(number)
        return number.term

    def truth(self, term: Term) -> Term:
        """A truth with units below it; it may have checked numbers among its terms."""
        if term.op in _COMPARISONS:
            left, right = self._meet(term, "compared")
            self._values += (left, right)
            return self._with(term, left.term, right.term, unit="")
        if term.op is Op.HELD:
            return self._with(term, self._windowed(term), unit="")
        return self._with(term, *(self.truth(operand) for operand in term.operands), unit="")

    def _number(self, term: Term, *, difference: bool = False) -> _Number:
        """A number with its unit; `difference`: a temperature would have no meaning here."""
        for value in self._values:
            if value.term is term:
                return value
        if term.op is Op.NUMBER:
            return _Number(term, vague=term.unit == _TIME)
        if term.op is Op.INPUT:
            return _Number(replace(term, unit=self._inputs.get(term.name, NONE)))
        if term.op is Op.PARAMETER:
            return self._parameter(term)
        if term.op in _SUMS:
            return self._sum(term, difference=difference)
        if term.op in _PRODUCTS:
            return self._product(term)
        if term.op in _CHOICES:
            left, right = self._meet(term, "compared")
            return self._folded(term, left, right, unit=left.unit)
        if term.op in (Op.NEGATE, Op.ABS):
            return self._scaled(term, self._number(term.operands[0], difference=True))
        return self._function(term)

    def _parameter(self, term: Term) -> _Number:
        unit = self._declared.get(term.name)
        if unit is None:
            return _Number(term)
        self.parameter_units[term.name] = unit
        return _Number(replace(term, unit=unit))

    def _scaled(self, term: Term, operand: _Number) -> _Number:
        self._refuse_absolute(term, operand)
        return self._folded(term, operand, unit=operand.unit)

    # Sums and comparisons: both sides in one unit.

    def _meet(self, term: Term, what: str) -> tuple[_Number, _Number]:
        """Both operands in one unit; UNSTATED where neither has one."""
        left, right = (self._number(operand) for operand in term.operands)
        if left.unstated and right.unstated:
            if term.op in _COMPARISONS:
                raise self._refusal(
                    term, f"{spell(term)} reads no input", "Compare an input or a window"
                )
            return left, right
        if left.unstated:
            return self._settle_beside(left, right), right
        if right.unstated:
            return left, self._settle_beside(right, left)
        if not convertible(right.unit, left.unit):
            raise self._units_refusal(right.term, left.term, what)
        if not left.term.inputs:
            return self._converted(left, right.unit), right
        return left, self._converted(right, left.unit)

    def _sum(self, term: Term, *, difference: bool) -> _Number:
        left, right = (self._number(operand) for operand in term.operands)
        for side in (left, right):
            if not side.unstated and is_logarithmic(side.unit):
                told = f"{spell(side.term)} is in {side.unit}, which does not add up"
                raise self._refusal(side.term, told, "Compare it by itself")
        if is_absolute_number(left) or is_absolute_number(right):
            if difference and term.op is Op.SUBTRACT and right.unstated:
                right = self._settle(right, left.unit)
            return self._sum_of_temperatures(term, left, right)
        left, right = self._meet(term, "added" if term.op is Op.ADD else "subtracted")
        return self._folded(term, left, right, unit=left.unit)

    def _sum_of_temperatures(self, term: Term, left: _Number, right: _Number) -> _Number:
        """Two temperatures have a difference, but no sum; a difference may be added to one."""
        both = is_absolute_number(left) and is_absolute_number(right)
        if term.op is Op.SUBTRACT and (both or left.unstated):
            left = self._settle(left, right.unit) if left.unstated else left
            right = self._converted(right, left.unit)
            return self._folded(term, left, right, unit=difference_unit(left.unit))
        if both or (term.op is Op.SUBTRACT and not is_absolute_number(left)):
            told = f"{spell(term)} has no meaning: temperatures in {right.unit} do not add up"
            raise self._refusal(term, told, "Add a difference to a temperature, or subtract two")
        base, step = (left, right) if is_absolute_number(left) else (right, left)
        wanted = difference_unit(base.unit)
        if step.unstated:
            step = self._settle(step, wanted)
        elif not convertible(step.unit, wanted):
            raise self._units_refusal(step.term, base.term, "added")
        elif step.term.inputs and not step.unit.startswith("delta_"):
            told = f"is {spell(step.term)} ({step.unit}) a temperature or a difference?"
            raise self._refusal(step.term, told, f"Give its input the unit {base.unit} or {wanted}")
        step = self._converted(step, wanted)
        sides = (base, step) if base is left else (step, base)
        return self._folded(term, *sides, unit=base.unit)

    def _settle_beside(self, bare: _Number, other: _Number) -> _Number:
        if other.vague:
            names = sorted(bare.term.parameters)
            unit = "min" if other.unit == _TIME else other.unit
            told = f"{spell(bare.term)} needs a unit beside {spell(other.term)} ({other.unit})"
            remedy = (
                f"Give the parameter one: {names[0]}: {{value: …, unit: {unit}}}"
                if names
                else f"Write a duration, such as {spell(bare.term)}m or 2h"
                if other.unit == _TIME
                else f"Write it in quotes, like '{spell(bare.term)} {unit}'"
            )
            raise self._refusal(bare.term, told, remedy)
        return self._settle(bare, other.unit)

    # Products: a bare number is a factor.

    def _product(self, term: Term) -> _Number:
        left, right = (self._number(operand, difference=True) for operand in term.operands)
        if left.unstated and right.unstated:
            return self._folded(term, left, right, unit=UNSTATED)
        sides = [self._factor(term, side) for side in (left, right)]
        units = [side.unit for side in sides]
        unit = product(*units) if term.op is Op.MULTIPLY else quotient(*units)
        if units[1] == NONE or (units[0] == NONE and term.op is Op.MULTIPLY):
            unit = units[0] if units[1] == NONE else units[1]
            vague = any(side.vague for side in sides)
            return self._folded(term, *sides, unit=unit, vague=vague)
        whole = self._folded(term, *sides, unit=unit, vague=True)
        return replace(self._converted(whole, NONE), vague=False) if is_plain(unit) else whole

    def _factor(self, term: Term, side: _Number) -> _Number:
        if side.unstated:
            return self._settle(side, NONE)
        self._refuse_absolute(term, side)
        return self._converted(side, NONE) if is_plain(side.unit) else side

    # Functions.

    def _function(self, term: Term) -> _Number:
        if term.op in (Op.HOUR, Op.WEEKDAY):
            return _Number(self._with(term, unit=NONE))
        if term.op is Op.AGE:
            inner = self._number(term.operands[0])
            return _Number(self._with(term, inner.term, unit=_TIME), vague=True)
        if term.op in (Op.RISES, Op.COUNT) and term.operands[0].is_truth:
            return _Number(self._with(term, self._windowed(term), unit=NONE))
        operand = self._windowed_number(term)
        if term.op is Op.ETA:
            return self._eta(term, operand)
        return replace(operand, term=self._with(term, operand.term, unit=self._unit(term, operand)))

    def _windowed(self, term: Term) -> Term:
        self._check_window(term)
        return self.truth(term.operands[0])

    def _windowed_number(self, term: Term) -> _Number:
        self._check_window(term)
        return self._number(term.operands[0], difference=term.op in _TOTALS)

    def _check_window(self, term: Term) -> None:
        if not term.operands[0].inputs:
            told = f"{spell(term.operands[0])} reads no input"
            raise self._refusal(
                term.operands[0], told, f"{term.op} looks back at what an input was"
            )
        if any(one.op is Op.AGE for one in term.operands[0].walk()):
            raise self._refusal(
                term.operands[0], "age is not looked back at", f"Write age outside of {term.op}"
            )
        if _depth(term) > MAX_WINDOWS:
            told = f"more than {MAX_WINDOWS} windows in each other"
            raise self._refusal(term, told, "Use fewer")

    def _unit(self, term: Term, operand: _Number) -> str:
        if term.op in _COUNTS:
            return NONE
        if term.op in _TOTALS:
            self._refuse_absolute(term, operand)
        if term.op in _DIFFERENCES:
            return difference_unit(operand.unit)
        if term.op is Op.RATE:
            if is_logarithmic(operand.unit):
                told = f"{operand.unit} has no rate"
                raise self._refusal(term, told, "Compare its delta over the window")
            return quotient(difference_unit(operand.unit), "min")
        return operand.unit

    def _eta(self, term: Term, operand: _Number) -> _Number:
        limit = self._number(term.operands[1])
        if limit.term.inputs:
            told = f"the limit {spell(limit.term)} is not a constant"
            raise self._refusal(limit.term, told, "Give a number or a parameter")
        if limit.unstated:
            limit = self._settle_beside(limit, operand)
        elif not convertible(limit.unit, operand.unit):
            raise self._units_refusal(limit.term, operand.term, "reached")
        limit = self._converted(limit, operand.unit)
        return _Number(self._with(term, operand.term, limit.term, unit=_TIME), vague=True)

    # Bare numbers get their unit.

    def _settle(self, number: _Number, unit: str) -> _Number:
        return _Number(self._settled(number.term, unit))

    def _settled(self, term: Term, unit: str) -> Term:
        if term.op is Op.NUMBER:
            return replace(term, unit=unit)
        if term.op is Op.PARAMETER:
            return self._used(term, unit)
        if term.op in _PRODUCTS:
            return self._settled_product(term, unit)
        if term.op in _SUMS and is_absolute(unit):
            return self._settled_temperature(term, unit)
        if term.op in (Op.NEGATE, Op.ABS):
            self._refuse_absolute(term, _Number(replace(term, unit=unit)))
        operands = [self._settled(operand, unit) for operand in term.operands]
        return self._with(term, *operands, unit=unit)

    def _settled_product(self, term: Term, unit: str) -> Term:
        """One side has the unit, the other is a factor."""
        self._refuse_absolute(term, _Number(replace(term, unit=unit)))
        left, right = term.operands
        if unit != NONE and left.parameters and right.parameters:
            told = f"which of {spell(left)} and {spell(right)} is in {unit}?"
            name = min(right.parameters)
            raise self._refusal(
                term, told, f"Give parameters a unit, like {name}: {{value: …, unit: {unit}}}"
            )
        has_unit = right if right.parameters and term.op is Op.MULTIPLY else left
        units = [unit if side is has_unit else NONE for side in (left, right)]
        operands = [
            self._settled(side, one) for side, one in zip((left, right), units, strict=True)
        ]
        return self._with(term, *operands, unit=unit)

    def _settled_temperature(self, term: Term, unit: str) -> Term:
        """One side is a temperature, the other a difference."""
        left, right = term.operands
        swapped = term.op is Op.ADD and not left.parameters and bool(right.parameters)
        units = [unit, difference_unit(unit)]
        if swapped:
            units.reverse()
        operands = [
            self._settled(side, one) for side, one in zip((left, right), units, strict=True)
        ]
        return self._with(term, *operands, unit=unit)

    def _used(self, term: Term, unit: str) -> Term:
        before = self.parameter_units.setdefault(term.name, unit)
        if not same_unit(before, unit):
            told = f"{term.name} is in {unit} here, and in {before} elsewhere"
            remedy = f"Use two parameters, or give it a unit: {{value: …, unit: {before}}}"
            raise self._refusal(term, told, remedy)
        return replace(term, unit=unit)

    # Terms and refusals.

    def _converted(self, number: _Number, unit: str) -> _Number:
        way = conversion(number.unit, unit)
        term = number.term
        if term.op is Op.NUMBER:
            return replace(number, term=replace(term, value=way.apply(term.value), unit=unit))
        for op, by in ((Op.MULTIPLY, way.factor), (Op.ADD, way.offset)):
            if by != (1.0 if op is Op.MULTIPLY else 0.0):
                factor = Term(Op.NUMBER, value=by, unit=NONE if op is Op.MULTIPLY else unit)
                term = Term(
                    op,
                    (term, factor),
                    unit=unit,
                    column=term.column,
                    end_column=term.end_column,
                )
        return replace(number, term=replace(term, unit=unit))

    def _folded(self, term: Term, *operands: _Number, unit: str, vague: bool = False) -> _Number:
        built = self._with(term, *(operand.term for operand in operands), unit=unit)
        vague = vague or any(operand.vague for operand in operands)
        if any(operand.op is not Op.NUMBER for operand in built.operands):
            return _Number(built, vague)
        value = constant_value(built, {})
        if math.isnan(value):
            raise self._refusal(term, f"{spell(term)} is not a number", "Write a finite number")
        return _Number(replace(built, op=Op.NUMBER, operands=(), value=value), vague)

    def _with(self, term: Term, *operands: Term, unit: str) -> Term:
        return replace(term, operands=operands, unit=unit)

    def _refuse_absolute(self, term: Term, operand: _Number) -> None:
        if operand.unstated or not (is_absolute(operand.unit) or is_logarithmic(operand.unit)):
            return
        told = f"{spell(term)} has no meaning: {operand.unit} counts from a zero of its own"
        remedy = "Subtract a temperature first, or give a parameter for the result"
        raise self._refusal(term, told, remedy)

    def _units_refusal(self, term: Term, other: Term, what: str) -> ExpressionError:
        told = f"{spell(term)} is in {term.unit}, {spell(other)} in {other.unit}"
        told = f"{told}: they cannot be {what}"
        return self._refusal(term, told, f"Use a number in {other.unit}")

    def _refusal(self, term: Term, message: str, remedy: str) -> ExpressionError:
        return ExpressionError(message, remedy, term.column, term.end_column)


def is_absolute_number(number: _Number) -> bool:
    """Is it a temperature that counts from a zero of its own?"""
    return not number.unstated and is_absolute(number.unit)


def _depth(term: Term) -> int:
    """How many windows lie in each other."""
    below = max(map(_depth, term.operands), default=0)
    return below + (term.op in WINDOWED)
