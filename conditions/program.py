"""Programs: what the rules of an asset come to for the kernel, once for all assets that are alike.

Equal terms over equal inputs, units and parameters share their windows, whichever rule they stand in.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from conditions.component_shape import (
    Constant,
    RulePlan,
    RunPlan,
    Sense,
    Shape,
    Slot,
    WindowPlan,
)
from conditions.constant import is_constant
from conditions.conversion import SAME, Conversion
from conditions.interpreter import (
    ABSOLUTE,
    ADD,
    AGE,
    AMOUNT,
    AND,
    AVERAGE,
    COMPARE,
    COMPARE_CONSTANT,
    CONSTANT,
    CONVERT,
    COVERAGE,
    DELTA,
    DIVIDE,
    END,
    GREATER_OF,
    GREATEST,
    HELD,
    HOUR,
    LEAST,
    LESSER,
    LOAD,
    LOAD_YOUNG,
    MULTIPLY,
    NEGATE,
    NOT,
    OR,
    RATE,
    SAMPLES,
    SKIP_FALSE,
    SKIP_TRUE,
    SMOOTHED,
    SPREAD,
    SUBTRACT,
    TALLY,
    TIME_LEFT,
    WEEKDAY,
)
from conditions.rule import Input, OnUnknown, Rule
from conditions.spelling import spell
from conditions.tables import (
    CLEAR,
    COUNT_INCREASE,
    COUNT_RISES,
    COUNT_TRUE,
    CROSS_AGE,
    CROSS_RUN,
    EQUAL,
    FILL_ENDS,
    FILL_EXTREMES,
    FILL_FIT,
    FILL_SPREAD,
    FILL_SUM,
    FOREVER,
    GREATER,
    GREATER_EQUAL,
    GUARD,
    GUARD_UNKNOWN,
    HOLD,
    HOLD_RUN,
    LESS,
    LESS_EQUAL,
    NOT_EQUAL,
    NOWHERE,
    PANES,
    RAISE,
    SHOWN,
    SMOOTH,
    WAKE,
)
from conditions.term import WINDOWED, Op, Term

COMPARATORS = {
    Op.GREATER: GREATER,
    Op.GREATER_EQUAL: GREATER_EQUAL,
    Op.LESS: LESS,
    Op.LESS_EQUAL: LESS_EQUAL,
    Op.EQUAL: EQUAL,
    Op.NOT_EQUAL: NOT_EQUAL,
}
_MIRROR = {
    Op.GREATER: Op.LESS,
    Op.GREATER_EQUAL: Op.LESS_EQUAL,
    Op.LESS: Op.GREATER,
    Op.LESS_EQUAL: Op.GREATER_EQUAL,
    Op.EQUAL: Op.EQUAL,
    Op.NOT_EQUAL: Op.NOT_EQUAL,
}
_BINARY = {
    Op.ADD: ADD,
    Op.SUBTRACT: SUBTRACT,
    Op.MULTIPLY: MULTIPLY,
    Op.DIVIDE: DIVIDE,
    Op.LEAST: LESSER,
    Op.GREATEST: GREATER_OF,
}
_UNARY = {Op.NEGATE: NEGATE, Op.ABS: ABSOLUTE, Op.NOT: NOT}
_CLOCKS = {Op.HOUR: HOUR, Op.WEEKDAY: WEEKDAY}
_ON_UNKNOWN = {OnUnknown.HOLD: HOLD, OnUnknown.CLEAR: CLEAR, OnUnknown.RAISE: RAISE}
# How each windowed function is filled and read.
_READ = {
    Op.AVG: AVERAGE,
    Op.SUM: TALLY,
    Op.COVERAGE: COVERAGE,
    Op.STDDEV: SPREAD,
    Op.MIN: LEAST,
    Op.MAX: GREATEST,
    Op.DELTA: DELTA,
    Op.RATE: RATE,
    Op.INCREASE: TALLY,
    Op.RISES: AMOUNT,
    Op.EWMA: SMOOTHED,
    Op.ETA: TIME_LEFT,
}
_FILL = {
    Op.AVG: FILL_SUM,
    Op.SUM: FILL_SUM,
    Op.COVERAGE: FILL_SUM,
    Op.COUNT: FILL_SUM,
    Op.STDDEV: FILL_SPREAD,
    Op.MIN: FILL_EXTREMES,
    Op.MAX: FILL_EXTREMES,
    Op.DELTA: FILL_ENDS,
    Op.RATE: FILL_ENDS,
    Op.INCREASE: COUNT_INCREASE,
    Op.RISES: COUNT_RISES,
    Op.EWMA: SMOOTH,
    Op.ETA: FILL_FIT,
}


def compile_shape(
    rules: Sequence[Rule], slots: Sequence[Slot], conversion: Callable[[str, str], Conversion]
) -> Shape:
    """The programs of rules over some series; every rule finds its inputs among them."""
    shape = Shape(tuple(slots), actions=[[] for _ in slots])
    compiler = _Compiler(shape, conversion)
    plans = [_RuleCompiler(compiler, rule) for rule in rules]
    for number, plan in enumerate(plans):
        plan.compile(number)
    return shape


class _Compiler:
    """Puts the terms of all rules into one shape."""

    def __init__(self, shape: Shape, conversion: Callable[[str, str], Conversion]) -> None:
        self.shape = shape
        self._conversion = conversion
        self._by_role = {slot.role: number for number, slot in enumerate(shape.slots)}
        self._constants: dict[Constant, int] = {}
        self._windows: dict[tuple[str, tuple[int, ...]], int] = {}
        self._runs: dict[tuple[str, tuple[int, ...]], int] = {}

    def slot(self, read: Input) -> int:
        return self._by_role[read.role]

    def conversion(self, read: Input) -> Conversion:
        return self._conversion(self.shape.slots[self.slot(read)].unit, read.unit)

    def constant(self, constant: Constant) -> int:
        if constant not in self._constants:
            self._constants[constant] = len(self.shape.constants)
            self.shape.constants.append(constant)
        return self._constants[constant]

    def literal(self, value: float) -> int:
        return self.constant(Constant(Term(Op.NUMBER, value=value)))

    def program(self, code: Sequence[tuple[int, int, int]]) -> int:
        """Keep a program; returns its place."""
        place = len(self.shape.code)
        self.shape.code += [*code, (END, 0, 0)]
        return place

    def window(self, plan: WindowPlan, action: Callable[[int], None]) -> int:
        """The number of a window; a new one gets its action."""
        key = (plan.key, plan.constants)
        if key not in self._windows:
            self._windows[key] = len(self.shape.windows)
            self.shape.windows.append(plan)
            action(self._windows[key])
        return self._windows[key]

    def run(self, plan: RunPlan, action: Callable[[int], None]) -> int:
        key = (plan.key, plan.constants)
        if key not in self._runs:
            self._runs[key] = len(self.shape.runs)
            self.shape.runs.append(plan)
            action(self._runs[key])
        return self._runs[key]

    def act(self, slots: Sequence[int], action: dict[str, int], others: Sequence[int]) -> None:
        """Have a row of any of some series do something."""
        first = len(self.shape.others)
        self.shape.others += others
        for slot in slots:
            place = {"first_other": first, "end_other": first + len(others)}
            self.shape.actions[slot].append(action | place)


class _RuleCompiler:
    """Puts one rule into a shape."""

    def __init__(self, compiler: _Compiler, rule: Rule) -> None:
        self._to = compiler
        self._rule = rule
        read = rule.inputs or (Input("alarm", "alarm", "1", None),)
        self._inputs = {one.name: one for one in read}

    def compile(self, number: int) -> None:
        rule, shape = self._rule, self._to.shape
        first_level, first_input = len(shape.levels), len(shape.inputs)
        first_crossing, first_shown = len(shape.crossings), len(shape.shown)
        shape.inputs += [
            {"series": self._to.slot(one), "max_age": _max_age(one)}
            for one in self._inputs.values()
        ]
        enabled = NOWHERE if rule.enabled_when is None else self._program(rule.enabled_when)
        value = rule.value if rule.value is not None else self._alarm_value()
        value_place = NOWHERE if value is None else self._program(value)
        limits: list[tuple[int, int]] = []
        for level in rule.levels:
            shape.levels.append(
                {
                    "severity": int(level.severity),
                    "raise_when": self._program(level.raise_when),
                    "clear_when": self._program(level.clear_when),
                    "for_us": level.for_us,
                    "clear_for_us": level.clear_for_us,
                }
            )
            limits.append((self._limit(level.raise_when), self._limit(level.clear_when)))
        shown = self._shown()
        shape.shown += [self._program(term) for term in shown]
        crossings = self._crossings()
        shape.crossings += crossings
        record = {
            "enabled": enabled,
            "value": value_place,
            "first_level": first_level,
            "end_level": len(shape.levels),
            "first_input": first_input,
            "end_input": len(shape.inputs),
            "first_crossing": first_crossing,
            "end_crossing": len(shape.crossings),
            "first_shown": first_shown,
            "end_shown": len(shape.shown),
            "on_unknown": _ON_UNKNOWN[rule.on_unknown],
            "by_hour": int(any(t.op in _CLOCKS for t in _walk(rule.terms))),
        }
        # Each level ends a timer, and each deadline and the row itself evaluate once.
        stale = len(self._inputs) if rule.on_unknown is not OnUnknown.HOLD else 0
        room = (len(crossings) + stale + 2) * (len(rule.levels) + 1)
        shape.rules.append(RulePlan(rule, record, tuple(shown), tuple(limits), room))
        self._wake()
        self._guard(number)

    def _alarm_value(self) -> Term | None:
        return Term(Op.INPUT, name="alarm") if self._rule.alarm is not None else None

    def _guard(self, number: int) -> None:
        """What has to be true of a row for a rule at rest to be looked at further."""
        raising = [level.raise_when for level in self._rule.levels]
        slots = sorted({self._to.slot(one) for one in self._inputs.values()})
        kind = GUARD_UNKNOWN if self._rule.on_unknown is OnUnknown.RAISE else GUARD
        guard = raising[0] if len(raising) == 1 else self._easiest(raising)
        if guard is None:
            guard = raising[0]
            for other in raising[1:]:
                guard = Term(Op.OR, (guard, other))
        direct = self._direct(guard) if len(slots) == 1 else None
        action = {"kind": kind, "target": number} | (direct or self._indirect(guard))
        if kind == GUARD and not direct:
            action |= self._quick(guard)
        for slot in slots:
            self._to.act([slot], action, [other for other in slots if other != slot])

    def _quick(self, guard: Term) -> dict[str, int]:
        """A comparison that is soon made and without which a guard is not true, if there is one.

        That the reading may be too old is left to the guard itself.
        """
        for term in _conjuncts(guard):
            if term.op not in COMPARATORS:
                continue
            op, (left, right) = term.op, term.operands
            if is_constant(left):
                op, left, right = _MIRROR[op], right, left
            if is_constant(right) and (found := self._quick_read(left, right)):
                return {"quick_compare": COMPARATORS[op]} | found
        return {}

    def _quick_read(self, left: Term, right: Term) -> dict[str, int] | None:
        """How the left side of a comparison with a constant is read without a program."""
        if left.op is Op.INPUT:
            slot = self._to.slot(self._inputs[left.name])
            place = self._back(left, right)
            return {"quick": LOAD, "quick_target": slot, "quick_constant": place}
        read = self._quick_window(left)
        return read and read | {"quick_constant": self._to.constant(self._constant(right))}

    def _quick_window(self, term: Term) -> dict[str, int] | None:
        """How a term is read off a window, where it is nothing else."""
        if term.op not in WINDOWED or term.op in (Op.ZSCORE, Op.HELD):
            return None
        limit = term.operands[1:]
        if not all(is_constant(one) for one in limit):
            return None
        *_, (read, window, _) = self._windowed(term)
        place = self._to.constant(self._constant(limit[0])) if limit else 0
        return {"quick": read, "quick_target": window, "quick_limit": place}

    def _easiest(self, raising: Sequence[Term]) -> Term | None:
        """Of thresholds of one value that all look one way, the one that is met first."""
        first = raising[0]
        for one in raising:
            alike = one.op is first.op and one.op in (Op.GREATER, Op.LESS)
            if not alike or one.operands[0] != first.operands[0]:
                return None
            if not is_constant(one.operands[1]):
                return None
        pick = Op.LEAST if first.op is Op.GREATER else Op.GREATEST
        limit = Term(pick, tuple(one.operands[1] for one in raising))
        return Term(first.op, (first.operands[0], limit))

    def _indirect(self, term: Term) -> dict[str, int]:
        return {"program": self._program(term), "compare": -1, "constant": 0}

    def _direct(self, term: Term) -> dict[str, int] | None:
        """A row's own value, or its comparison with a constant, without a program."""
        if term.op is Op.INPUT:
            same = self._to.conversion(self._inputs[term.name]) == SAME
            return {"program": NOWHERE, "compare": -1, "constant": 0} if same else None
        if term.op not in COMPARATORS:
            return None
        left, right = term.operands
        if left.op is not Op.INPUT or not is_constant(right):
            return None
        place = self._back(left, right)
        return {"program": NOWHERE, "compare": COMPARATORS[term.op], "constant": place}

    def _wake(self) -> None:
        """Have rows note when the rule's truths may change by time alone."""
        for term in _outside_windows(self._rule.terms):
            if (age := self._age_limit(term)) is not None:
                slot, constant = age
                self._to.act([slot], _woken(constant), [])
        if self._rule.on_unknown is OnUnknown.HOLD:
            return
        for one in self._inputs.values():
            if one.max_age_us is not None:
                constant = self._to.literal(float(one.max_age_us + 1))
                self._to.act([self._to.slot(one)], _woken(constant), [])

    def _crossings(self) -> list[dict[str, int]]:
        found: list[dict[str, int]] = []
        for term in _outside_windows(self._rule.terms):
            if (age := self._age_limit(term)) is not None:
                found.append({"kind": CROSS_AGE, "target": age[0], "constant": age[1]})
            elif term.op is Op.HELD:
                found.append({"kind": CROSS_RUN, "target": self._held(term), "constant": 0})
        return found

    def _age_limit(self, term: Term) -> tuple[int, int] | None:
        """(series, constant) of a comparison of an age with a constant."""
        if term.op not in COMPARATORS:
            return None
        op, (left, right) = term.op, term.operands
        if left.op is not Op.AGE:
            op, left, right = _MIRROR[op], right, left
        if left.op is not Op.AGE or not is_constant(right):
            return None
        sense = Sense.AFTER if op in (Op.GREATER, Op.LESS_EQUAL) else Sense.FROM
        slot = self._to.slot(self._inputs[left.operands[0].name])
        return slot, self._to.constant(self._constant(right, sense))

    def _shown(self) -> list[Term]:
        """The numbers that the rule's truths compare, as far as they are not its value."""
        found: list[Term] = []
        for term in _outside_windows(self._rule.terms):
            for operand in term.operands if term.op in COMPARATORS else ():
                known = operand in found or operand == self._rule.value or is_constant(operand)
                if not known and not operand.is_truth:
                    found.append(operand)
        return found[:SHOWN]

    def _limit(self, truth: Term) -> int:
        """The constant that a truth compares the rule's value with, or NOWHERE."""
        if truth.op not in COMPARATORS:
            return NOWHERE
        left, right = truth.operands
        if left == self._rule.value and is_constant(right):
            return self._to.constant(self._constant(right))
        if right == self._rule.value and is_constant(left):
            return self._to.constant(self._constant(left))
        return NOWHERE

    def _constant(
        self, term: Term, sense: Sense = Sense.PLAIN, conversion: Conversion = SAME
    ) -> Constant:
        defaults = tuple((name, self._rule.parameters[name]) for name in sorted(term.parameters))
        return Constant(term, defaults, sense, conversion)

    def _back(self, read: Term, limit: Term) -> int:
        """A constant in the unit of the point that it is compared with."""
        way = self._to.conversion(self._inputs[read.name])
        return self._to.constant(self._constant(limit, Sense.BACK, way))

    def _program(self, term: Term) -> int:
        return self._to.program(self._code(term))

    def _code(self, term: Term) -> list[tuple[int, int, int]]:
        """The program of a term, without its end: it leaves its value in the accumulator."""
        if is_constant(term):
            return [(CONSTANT, self._to.constant(self._constant(term)), 0)]
        if term.op is Op.INPUT:
            return self._load(term)
        if term.op in COMPARATORS:
            return self._comparison(term)
        if term.op in (Op.AND, Op.OR):
            return self._joined(term)
        if term.op in _UNARY:
            return [*self._code(term.operands[0]), (_UNARY[term.op], 0, 0)]
        if term.op in _BINARY:
            return self._folded(term)
        if term.op is Op.AGE:
            return [(AGE, self._to.slot(self._inputs[term.operands[0].name]), 0)]
        if term.op in _CLOCKS:
            return [(_CLOCKS[term.op], 0, 0)]
        if term.op is Op.HELD:
            return [(HELD, self._held(term), 0)]
        return self._windowed(term)

    def _folded(self, term: Term) -> list[tuple[int, int, int]]:
        code = self._code(term.operands[0])
        for operand in term.operands[1:]:
            code += [*self._code(operand), (_BINARY[term.op], 0, 0)]
        return code

    def _load(self, term: Term, *, raw: bool = False) -> list[tuple[int, int, int]]:
        read = self._inputs[term.name]
        way = self._to.conversion(read)
        if read.max_age_us is None:
            code = [(LOAD, self._to.slot(read), 0)]
        else:
            age = self._to.literal(float(read.max_age_us))
            code = [(LOAD_YOUNG, self._to.slot(read), age)]
        if raw or way == SAME:
            return code
        # The two numbers of a conversion stand side by side.
        place = len(self._to.shape.constants)
        self._to.shape.constants += [
            Constant(Term(Op.NUMBER, value=number)) for number in (way.factor, way.offset)
        ]
        return [*code, (CONVERT, place, 0)]

    def _comparison(self, term: Term) -> list[tuple[int, int, int]]:
        op, (left, right) = term.op, term.operands
        if is_constant(left):
            op, left, right = _MIRROR[op], right, left
        if not is_constant(right):
            return [*self._code(left), *self._code(right), (COMPARE, COMPARATORS[op], 0)]
        if left.op is Op.INPUT:
            place = self._back(left, right)
            return [*self._load(left, raw=True), (COMPARE_CONSTANT, COMPARATORS[op], place)]
        place = self._to.constant(self._constant(right))
        return [*self._code(left), (COMPARE_CONSTANT, COMPARATORS[op], place)]

    def _joined(self, term: Term) -> list[tuple[int, int, int]]:
        """And, or: what stands behind is skipped where the first decides."""
        skip, join = (SKIP_FALSE, AND) if term.op is Op.AND else (SKIP_TRUE, OR)
        code = self._code(term.operands[0])
        for operand in term.operands[1:]:
            rest = [*self._code(operand), (join, 0, 0)]
            code = [*code, (skip, len(rest), 0), *rest]
        return code

    def _windowed(self, term: Term) -> list[tuple[int, int, int]]:
        if term.op is Op.ZSCORE:
            mean = Term(Op.AVG, term.operands, window_us=term.window_us)
            spread = Term(Op.STDDEV, term.operands, window_us=term.window_us)
            apart = Term(Op.SUBTRACT, (term.operands[0], mean))
            return self._code(Term(Op.DIVIDE, (apart, spread)))
        operand = term.operands[0]
        kind, read = _FILL[term.op], _READ.get(term.op, SAMPLES)
        if term.op is Op.COUNT and operand.is_truth:
            kind, read = COUNT_TRUE, AMOUNT
        window = self._window(operand, kind, term.window_us)
        limit = self._code(term.operands[1]) if term.op is Op.ETA else []
        return [*limit, (read, window, 0)]

    def _window(self, operand: Term, kind: int, length_us: int) -> int:
        key, constants = self._key(operand)
        slots = self._slots(operand)
        plan = WindowPlan(f"{kind} {length_us} {key}", kind, length_us, slots[0], constants)
        body = self._body(operand, slots) | (self._quick_window(operand) or {})

        def add(number: int) -> None:
            action = {"kind": kind, "target": number} | body
            for slot in slots:
                self._to.act([slot], action, [other for other in slots if other != slot])

        return self._to.window(plan, add)

    def _held(self, term: Term) -> int:
        operand = term.operands[0]
        key, constants = self._key(operand)
        slots = self._slots(operand)
        plan = RunPlan(f"held {term.window_us} {key}", term.window_us, constants)
        body = self._body(operand, slots)
        ages = {name: self._inputs[name] for name in sorted(operand.inputs)}
        others = [
            place
            for one in ages.values()
            for place in (self._to.slot(one), self._to.literal(float(_max_age(one))))
        ]

        def add(number: int) -> None:
            action = {"kind": HOLD_RUN, "target": number} | body
            self._to.act(slots, action, others)

        return self._to.run(plan, add)

    def _body(self, operand: Term, slots: Sequence[int]) -> dict[str, int]:
        direct = self._direct(operand) if len(slots) == 1 else None
        return direct or self._indirect(operand)

    def _slots(self, operand: Term) -> list[int]:
        return sorted({self._to.slot(self._inputs[name]) for name in operand.inputs})

    def _key(self, operand: Term) -> tuple[str, tuple[int, ...]]:
        """What a window is over, in words that outlive rules' names; and the constants in it."""
        read = {
            name: f"{one.role}|{one.unit}|{one.max_age_us}" for name, one in self._inputs.items()
        }
        text = spell(_renamed(operand, read))
        constants = [
            self._to.constant(self._constant(Term(Op.PARAMETER, name=name)))
            for name in sorted(operand.parameters)
        ]
        return text, tuple(constants)


def _woken(constant: int) -> dict[str, int]:
    return {"kind": WAKE, "target": 0, "program": NOWHERE, "compare": -1, "constant": constant}


def _max_age(read: Input) -> int:
    return FOREVER if read.max_age_us is None else read.max_age_us


def _walk(terms: Sequence[Term]) -> list[Term]:
    return [one for term in terms for one in term.walk()]


def _conjuncts(term: Term) -> list[Term]:
    """What all has to be true for a term to be true."""
    if term.op is not Op.AND:
        return [term]
    return [one for operand in term.operands for one in _conjuncts(operand)]


def _outside_windows(terms: Sequence[Term]) -> list[Term]:
    """The terms and what is below them, but for what only windows sample."""
    found: list[Term] = []
    for term in terms:
        found.append(term)
        inner = (
            term.operands[1:] if term.op in WINDOWED and term.op is not Op.ZSCORE else term.operands
        )
        found += _outside_windows(inner)
    return found


def _renamed(term: Term, names: Mapping[str, str]) -> Term:
    return Term(
        term.op,
        tuple(_renamed(operand, names) for operand in term.operands),
        value=term.value,
        name=names.get(term.name, term.name) if term.op is Op.INPUT else term.name,
        window_us=term.window_us,
    )


def pane_us(kind: int, length_us: int) -> int:
    """Length of a window's panes; of an exponentially weighted mean, its time constant."""
    return length_us if kind == SMOOTH else -(-length_us // PANES)


def as_codes(code: Sequence[tuple[int, int, int]]) -> np.ndarray:
    """Programs as the kernel reads them."""
    return np.array(code, np.int32).reshape(-1, 3)
