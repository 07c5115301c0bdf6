"""What the engine remembers, apart from the tables that it works on: to be kept over a restart, and
carried over to other tables when rules or points change.

It is kept block by block, as the tables are, so that most of it is copied in a few pieces. Readings
belong to a point of an asset, windows to what they are over (`WindowPlan.key`, with the parameters in
it), states to a rule by what it means (`Rule.state_hash`). A rule that now means something else keeps
its open event and decides by its next reading.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from conditions.binding import Block
from conditions.component_shape import Shape
from conditions.machine import Layout, block_rows
from conditions.tables import PENDING, TAIL_ROWS, Machine, window_cells
from edge.reading import Int64s, SensorAlarm

# A series at rest keeps this many rows in a snapshot: what causes its next event is yet to come.
_RESTING_ROWS = 8


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


def with_alarms(memory: Memory, alarms: Sequence[SensorAlarm]) -> Memory:
    """The memory with the last alarms of their series."""
    return replace(memory, alarms=alarms)


def remember(machine: Machine, layout: Layout, *, whole: bool = True) -> Memory:
    """A copy of the memory of a machine; unless it is the whole, tails of series at rest are short."""
    clock = machine.clock[0]
    blocks = [_remember_block(machine, layout, b, whole) for b in range(len(layout.blocks))]
    return Memory(
        int(clock["highest_ts"]), int(clock["late_rows"]), int(clock["taken_rows"]), blocks
    )


def block_names(block: Block) -> Names:
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
        tuple(rule_memories(block, shape)),
    )


def rule_memories(block: Block, shape: Shape) -> Iterator[RuleMemory]:
    for plan, state_hash in zip(shape.rules, block.state_hashes, strict=True):
        severities = tuple(int(level.severity) for level in plan.rule.levels)
        first = plan.record["first_level"]
        yield RuleMemory(state_hash, plan.rule.name, plan.rule.failure_mode, first, severities)


def _remember_block(machine: Machine, layout: Layout, b: int, whole: bool) -> BlockMemory:
    state, block = machine.state, layout.blocks[b]
    names = block_names(block)
    sizes = widths(block.shape)
    arrays: dict[str, Any] = {
        name: block_rows(getattr(state, name), getattr(layout, name), b, sizes[name]).copy()
        for name in sizes
    }
    rows = np.minimum(arrays["series"]["rows"], TAIL_ROWS)
    if not whole:
        rows = np.where(_pending(arrays, names), rows, np.minimum(rows, _RESTING_ROWS))
    owner, back = places_back(rows.ravel())
    place = (arrays["series"]["rows"].ravel()[owner] - back) % TAIL_ROWS
    first = layout.series[b]
    arrays["rows"], arrays["tail"] = rows, state.tail[first + owner, place]
    return BlockMemory(names, arrays)


def widths(shape: Shape) -> dict[str, int]:
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


def places_back(counts: Int64s) -> tuple[Int64s, Int64s]:
    """For counts of rows: the owner of each row, and how far from the owner's end it is (1: last)."""
    owner = np.repeat(np.arange(len(counts)), counts)
    ends = np.cumsum(counts)
    return owner, ends[owner] - np.arange(len(owner))
