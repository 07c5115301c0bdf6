"""What the engine remembers put into other tables: after a restart, or when rules or points change."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from conditions.deadlines import rouse
from conditions.machine import Layout, block_rows, of_component
from conditions.memory import (
    BlockMemory,
    Memory,
    OpenEvent,
    block_names,
    places_back,
    rule_memories,
    widths,
)
from conditions.tables import ACTIVE, BEFORE, Machine, window_cells
from edge.reading import Int64s

_FIELDS = {
    "series": ("ts", "good_ts", "value", "high"),
    "windows": ("pane_end", "ahead_end", "last_ts", "last", "origin", "slot"),
    "runs": ("run_from", "elapsed", "known_until", "truth", "broken"),
    "instances": ("decided", "known_until", "onset", "raised", "severity", "peak", "awake"),
    "levels": ("since", "run_from", "elapsed", "phase"),
}


def recall(memory: Memory, machine: Machine, layout: Layout) -> list[tuple[OpenEvent, int]]:
    """Fill a machine that has seen nothing.

    Returns the open events whose severity is another now (0: nothing is left to hold it).
    """
    clock = machine.clock
    clock["highest_ts"] = memory.highest_ts
    clock["late_rows"], clock["taken_rows"] = memory.late_rows, memory.taken_rows
    by_asset = _components(layout)
    changed: list[tuple[OpenEvent, int]] = []
    for old in memory.blocks:
        kept = np.zeros(old.arrays["instances"].shape, np.bool_)
        for b, here, there in _pairs(old, by_asset):
            _recall_series(old, machine, layout, b, here, there)
            _recall_windows(old, machine, layout, b, here, there)
            kept[here] |= _recall_rules(old, machine, layout, b, here, there)
        for event in _lost_events(old, kept):
            severity = _recall_event(event, machine, layout, by_asset)
            if severity != event.severity:
                changed.append((event, severity))
    _find_latest(machine)
    rouse(machine)
    return changed


def _components(layout: Layout) -> dict[str, list[tuple[int, int]]]:
    """Asset -> (block, component of the block) of each of its components."""
    found: dict[str, list[tuple[int, int]]] = {}
    for b, block in enumerate(layout.blocks):
        for n, asset in enumerate(block.assets):
            found.setdefault(asset.tag, []).append((b, n))
    return found


def _pairs(
    old: BlockMemory, by_asset: dict[str, list[tuple[int, int]]]
) -> Iterator[tuple[int, Int64s, Int64s]]:
    """(new block, components of the old one, the same assets' in the new one)."""
    found: dict[int, list[tuple[int, int]]] = {}
    for n, asset in enumerate(old.names.assets):
        for b, there in by_asset.get(asset, ()):
            found.setdefault(b, []).append((n, there))
    for b, pairs in found.items():
        here, there = np.array(pairs, np.int64).T
        yield b, here, there


def _recall_series(
    old: BlockMemory, machine: Machine, layout: Layout, b: int, here: Int64s, there: Int64s
) -> None:
    """Take over series with the same key, and their tails."""
    block, state = layout.blocks[b], machine.state
    ends = np.cumsum(old.arrays["rows"].ravel())
    width = old.arrays["rows"].shape[1]
    numbers = of_component(layout.series, b, len(block.shape.slots), there)
    for place in range(width):
        for slot in range(len(block.shape.slots)):
            same = _same_keys(old.names.keys, block.series, (here, place), (there, slot))
            if not same.any():
                continue
            mine, target = here[same], numbers[same, slot]
            for name in _FIELDS["series"]:
                state.series[name][target] = old.arrays["series"][name][mine, place]
            rows = old.arrays["rows"][mine, place]
            state.series["rows"][target] = rows
            owner, back = places_back(rows)
            taken = ends[mine * width + place][owner] - back
            state.tail[target[owner], rows[owner] - back] = old.arrays["tail"][taken]


def _same_keys(
    old: Sequence[Any], new: Sequence[Any], mine: tuple[Int64s, int], other: tuple[Int64s, int]
) -> Any:
    pairs = zip(mine[0].tolist(), other[0].tolist(), strict=True)
    return np.array([old[n][mine[1]] == new[m][other[1]] for n, m in pairs], np.bool_)


def _recall_windows(
    old: BlockMemory, machine: Machine, layout: Layout, b: int, here: Int64s, there: Int64s
) -> None:
    """Take over windows and runs over the same, with the same parameters."""
    shape, state = layout.blocks[b].shape, machine.state
    names = block_names(layout.blocks[b])
    constants = of_component(layout.constants, b, len(shape.constants), there)
    for kind, table in (("windows", state.windows), ("runs", state.runs)):
        before: tuple[tuple[str, int, tuple[int, ...]], ...] = getattr(old.names, kind)
        known = {key: (k, cell, some) for k, (key, cell, some) in enumerate(before)}
        numbers = of_component(getattr(layout, kind), b, len(getattr(shape, kind)), there)
        for k, (key, cell, hangs_on) in enumerate(getattr(names, kind)):
            if key not in known or len(known[key][2]) != len(hangs_on):
                continue
            place, old_cell, old_hangs_on = known[key]
            same = np.ones(len(here), np.bool_)
            for one, other in zip(old_hangs_on, hangs_on, strict=True):
                now = state.constants[constants[:, other]]
                same &= old.arrays["constants"][here, one] == now
            for name in _FIELDS[kind]:
                table[name][numbers[same, k]] = old.arrays[kind][name][here[same], place]
            if kind == "windows":
                width = window_cells(shape.windows[k].kind)
                cells = block_rows(state.cells, layout.cells, b, widths(shape)["cells"])
                mine = old.arrays["cells"][here[same], old_cell : old_cell + width]
                cells[there[same], cell : cell + width] = mine


def _recall_rules(
    old: BlockMemory, machine: Machine, layout: Layout, b: int, here: Int64s, there: Int64s
) -> Any:
    """Take over the state of rules that mean the same; returns which, `[pair, old rule]`."""
    block, state = layout.blocks[b], machine.state
    kept = np.zeros((len(here), len(old.names.rules)), np.bool_)
    numbers = of_component(layout.instances, b, len(block.shape.rules), there)
    levels = of_component(layout.levels, b, len(block.shape.levels), there)
    known = {rule.state_hash: (k, rule) for k, rule in enumerate(old.names.rules)}
    for k, rule in enumerate(rule_memories(block, block.shape)):
        if rule.state_hash not in known:
            continue
        place, other = known[rule.state_hash]
        kept[:, place] = True
        for name in _FIELDS["instances"]:
            state.instances[name][numbers[:, k]] = old.arrays["instances"][name][here, place]
        for n in range(len(rule.severities)):
            target = levels[:, rule.first_level + n]
            for name in _FIELDS["levels"]:
                mine = old.arrays["levels"][name][here, other.first_level + n]
                state.levels[name][target] = mine
    return kept


def _lost_events(old: BlockMemory, kept: Any) -> Iterator[OpenEvent]:
    """Open events of rules that mean something else now, or of assets without them."""
    instances, levels = old.arrays["instances"], old.arrays["levels"]
    for n, k in np.argwhere((instances["severity"] > 0) & ~kept):
        record, rule = instances[n, k], old.names.rules[k]
        some = levels[n, rule.first_level : rule.first_level + len(rule.severities)]
        yield OpenEvent(
            rule.name,
            old.names.assets[n],
            rule.failure_mode,
            int(record["severity"]),
            int(record["peak"]),
            int(record["onset"]),
            int(record["raised"]),
            tuple(
                (severity, int(level["since"]))
                for severity, level in zip(rule.severities, some, strict=True)
                if level["phase"] >= ACTIVE
            ),
        )


def _recall_event(
    event: OpenEvent, machine: Machine, layout: Layout, by_asset: dict[str, list[tuple[int, int]]]
) -> int:
    """Keep the open event of a rule that means something else now, as far as levels match."""
    for b, n in by_asset.get(event.asset, ()):
        block = layout.blocks[b]
        for k, rule in enumerate(rule_memories(block, block.shape)):
            if (rule.name, rule.failure_mode) == (event.rule, event.failure_mode):
                number = layout.instances[b] + n * len(block.shape.rules) + k
                first = layout.levels[b] + n * len(block.shape.levels) + rule.first_level
                return _hold_event(event, machine, number, first, rule.severities)
    return 0


def _hold_event(
    event: OpenEvent, machine: Machine, number: int, first_level: int, severities: Sequence[int]
) -> int:
    held, record = dict(event.held), machine.state.instances[number]
    severity = 0
    for place, one in enumerate(severities):
        if one in held:
            level = machine.state.levels[first_level + place]
            level["phase"], level["since"] = ACTIVE, held[one]
            severity = max(severity, one)
    if severity:
        record["severity"], record["peak"] = severity, max(event.peak, severity)
        record["onset"], record["raised"], record["awake"] = event.onset, event.raised, 1
    return severity


def _find_latest(machine: Machine) -> None:
    components, series = machine.state.components, machine.state.series
    latest: Int64s = np.full(len(components), BEFORE, np.int64)
    np.maximum.at(latest, series["component"], series["ts"])
    components["latest"] = latest
