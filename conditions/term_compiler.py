"""Terms of one rule made into programs, with the windows and runs that those read."""

from collections.abc import Mapping, Sequence

from conditions.component_shape import Constant, RunPlan, Sense, WindowPlan
from conditions.constant import is_constant
from conditions.conversion import SAME, Conversion
from conditions.operations import (
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
from conditions.rule import Input, Rule
from conditions.shape_compiler import ShapeCompiler
from conditions.spelling import spell
from conditions.tables import (
    COUNT_INCREASE,
    COUNT_RISES,
    COUNT_TRUE,
    EQUAL,
    FILL_ENDS,
    FILL_EXTREMES,
    FILL_FIT,
    FILL_SPREAD,
    FILL_SUM,
    FOREVER,
    GREATER,
    GREATER_EQUAL,
    HOLD_RUN,
    LESS,
    LESS_EQUAL,
    NOT_EQUAL,
    NOWHERE,
    SMOOTH,
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
MIRROR = {
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
CLOCKS = {Op.HOUR: HOUR, Op.WEEKDAY: WEEKDAY}
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


class TermCompiler:
    """Puts the terms of one rule into a shape."""

    def __init__(self, shape: ShapeCompiler, rule: Rule) -> None:
        self._to = shape
        self._rule = rule
        read = rule.inputs or (Input("alarm", "alarm", "1", None),)
        self.inputs = {one.name: one for one in read}

    def constant(
        self, term: Term, sense: Sense = Sense.PLAIN, conversion: Conversion = SAME
    ) -> Constant:
        """A constant term with the defaults of the parameters that it reads."""
        defaults = tuple((name, self._rule.parameters[name]) for name in sorted(term.parameters))
        return Constant(term, defaults, sense, conversion)

    def back(self, read: Term, limit: Term) -> int:
        """A constant in the unit of the point that it is compared with."""
        way = self._to.conversion(self.inputs[read.name])
        return self._to.constant(self.constant(limit, Sense.BACK, way))

    def program(self, term: Term) -> int:
        """Put the program of a term into the shape; returns its place."""
        return self._to.program(self.code(term))

    def code(self, term: Term) -> list[tuple[int, int, int]]:
        """The program of a term, without its end: it leaves its value in the accumulator."""
        if is_constant(term):
            return [(CONSTANT, self._to.constant(self.constant(term)), 0)]
        if term.op is Op.INPUT:
            return self._load(term)
        if term.op in COMPARATORS:
            return self._comparison(term)
        if term.op in (Op.AND, Op.OR):
            return self._joined(term)
        if term.op in _UNARY:
            return [*self.code(term.operands[0]), (_UNARY[term.op], 0, 0)]
        if term.op in _BINARY:
            return self._folded(term)
        if term.op is Op.AGE:
            return [(AGE, self._to.slot(self.inputs[term.operands[0].name]), 0)]
        if term.op in CLOCKS:
            return [(CLOCKS[term.op], 0, 0)]
        if term.op is Op.HELD:
            return [(HELD, self.held(term), 0)]
        return self._windowed(term)

    def _folded(self, term: Term) -> list[tuple[int, int, int]]:
        code = self.code(term.operands[0])
        for operand in term.operands[1:]:
            code += [*self.code(operand), (_BINARY[term.op], 0, 0)]
        return code

    def _load(self, term: Term, *, raw: bool = False) -> list[tuple[int, int, int]]:
        read = self.inputs[term.name]
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
            op, left, right = MIRROR[op], right, left
        if not is_constant(right):
            return [*self.code(left), *self.code(right), (COMPARE, COMPARATORS[op], 0)]
        if left.op is Op.INPUT:
            place = self.back(left, right)
            return [*self._load(left, raw=True), (COMPARE_CONSTANT, COMPARATORS[op], place)]
        place = self._to.constant(self.constant(right))
        return [*self.code(left), (COMPARE_CONSTANT, COMPARATORS[op], place)]

    def _joined(self, term: Term) -> list[tuple[int, int, int]]:
        """And, or: what stands behind is skipped where the first decides."""
        skip, join = (SKIP_FALSE, AND) if term.op is Op.AND else (SKIP_TRUE, OR)
        code = self.code(term.operands[0])
        for operand in term.operands[1:]:
            rest = [*self.code(operand), (join, 0, 0)]
            code = [*code, (skip, len(rest), 0), *rest]
        return code

    def _windowed(self, term: Term) -> list[tuple[int, int, int]]:
        if term.op is Op.ZSCORE:
            mean = Term(Op.AVG, term.operands, window_us=term.window_us)
            spread = Term(Op.STDDEV, term.operands, window_us=term.window_us)
            apart = Term(Op.SUBTRACT, (term.operands[0], mean))
            return self.code(Term(Op.DIVIDE, (apart, spread)))
        operand = term.operands[0]
        kind, read = _FILL[term.op], _READ.get(term.op, SAMPLES)
        if term.op is Op.COUNT and operand.is_truth:
            kind, read = COUNT_TRUE, AMOUNT
        window = self._window(operand, kind, term.window_us)
        limit = self.code(term.operands[1]) if term.op is Op.ETA else []
        return [*limit, (read, window, 0)]

    def _window(self, operand: Term, kind: int, length_us: int) -> int:
        key, constants = self._key(operand)
        slots = self.slots(operand)
        plan = WindowPlan(f"{kind} {length_us} {key}", kind, length_us, slots[0], constants)
        body = self._body(operand, slots) | (self.quick_window(operand) or {})

        def add(number: int) -> None:
            action = {"kind": kind, "target": number} | body
            for slot in slots:
                self._to.act([slot], action, [other for other in slots if other != slot])

        return self._to.window(plan, add)

    def held(self, term: Term) -> int:
        """The run that a HELD term reads; a new one gets its action."""
        operand = term.operands[0]
        key, constants = self._key(operand)
        slots = self.slots(operand)
        plan = RunPlan(f"held {term.window_us} {key}", term.window_us, constants)
        body = self._body(operand, slots)
        ages = {name: self.inputs[name] for name in sorted(operand.inputs)}
        others = [
            place
            for one in ages.values()
            for place in (self._to.slot(one), self._to.literal(float(max_age(one))))
        ]

        def add(number: int) -> None:
            action = {"kind": HOLD_RUN, "target": number} | body
            self._to.act(slots, action, others)

        return self._to.run(plan, add)

    def _body(self, operand: Term, slots: Sequence[int]) -> dict[str, int]:
        direct = self.direct(operand) if len(slots) == 1 else None
        return direct or self.indirect(operand)

    def direct(self, term: Term) -> dict[str, int] | None:
        """A row's own value, or its comparison with a constant, without a program."""
        if term.op is Op.INPUT:
            same = self._to.conversion(self.inputs[term.name]) == SAME
            return {"program": NOWHERE, "compare": -1, "constant": 0} if same else None
        if term.op not in COMPARATORS:
            return None
        left, right = term.operands
        if left.op is not Op.INPUT or not is_constant(right):
            return None
        place = self.back(left, right)
        return {"program": NOWHERE, "compare": COMPARATORS[term.op], "constant": place}

    def indirect(self, term: Term) -> dict[str, int]:
        """A program in an action."""
        return {"program": self.program(term), "compare": -1, "constant": 0}

    def quick_window(self, term: Term) -> dict[str, int] | None:
        """How a term is read off a window, where it is nothing else."""
        if term.op not in WINDOWED or term.op in (Op.ZSCORE, Op.HELD):
            return None
        limit = term.operands[1:]
        if not all(is_constant(one) for one in limit):
            return None
        *_, (read, window, _) = self._windowed(term)
        place = self._to.constant(self.constant(limit[0])) if limit else 0
        return {"quick": read, "quick_target": window, "quick_limit": place}

    def slots(self, operand: Term) -> list[int]:
        """The series that a term reads."""
        return sorted({self._to.slot(self.inputs[name]) for name in operand.inputs})

    def _key(self, operand: Term) -> tuple[str, tuple[int, ...]]:
        """What a window is over, in words that outlive rules' names; and the constants in it."""
        read = {
            name: f"{one.role}|{one.unit}|{one.max_age_us}" for name, one in self.inputs.items()
        }
        text = spell(_renamed(operand, read))
        constants = [
            self._to.constant(self.constant(Term(Op.PARAMETER, name=name)))
            for name in sorted(operand.parameters)
        ]
        return text, tuple(constants)


def max_age(read: Input) -> int:
    """The age beyond which a reading of an input is unknown, in µs; FOREVER without one."""
    return FOREVER if read.max_age_us is None else read.max_age_us


def _renamed(term: Term, names: Mapping[str, str]) -> Term:
    return Term(
        term.op,
        tuple(_renamed(operand, names) for operand in term.operands),
        value=term.value,
        name=names.get(term.name, term.name) if term.op is Op.INPUT else term.name,
        window_us=term.window_us,
    )
