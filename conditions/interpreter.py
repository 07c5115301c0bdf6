"""The interpreter: a term's program, run over the slots of one component at one time.

A program is a stretch of rows (operation, first, second argument) that ends with END, over an
accumulator and a stack.
"""

from typing import Any

import numpy as np

from conditions.compiled import compiled, inlined
from conditions.held import has_held
from conditions.local_clock import local_hour, local_weekday
from conditions.operations import (
    ABSOLUTE,
    ADD,
    AGE,
    AND,
    COMPARE,
    COMPARE_CONSTANT,
    CONSTANT,
    CONVERT,
    DIVIDE,
    END,
    GREATER_OF,
    HELD,
    HOUR,
    LESSER,
    LOAD,
    LOAD_YOUNG,
    NEGATE,
    NOT,
    OR,
    SKIP_FALSE,
    SKIP_TRUE,
    TIME_LEFT,
    WEEKDAY,
    compare,
    joined,
    read_age,
)
from conditions.tables import Machine, Records, Zones
from conditions.window_reading import read_window


@inlined
def run_program(  # noqa: C901, PLR0913 - one loop
    code: Records,
    all_series: Records,
    windows: Records,
    cells: Records,
    runs: Records,
    constants: Records,
    zones: Zones,
    component: Any,
    pc: int,
    ts: int,
    stack: Records,
) -> float:  # pragma: no cover - compiled
    """The value of a program at a time, copied into its callers; see `interpret`."""
    first_series, first_window = component.first_series, component.first_window
    first_constant = component.first_constant
    value, depth = np.nan, 0
    while True:
        op, argument = code[pc, 0], code[pc, 1]
        if op == END:
            break
        if op == COMPARE_CONSTANT:
            value = compare(argument, value, constants[first_constant + code[pc, 2]])
        elif op == SKIP_FALSE:
            if value == 0.0:
                pc += argument
        elif op == SKIP_TRUE:
            if value == 1.0:
                pc += argument
        elif op == CONVERT:
            place = first_constant + argument
            value = value * constants[place] + constants[place + 1]
        elif op == NOT:
            value = 1.0 - value
        elif op == NEGATE:
            value = -value
        elif op == ABSOLUTE:
            value = abs(value)
        elif op == TIME_LEFT:
            value = read_window(op, windows[first_window + argument], cells, ts, value)
        elif op in (AND, OR, COMPARE) or ADD <= op <= DIVIDE or LESSER <= op <= GREATER_OF:
            depth -= 1
            left = stack[depth]
            value = joined(op, argument, left, value)
        else:
            stack[depth] = value
            depth += 1
            if op == LOAD:
                value = all_series[first_series + argument].value
            elif op == LOAD_YOUNG:
                series = all_series[first_series + argument]
                age = float(ts - series.ts)
                value = series.value if age <= constants[first_constant + code[pc, 2]] else np.nan
            elif op == CONSTANT:
                value = constants[first_constant + argument]
            elif op == AGE:
                value = read_age(all_series[first_series + argument].good_ts, ts)
            elif op == HELD:
                value = has_held(runs[component.first_run + argument], ts)
            elif op == HOUR:
                value = local_hour(zones, component.zone, ts)
            elif op == WEEKDAY:
                value = local_weekday(zones, component.zone, ts)
            else:
                value = read_window(op, windows[first_window + argument], cells, ts, np.nan)
        pc += 1
    return value


@compiled
def interpret(machine: Machine, c: int, pc: int, ts: int) -> float:  # pragma: no cover - compiled
    """The value of a program over the slots of a component at a time."""
    state = machine.state
    return run_program(
        machine.programs.code,
        state.series,
        state.windows,
        state.cells,
        state.runs,
        state.constants,
        machine.zones,
        state.components[c],
        pc,
        ts,
        machine.stack,
    )
