"""A machine lent to the kernel's loop, which then counts no references to its arrays."""

from conditions.compiled import borrowed, inlined
from conditions.tables import Machine, Programs, State, Zones


@inlined
def lent(machine: Machine) -> Machine:  # pragma: no cover - compiled
    """The same machine, whose references are not counted as it is handed on."""
    programs, zones, state = machine.programs, machine.zones, machine.state
    return Machine(
        Programs(
            borrowed(programs.code),
            borrowed(programs.actions),
            borrowed(programs.others),
            borrowed(programs.plans),
            borrowed(programs.levels),
            borrowed(programs.inputs),
            borrowed(programs.crossings),
            borrowed(programs.shown),
        ),
        Zones(borrowed(zones.first), borrowed(zones.at), borrowed(zones.offset)),
        State(
            borrowed(state.components),
            borrowed(state.series),
            borrowed(state.windows),
            borrowed(state.cells),
            borrowed(state.runs),
            borrowed(state.instances),
            borrowed(state.levels),
            borrowed(state.constants),
            borrowed(state.tail),
        ),
        borrowed(machine.owners),
        borrowed(machine.due),
        borrowed(machine.clock),
        borrowed(machine.changes),
        borrowed(machine.shown),
        borrowed(machine.evidence),
        borrowed(machine.stack),
    )
