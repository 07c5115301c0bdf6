"""The states of levels: how conditions are raised and cleared, and when timers end.

Time in which the condition is unknown does not count: a timer needs its whole length of known time.
Known time ends where the first input of the rule gets too old, or the local hour changes that the
rule asks for, until the rule is evaluated again.
"""

import numpy as np

from conditions.compiled import compiled
from conditions.held import run_end
from conditions.interpreter import interpret
from conditions.local_clock import next_hour
from conditions.tables import (
    ACTIVE,
    BEFORE,
    CLEAR,
    CLEARING,
    CROSS_AGE,
    FOREVER,
    HOLD,
    NEVER,
    NORMAL,
    NOWHERE,
    PENDING,
    RAISE,
    TAIL_ROWS,
    Machine,
)


@compiled
def latest_row(machine: Machine, i: int) -> tuple[int, int]:  # pragma: no cover - compiled
    """(latest time, highest time of all at the last row) over the inputs of an instance."""
    state, programs = machine.state, machine.programs
    instance = state.instances[i]
    plan, first = programs.plans[instance.plan], state.components[instance.component].first_series
    latest, high = BEFORE, BEFORE
    for k in range(plan.first_input, plan.end_input):
        series = state.series[first + programs.inputs[k].series]
        latest, high = max(latest, series.ts), max(high, series.high)
    return int(latest), int(high)


@compiled
def _known_until(machine: Machine, i: int, ts: int) -> int:  # pragma: no cover - compiled
    """Until when what is known of the inputs at a time stays known."""
    state, programs = machine.state, machine.programs
    instance = state.instances[i]
    component, plan = state.components[instance.component], programs.plans[instance.plan]
    until = FOREVER
    for k in range(plan.first_input, plan.end_input):
        read = programs.inputs[k]
        series = state.series[component.first_series + read.series]
        if series.good_ts == series.ts and series.ts + read.max_age >= ts:
            until = min(until, series.ts + read.max_age)
    if plan.by_hour:
        until = min(until, next_hour(machine.zones, component.zone, ts))
    return int(until)


@compiled
def timer_end(machine: Machine, i: int) -> int:  # pragma: no cover - compiled
    """When the first timer of an instance ends if nothing changes, or NEVER."""
    instance = machine.state.instances[i]
    if not instance.awake:
        return NEVER
    plan = machine.programs.plans[instance.plan]
    end = NEVER
    for k in range(plan.end_level - plan.first_level):
        level = machine.state.levels[instance.first_level + k]
        if level.phase in (PENDING, CLEARING) and level.run_from != NEVER:
            ruled = machine.programs.levels[plan.first_level + k]
            length = ruled.for_us if level.phase == PENDING else ruled.clear_for_us
            end = min(end, level.run_from + length - level.elapsed)
    return int(end) if end <= instance.known_until else NEVER


@compiled
def next_crossing(machine: Machine, i: int, after: int) -> int:  # pragma: no cover - compiled
    """When, after a time, a truth of an instance changes although no row comes, or NEVER."""
    state, programs = machine.state, machine.programs
    instance = state.instances[i]
    component, plan = state.components[instance.component], programs.plans[instance.plan]
    found = NEVER
    for k in range(plan.first_crossing, plan.end_crossing):
        crossing = programs.crossings[k]
        if crossing.kind == CROSS_AGE:
            good_ts = state.series[component.first_series + crossing.target].good_ts
            length = state.constants[component.first_constant + crossing.constant]
            at = NEVER if good_ts == BEFORE or not length < FOREVER else good_ts + int(length)
        else:
            at = run_end(state.runs[component.first_run + crossing.target])
        if at > after:
            found = min(found, at)
    if plan.on_unknown != HOLD:
        for k in range(plan.first_input, plan.end_input):
            read = programs.inputs[k]
            series = state.series[component.first_series + read.series]
            at = series.ts + read.max_age + 1
            if read.max_age < FOREVER and series.good_ts == series.ts != BEFORE and at > after:
                found = min(found, at)
    return int(found)


@compiled
def _note_evidence(machine: Machine, i: int) -> None:  # pragma: no cover - compiled
    """Copy the last rows of an instance's inputs beside its change."""
    state, programs, clock = machine.state, machine.programs, machine.clock[0]
    instance = state.instances[i]
    plan, first = programs.plans[instance.plan], state.components[instance.component].first_series
    change = machine.changes[clock.changes]
    for k in range(plan.first_input, plan.end_input):
        s = first + programs.inputs[k].series
        rows = state.series[s].rows
        for row in range(max(rows - TAIL_ROWS, 0), rows):
            seen, noted = state.tail[s, row % TAIL_ROWS], machine.evidence[clock.evidence]
            noted.ts, noted.value, noted.quality = seen.ts, seen.value, seen.quality
            noted.input = k - plan.first_input
            clock.evidence += 1
    change.rows = clock.evidence - change.first_row


@compiled
def settle(machine: Machine, i: int, at: int) -> None:  # pragma: no cover - compiled
    """Set the severity of an instance's event from its levels, and note the change."""
    state, programs, clock = machine.state, machine.programs, machine.clock[0]
    instance = state.instances[i]
    plan = programs.plans[instance.plan]
    before, after, onset, awake = instance.severity, 0, NEVER, 0
    for k in range(plan.end_level - plan.first_level):
        level = state.levels[instance.first_level + k]
        if level.phase != NORMAL:
            awake = 1
        if level.phase >= ACTIVE:
            after = max(after, programs.levels[plan.first_level + k].severity)
            onset = min(onset, level.since)
    instance.awake = awake
    if before == after:
        return
    if before == 0:
        instance.onset, instance.raised = onset, at
    instance.peak = max(instance.peak, after)
    instance.severity = after
    change = machine.changes[clock.changes]
    change.instance, change.at, change.before, change.after = i, at, before, after
    change.onset, change.raised, change.peak = instance.onset, instance.raised, instance.peak
    change.row_ts = latest_row(machine, i)[0]
    change.first_row, change.rows = clock.evidence, 0
    change.value = np.nan
    if plan.value != NOWHERE:
        change.value = interpret(machine, instance.component, plan.value, at)
    for k in range(plan.end_shown - plan.first_shown):
        place = programs.shown[plan.first_shown + k]
        machine.shown[clock.changes, k] = interpret(machine, instance.component, place, at)
    if before == 0:
        _note_evidence(machine, i)
    if after == 0:
        instance.onset, instance.raised, instance.peak = 0, 0, 0
    clock.changes += 1


@compiled
def end_timers(machine: Machine, i: int, at: int) -> None:  # pragma: no cover - compiled
    """End every timer of an instance that ends at a time."""
    state = machine.state
    instance = state.instances[i]
    plan = machine.programs.plans[instance.plan]
    for k in range(plan.end_level - plan.first_level):
        level, ruled = (
            state.levels[instance.first_level + k],
            machine.programs.levels[plan.first_level + k],
        )
        if level.run_from == NEVER:
            continue
        if level.phase == PENDING and level.run_from + ruled.for_us - level.elapsed == at:
            level.phase, level.run_from, level.elapsed = ACTIVE, NEVER, 0
        elif level.phase == CLEARING and level.run_from + ruled.clear_for_us - level.elapsed == at:
            level.phase, level.run_from, level.elapsed, level.since = NORMAL, NEVER, 0, 0
    instance.decided = max(instance.decided, at)
    settle(machine, i, at)


@compiled
def _step(  # noqa: C901 - a table of states
    machine: Machine, i: int, k: int, ts: int, raised: float, cleared: float
) -> None:  # pragma: no cover - compiled
    """Move level k of an instance by what is true of it."""
    state = machine.state
    instance = state.instances[i]
    level = state.levels[instance.first_level + k]
    ruled = machine.programs.levels[machine.programs.plans[instance.plan].first_level + k]
    wanted = level.phase
    truth = raised
    if level.phase == NORMAL and raised == 1.0:
        wanted = PENDING
        level.since = ts
    elif level.phase == PENDING and raised == 0.0:
        wanted = NORMAL
    elif level.phase >= ACTIVE:
        truth = cleared
        if cleared == 1.0:
            wanted = CLEARING
        elif cleared == 0.0:
            wanted = ACTIVE
    if wanted != level.phase:
        level.phase, level.run_from, level.elapsed = wanted, NEVER, 0
    if wanted not in (PENDING, CLEARING):
        if wanted == NORMAL:
            level.since = 0
        return
    if np.isnan(truth):
        if level.run_from != NEVER:
            level.elapsed += ts - level.run_from
            level.run_from = NEVER
        return
    if level.run_from == NEVER:
        level.run_from = ts
    length = ruled.for_us if wanted == PENDING else ruled.clear_for_us
    if level.elapsed + ts - level.run_from >= length:
        level.phase, level.run_from, level.elapsed = wanted + 1, NEVER, 0
        if wanted == CLEARING:
            level.phase, level.since = NORMAL, 0


@compiled
def evaluate(  # noqa: C901 - every call counts references
    machine: Machine, i: int, ts: int
) -> int:  # pragma: no cover - compiled
    """Move all levels of an instance by what is known at a time; returns its next timer's end."""
    state, programs = machine.state, machine.programs
    instance = state.instances[i]
    c, plan = instance.component, programs.plans[instance.plan]
    enabled = True
    if plan.enabled != NOWHERE:
        enabled = interpret(machine, c, plan.enabled, ts) == 1.0
    for k in range(plan.end_level - plan.first_level):
        level, ruled = state.levels[instance.first_level + k], programs.levels[plan.first_level + k]
        if level.run_from != NEVER and ts > instance.known_until:
            level.elapsed += instance.known_until - level.run_from
            level.run_from = ts
        raised, cleared = 0.0, 1.0
        if enabled:
            raised = interpret(machine, c, ruled.raise_when, ts)
            if plan.on_unknown == RAISE and np.isnan(raised):
                raised = 1.0
            elif plan.on_unknown == CLEAR and np.isnan(raised):
                raised = 0.0
            cleared = 0.0
            if level.phase >= ACTIVE and raised != 1.0:
                cleared = interpret(machine, c, ruled.clear_when, ts)
                if np.isnan(cleared):
                    if plan.on_unknown == CLEAR:
                        cleared = 1.0
                elif np.isnan(raised) and cleared == 1.0:
                    cleared = np.nan
        _step(machine, i, k, ts, raised, cleared)
    instance.known_until = FOREVER
    if plan.on_unknown == HOLD or plan.by_hour:
        instance.known_until = _known_until(machine, i, ts)
    settle(machine, i, ts)
    return timer_end(machine, i)
