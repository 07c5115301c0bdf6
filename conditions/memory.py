"""What the engine remembers, apart from the tables that it works on: to be kept over a restart, and
carried over to other tables when rules or points change.

It is kept block by block, as the tables are, so that most of it is copied in a few pieces. Readings
belong to a point of an asset, windows to what they are over (`WindowPlan.key`, with the parameters in
it), states to a rule by what it means (`Rule.state_hash`). A rule that now means something else keeps
its open event and decides by its next reading.
"""

import io
import json
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import numpy as np
import pyarrow as pa

from conditions.binding import Block
from conditions.component_shape import Shape
from conditions.errors import SnapshotUnreadable
from conditions.kernel import rouse
from conditions.machine import Layout, block_rows, of_component
from conditions.tables import (
    ACTIVE,
    BEFORE,
    INSTANCE,
    LEVEL,
    PENDING,
    RUN,
    SERIES,
    TAIL_ROWS,
    WINDOW,
    Machine,
    window_cells,
)
from edge.reading import Int64s, SensorAlarm

FORMAT = 3
# A series at rest keeps this many rows in a snapshot: what causes its next event is yet to come.
_RESTING_ROWS = 8
_FIELDS = {
    "series": ("ts", "good_ts", "value", "high"),
    "windows": ("pane_end", "ahead_end", "last_ts", "last", "origin", "slot"),
    "runs": ("run_from", "elapsed", "known_until", "truth", "broken"),
    "instances": ("decided", "known_until", "onset", "raised", "severity", "peak", "awake"),
    "levels": ("since", "run_from", "elapsed", "phase"),
}
_TYPES = {"series": SERIES, "windows": WINDOW, "runs": RUN, "instances": INSTANCE, "levels": LEVEL}
_ARRAYS = (*_TYPES, "cells", "constants", "rows", "tail")
# What reading damaged bytes may end in.
_DAMAGES = (
    ValueError,
    KeyError,
    TypeError,
    IndexError,
    EOFError,
    MemoryError,
    OSError,
    zipfile.BadZipFile,
    pa.ArrowException,
)


@dataclass(frozen=True, slots=True)
class RuleMemory:
    """A rule of a block: its meaning, the problem of its events, its levels' severities."""

    state_hash: str
    name: str
    failure_mode: str
    first_level: int
    severities: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Names:
    """What the columns of a block's arrays belong to.

    `keys[n]` are the series keys of component n. A window is (key, first cell, constants that it
    hangs on), a run likewise without cells.
    """

    assets: tuple[str, ...]
    keys: tuple[tuple[tuple[str, str], ...], ...]
    windows: tuple[tuple[str, int, tuple[int, ...]], ...]
    runs: tuple[tuple[str, int, tuple[int, ...]], ...]
    rules: tuple[RuleMemory, ...]


@dataclass(frozen=True, slots=True, eq=False)
class BlockMemory:
    """The state of a block's components, `[component, place]`; `rows` rows of `tail` for each series."""

    names: Names
    arrays: dict[str, Any]


@dataclass(frozen=True, slots=True)
class OpenEvent:
    """An event that was open, and its instance."""

    rule: str
    asset: str
    failure_mode: str
    severity: int
    peak: int
    onset: int
    raised: int
    held: tuple[tuple[int, int], ...]
    """(severity, since) of the levels that held."""


@dataclass(frozen=True, slots=True, eq=False)
class Memory:
    """All that decides what comes next. `alarms` are the last of their series."""

    highest_ts: int
    late_rows: int
    taken_rows: int
    blocks: Sequence[BlockMemory]
    alarms: Sequence[SensorAlarm] = ()


def remember(machine: Machine, layout: Layout, *, whole: bool = True) -> Memory:
    """A copy of the memory of a machine; unless it is the whole, tails of series at rest are short."""
    clock = machine.clock[0]
    blocks = [_remember_block(machine, layout, b, whole) for b in range(len(layout.blocks))]
    return Memory(
        int(clock["highest_ts"]), int(clock["late_rows"]), int(clock["taken_rows"]), blocks
    )


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


def encode(memory: Memory) -> bytes:
    """The memory as compressed bytes of format `FORMAT`."""
    header = {
        "format": FORMAT,
        "highest_ts": memory.highest_ts,
        "late_rows": memory.late_rows,
        "taken_rows": memory.taken_rows,
        "blocks": [_told(block.names) for block in memory.blocks],
        "alarms": [asdict(alarm) for alarm in memory.alarms],
    }
    arrays = {
        f"{name}{b}": block.arrays[name]
        for b, block in enumerate(memory.blocks)
        for name in _ARRAYS
    }
    buffer = io.BytesIO()
    np.savez(buffer, header=np.frombuffer(json.dumps(header).encode(), np.uint8), **arrays)
    raw = buffer.getbuffer()
    return len(raw).to_bytes(8, "big") + bytes(pa.compress(raw, codec="zstd", asbytes=True))


def decode(data: bytes) -> Memory:
    """The memory that `encode` wrote. Raises `SnapshotUnreadable`."""
    try:
        size = int.from_bytes(data[:8], "big")
        raw = pa.decompress(data[8:], decompressed_size=size, codec="zstd", asbytes=True)
        with np.load(io.BytesIO(raw), allow_pickle=False) as arrays:
            header = json.loads(arrays["header"].tobytes())
            if (form := header.pop("format")) != FORMAT:
                raise SnapshotUnreadable(f"the engine's snapshot has format {form}")
            header["blocks"] = [
                BlockMemory(_names(told), {name: arrays[f"{name}{b}"] for name in _ARRAYS})
                for b, told in enumerate(header["blocks"])
            ]
        header["alarms"] = [SensorAlarm(**told) for told in header["alarms"]]
        return Memory(**header)
    except _DAMAGES as error:
        raise SnapshotUnreadable(f"the engine's snapshot cannot be read: {error!r}") from error


def with_alarms(memory: Memory, alarms: Sequence[SensorAlarm]) -> Memory:
    """The memory with the last alarms of their series."""
    return replace(memory, alarms=alarms)


def _told(names: Names) -> dict[str, Any]:
    """The names for JSON; `asdict` would copy each of 100,000 keys."""
    told = {field.name: getattr(names, field.name) for field in fields(Names)}
    return told | {"rules": [asdict(rule) for rule in names.rules]}


def _names(told: dict[str, Any]) -> Names:
    return Names(
        assets=tuple(told["assets"]),
        keys=tuple(tuple((tag, code) for tag, code in some) for some in told["keys"]),
        windows=tuple((key, place, tuple(some)) for key, place, some in told["windows"]),
        runs=tuple((key, place, tuple(some)) for key, place, some in told["runs"]),
        rules=tuple(
            RuleMemory(**{**rule, "severities": tuple(rule["severities"])})
            for rule in told["rules"]
        ),
    )


def _block_names(block: Block) -> Names:
    shape = block.shape
    first, windows = 0, []
    for window in shape.windows:
        windows.append((window.key, first, window.constants))
        first += window_cells(window.kind)
    return Names(
        tuple(asset.tag for asset in block.assets),
        tuple(block.series),
        tuple(windows),
        tuple((run.key, 0, run.constants) for run in shape.runs),
        tuple(_rule_memories(block, shape)),
    )


def _rule_memories(block: Block, shape: Shape) -> Iterator[RuleMemory]:
    for plan, state_hash in zip(shape.rules, block.state_hashes, strict=True):
        severities = tuple(int(level.severity) for level in plan.rule.levels)
        first = plan.record["first_level"]
        yield RuleMemory(state_hash, plan.rule.name, plan.rule.failure_mode, first, severities)


def _remember_block(machine: Machine, layout: Layout, b: int, whole: bool) -> BlockMemory:
    state, block = machine.state, layout.blocks[b]
    names = _block_names(block)
    widths = _widths(block.shape)
    arrays: dict[str, Any] = {
        name: block_rows(getattr(state, name), getattr(layout, name), b, widths[name]).copy()
        for name in widths
    }
    rows = np.minimum(arrays["series"]["rows"], TAIL_ROWS)
    if not whole:
        rows = np.where(_pending(arrays, names), rows, np.minimum(rows, _RESTING_ROWS))
    owner, back = _spread(rows.ravel())
    place = (arrays["series"]["rows"].ravel()[owner] - back) % TAIL_ROWS
    first = layout.series[b]
    arrays["rows"], arrays["tail"] = rows, state.tail[first + owner, place]
    return BlockMemory(names, arrays)


def _widths(shape: Shape) -> dict[str, int]:
    return {
        "series": len(shape.slots),
        "windows": len(shape.windows),
        "runs": len(shape.runs),
        "instances": len(shape.rules),
        "levels": len(shape.levels),
        "constants": len(shape.constants),
        "cells": sum(window_cells(window.kind) for window in shape.windows),
    }


def _pending(arrays: dict[str, Any], names: Names) -> Any:
    """Components on which a condition is pending: their tails will be its evidence."""
    pending = (arrays["levels"]["phase"] == PENDING).any(axis=1)
    return np.broadcast_to(pending[:, None], (len(names.assets), arrays["series"].shape[1]))


def _spread(counts: Int64s) -> tuple[Int64s, Int64s]:
    """For counts of rows: the owner of each row, and how far from the owner's end it is (1: last)."""
    owner = np.repeat(np.arange(len(counts)), counts)
    ends = np.cumsum(counts)
    return owner, ends[owner] - np.arange(len(owner))


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
            owner, back = _spread(rows)
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
    names = _block_names(layout.blocks[b])
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
                cells = block_rows(state.cells, layout.cells, b, _widths(shape)["cells"])
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
    for k, rule in enumerate(_rule_memories(block, block.shape)):
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
        for k, rule in enumerate(_rule_memories(block, block.shape)):
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
