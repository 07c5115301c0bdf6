"""The interpreter: a term's program, run over the slots of one component at one time.

A program is a stretch of rows (operation, first, second argument) that ends with END, over an
accumulator and a stack. Numbers and truths are floats: true is 1, false is 0, unknown is NaN.
"""

from typing import Any

import numpy as np

from conditions.compiled import beyond, compiled, inlined
from conditions.tables import (
    BEFORE,
    EQUAL,
    GREATER,
    GREATER_EQUAL,
    LESS,
    LESS_EQUAL,
    PANES,
    Machine,
    Records,
    Zones,
)
from conditions.windows import has_held, rate, spread, time_left, total_at

(
    END,
    CONSTANT,
    LOAD,
    LOAD_YOUNG,
    CONVERT,
    COMPARE_CONSTANT,
    COMPARE,
    SKIP_FALSE,
    SKIP_TRUE,
    AND,
    OR,
    NOT,
    AVERAGE,
    TALLY,
    SPREAD,
    RATE,
    HELD,
    AGE,
    TIME_LEFT,
    SAMPLES,
    AMOUNT,
    COVERAGE,
    LEAST,
    GREATEST,
    DELTA,
    SMOOTHED,
    ADD,
    SUBTRACT,
    MULTIPLY,
    DIVIDE,
    NEGATE,
    ABSOLUTE,
    LESSER,
    GREATER_OF,
    HOUR,
    WEEKDAY,
) = range(36)
"""Operations."""

_HOUR = 3_600_000_000
_DAY = 86_400_000_000
_SECOND = 1e6


@inlined
def compare(op: int, left: float, right: float) -> float:  # pragma: no cover - compiled
    """A comparison as a truth; unknown where one side is."""
    if np.isnan(left) or np.isnan(right):
        return np.nan
    if op == GREATER:
        return 1.0 if left > right else 0.0
    if op == LESS:
        return 1.0 if left < right else 0.0
    if op == GREATER_EQUAL:
        return 1.0 if left >= right else 0.0
    if op == LESS_EQUAL:
        return 1.0 if left <= right else 0.0
    if op == EQUAL:
        return 1.0 if left == right else 0.0
    return 1.0 if left != right else 0.0


@compiled
def zone_row(zones: Zones, zone: int, ts: int) -> int:  # pragma: no cover - compiled
    """The row of a zone's table that holds at a time."""
    low, high = zones.first[zone], zones.first[zone + 1] - 1
    while low < high:
        middle = (low + high + 1) // 2
        if zones.at[middle] <= ts:
            low = middle
        else:
            high = middle - 1
    return int(low)


@compiled
def local_time(zones: Zones, zone: int, ts: int) -> int:  # pragma: no cover - compiled
    """Local time as µs since 1970-01-01 00:00 local."""
    return int(ts + zones.offset[zone_row(zones, zone, ts)])


@compiled
def next_hour(zones: Zones, zone: int, ts: int) -> int:  # pragma: no cover - compiled
    """When the local hour is another one."""
    row = zone_row(zones, zone, ts)
    local = ts + zones.offset[row]
    at = (local // _HOUR + 1) * _HOUR - zones.offset[row]
    if row + 1 < zones.first[zone + 1]:
        return int(min(at, zones.at[row + 1]))
    return int(at)


@compiled
def _arithmetic(op: int, left: float, right: float) -> float:  # pragma: no cover - compiled
    """A result that is not finite is unknown."""
    if op == ADD:
        result = left + right
    elif op == SUBTRACT:
        result = left - right
    elif op == MULTIPLY:
        result = left * right
    elif op == DIVIDE:
        result = left / right
    elif np.isnan(left) or np.isnan(right):
        return np.nan
    elif op == LESSER:
        result = min(left, right)
    else:
        result = max(left, right)
    return result if np.isfinite(result) else np.nan


@inlined
def _both(left: float, right: float) -> float:  # pragma: no cover - compiled
    if left == 0.0 or right == 0.0:
        return 0.0
    if np.isnan(left) or np.isnan(right):
        return np.nan
    return 1.0


@inlined
def _either(left: float, right: float) -> float:  # pragma: no cover - compiled
    if left == 1.0 or right == 1.0:
        return 1.0
    if np.isnan(left) or np.isnan(right):
        return np.nan
    return 0.0


@compiled
def _seldom(op: int, window: Any, cells: Records, ts: int) -> float:  # pragma: no cover - compiled
    """What an operation reads of a window that few rules use."""
    total = total_at(window, cells, ts)
    first = cells[total]
    if op == SAMPLES:
        return float(first)
    if op == LEAST:
        return float(first) if np.isfinite(first) else np.nan
    if op == GREATEST:
        return float(cells[total + 1]) if np.isfinite(first) else np.nan
    return np.nan if np.isnan(first) else float(window.last - cells[total + 1])


@inlined
def read_window(  # noqa: C901 - a table of operations
    op: int, window: Any, cells: Records, ts: int, limit: float
) -> float:  # pragma: no cover - compiled
    """What an operation reads of a window at a time; only `TIME_LEFT` asks about a limit."""
    value = np.nan
    if op in (AVERAGE, TALLY, SPREAD, RATE, AMOUNT, COVERAGE):
        total = total_at(window, cells, ts)
        fold = beyond(cells, total)
        if op == SPREAD:
            value = spread(cells, total)
        elif op == RATE:
            value = rate(window, cells, total)
        elif op == AMOUNT:
            value = fold[1]
        elif op == COVERAGE:
            value = fold[2] / PANES
        elif fold[0] > 0.0:
            value = fold[1]
            if op == AVERAGE:
                value /= fold[0]
    elif op == TIME_LEFT:
        if not np.isnan(limit):
            value = time_left(window, cells, ts, limit)
    elif op == SMOOTHED:
        value = window.last
    else:
        value = _seldom(op, window, cells, ts)
    return value


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
            if op == AND:
                value = _both(left, value)
            elif op == OR:
                value = _either(left, value)
            elif op == COMPARE:
                value = compare(argument, left, value)
            else:
                value = _arithmetic(op, left, value)
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
                good_ts = all_series[first_series + argument].good_ts
                value = np.nan if good_ts == BEFORE else (ts - good_ts) / _SECOND
            elif op == HELD:
                value = has_held(runs[component.first_run + argument], ts)
            elif op == HOUR:
                value = float(local_time(zones, component.zone, ts) // _HOUR % 24)
            elif op == WEEKDAY:
                value = float((local_time(zones, component.zone, ts) // _DAY + 3) % 7)
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
