"""What the rules of an asset share in their shape: series, constants, programs, windows and runs."""

from collections.abc import Callable, Sequence

from conditions.component_shape import Constant, RunPlan, Shape, WindowPlan
from conditions.conversion import Conversion
from conditions.operations import END
from conditions.rule import Input
from conditions.tables import NOWHERE, WAKE
from conditions.term import Op, Term


class ShapeCompiler:
    """Puts what the rules of an asset come to into one shape, each thing once."""

    def __init__(self, shape: Shape, conversion: Callable[[str, str], Conversion]) -> None:
        self.shape = shape
        self._conversion = conversion
        self._by_role = {slot.role: number for number, slot in enumerate(shape.slots)}
        self._constants: dict[Constant, int] = {}
        self._windows: dict[tuple[str, tuple[int, ...]], int] = {}
        self._runs: dict[tuple[str, tuple[int, ...]], int] = {}
        self._wakes: set[tuple[int, int]] = set()

    def slot(self, read: Input) -> int:
        """The series that an input reads."""
        return self._by_role[read.role]

    def conversion(self, read: Input) -> Conversion:
        """From the unit of the point to that of the input."""
        return self._conversion(self.shape.slots[self.slot(read)].unit, read.unit)

    def constant(self, constant: Constant) -> int:
        """The place of a constant."""
        if constant not in self._constants:
            self._constants[constant] = len(self.shape.constants)
            self.shape.constants.append(constant)
        return self._constants[constant]

    def literal(self, value: float) -> int:
        """The place of a number."""
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
        """The number of a run; a new one gets its action."""
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

    def wake(self, slot: int, constant: int) -> None:
        """Have a row of a series look at the deadlines again a while after it, once."""
        if (slot, constant) not in self._wakes:
            self._wakes.add((slot, constant))
            action = {"kind": WAKE, "target": 0, "program": NOWHERE, "compare": -1}
            self.act([slot], action | {"constant": constant}, [])
