"""Deadlines: what is decided because time went on, though no row came just then."""

from conditions.compiled import compiled
from conditions.levels import end_timers, evaluate, latest_row, next_crossing, timer_end
from conditions.tables import BEFORE, NEVER, Machine


def rouse(machine: Machine) -> None:
    """Look for every deadline anew, after the state was filled from outside."""
    machine.state.components["wake"] = BEFORE
    machine.due[:] = BEFORE
    machine.clock["next_due"] = BEFORE


@compiled
def wake_at(machine: Machine, c: int, at: int) -> None:  # pragma: no cover - compiled
    """Look at the deadlines of a component at a time, if not earlier."""
    component = machine.state.components[c]
    component.wake = min(component.wake, at)
    machine.due[c] = min(machine.due[c], at)
    machine.clock[0].next_due = min(machine.clock[0].next_due, at)


@compiled
def judge(machine: Machine, c: int, i: int, ts: int) -> None:  # pragma: no cover - compiled
    """Evaluate an instance, and look at its component again when its next timer ends."""
    at = evaluate(machine, i, ts)
    if at != NEVER:
        wake_at(machine, c, at)


@compiled
def _pass(machine: Machine, i: int, limit: int) -> int:  # pragma: no cover - compiled
    """Pass the deadlines of an instance up to a time, each at its turn; returns the next one."""
    instance = machine.state.instances[i]
    latest = latest_row(machine, i)[0]
    while True:
        ends = timer_end(machine, i)
        crosses = next_crossing(machine, i, max(latest, instance.decided))
        at = min(ends, crosses)
        if at > limit or at == NEVER:
            return int(at)
        if ends == at:
            end_timers(machine, i, at)
        if crosses == at:
            instance.decided = max(instance.decided, at)
            evaluate(machine, i, at)


@compiled
def catch_up(
    machine: Machine, c: int, s: int, ts: int, until: int
) -> None:  # pragma: no cover - compiled
    """Pass the deadlines of a component up to a row of series s and to `until` less their lag."""
    state, programs = machine.state, machine.programs
    component = state.components[c]
    wake, due = NEVER, NEVER
    for i in range(component.first_instance, component.end_instance):
        latest, high = latest_row(machine, i)
        if latest == BEFORE:
            continue
        lag = high - latest
        limit = until - lag
        plan = programs.plans[state.instances[i].plan]
        for k in range(plan.first_input, plan.end_input):
            if component.first_series + programs.inputs[k].series == s:
                limit = max(limit, ts, latest)
        at = _pass(machine, i, limit)
        if at != NEVER:
            wake, due = min(wake, at), min(due, at + lag)
    component.wake = wake
    machine.due[c] = due
    machine.clock[0].next_due = min(machine.clock[0].next_due, due)


@compiled
def has_room(machine: Machine, c: int) -> bool:  # pragma: no cover - compiled
    """Is there room for all that one row of a component may lead to?"""
    clock, component = machine.clock[0], machine.state.components[c]
    if clock.changes + component.room > len(machine.changes):
        return False
    return bool(clock.evidence + component.evidence_room <= len(machine.evidence))


@compiled
def pass_due(machine: Machine, until: int, due: int) -> int:  # pragma: no cover - compiled
    """Pass every deadline that is due, from component `due` on.

    `until` is the highest time less the lateness. Returns the place to go on at when the room is
    full, else -1.
    """
    clock = machine.clock[0]
    if until < clock.next_due:
        return -1
    if due == 0:
        clock.coming = NEVER
    for c in range(due, len(machine.due)):
        if machine.due[c] <= until:
            if not has_room(machine, c):
                return c
            catch_up(machine, c, -1, BEFORE, until)
        clock.coming = min(clock.coming, machine.due[c])
    clock.next_due = clock.coming
    return -1
