"""The kernel's tables for blocks of components, and the way back from their numbers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np

from conditions.binding import ActiveRule, Asset, Block, SeriesKey, way
from conditions.component_shape import RulePlan, Shape
from conditions.conversion import Conversion
from conditions.local_time import zone_tables
from conditions.program import pane_us
from conditions.tables import (
    ACTION,
    BEFORE,
    CHANGE,
    CLOCK,
    COMPONENT,
    CROSSING,
    DEPTH,
    EVIDENCE,
    FILL_ENDS,
    FILL_EXTREMES,
    FOLD_CELLS,
    INPUT,
    INSTANCE,
    LEVEL,
    LEVEL_PLAN,
    NEVER,
    NOWHERE,
    PANE_CELLS,
    PLAN,
    RUN,
    SERIES,
    SHOWN,
    TAIL,
    TAIL_ROWS,
    WINDOW,
    Machine,
    Programs,
    Records,
    State,
    window_cells,
)
from edge.reading import Float64s, Int64s
from ingest.point import Point

_ROOM = 4096
_EVIDENCE_ROOM = 1 << 17


@dataclass(frozen=True, slots=True)
class Source:
    """What an input of an instance reads: a point with the way to the rule's unit."""

    point: Point
    unit: str
    conversion: Conversion


@dataclass(frozen=True, slots=True)
class Instance:
    """One rule on one asset: `limits[k]` are the numbers that level k raises and clears at, if any.

    `sources` has the points of its inputs, in the rule's order; none for an alarm's.
    """

    active: ActiveRule
    plan: RulePlan
    asset: Asset
    series: SeriesKey
    sources: tuple[Source, ...]
    limits: tuple[tuple[float | None, float | None], ...]

    @property
    def problem(self) -> tuple[str, str, str]:
        """What an event is about: (rule, asset, failure mode)."""
        rule = self.active.rule
        return rule.name, self.asset.tag, rule.failure_mode


class Layout:
    """Where the components of each block lie in the tables."""

    def __init__(self, blocks: Sequence[Block]) -> None:
        self.blocks = blocks
        counts = [len(block.assets) for block in blocks]
        shapes = [block.shape for block in blocks]

        def starts(width: Callable[[Shape], int]) -> list[int]:
            sizes = [n * width(shape) for n, shape in zip(counts, shapes, strict=True)]
            return [0, *accumulate(sizes)]

        self.components = starts(lambda _: 1)
        self.series = starts(lambda shape: len(shape.slots))
        self.windows = starts(lambda shape: len(shape.windows))
        self.cells = starts(shape_cells)
        self.runs = starts(lambda shape: len(shape.runs))
        self.instances = starts(lambda shape: len(shape.rules))
        self.levels = starts(lambda shape: len(shape.levels))
        self.constants = starts(lambda shape: len(shape.constants))
        self._ends = np.array(self.instances[1:], np.int64)
        keys = (key for block in blocks for some in block.series for key in some)
        self.numbers = {key: number for number, key in enumerate(keys)}

    def instance(self, number: int, constants: Float64s) -> Instance:
        """What stands behind the number of an instance."""
        b = int(np.searchsorted(self._ends, number, "right"))
        block = self.blocks[b]
        n, k = divmod(number - self.instances[b], len(block.shape.rules))
        first = self.constants[b] + n * len(block.shape.constants)
        plan = block.shape.rules[k]

        def limit(place: int) -> float | None:
            return None if place == NOWHERE else float(constants[first + place])

        points = {point.role: point for point in block.points[n]}
        return Instance(
            block.rules[k],
            plan,
            block.assets[n],
            block.series[n][0],
            tuple(
                Source(points[one.role], one.unit, way(points[one.role].unit, one.unit))
                for one in plan.rule.inputs
            ),
            tuple((limit(raised), limit(cleared)) for raised, cleared in plan.limits),
        )


def shape_cells(shape: Shape) -> int:
    """Cells of the windows of one component."""
    return sum(window_cells(window.kind) for window in shape.windows)


def build_machine(layout: Layout, parameters: Mapping[tuple[str, str], float]) -> Machine:
    """A machine that has seen nothing."""
    zones = sorted({asset.zone for block in layout.blocks for asset in block.assets} | {"UTC"})
    programs, starts = _programs([block.shape for block in layout.blocks])
    state = _state(layout, parameters, zones, starts)
    components = state.components
    clock = np.zeros(1, CLOCK)
    clock["highest_ts"], clock["next_due"] = BEFORE, NEVER
    room = max(_ROOM, int(components["room"].max(initial=1)))
    evidence = max(_EVIDENCE_ROOM, int(components["evidence_room"].max(initial=1)))
    return Machine(
        programs=programs,
        zones=zone_tables(zones),
        state=state,
        owners=state.series["component"].copy(),
        due=np.full(len(components), NEVER, np.int64),
        clock=clock,
        changes=np.zeros(room, CHANGE),
        shown=np.zeros((room, SHOWN), np.float64),
        evidence=np.zeros(evidence, EVIDENCE),
        stack=np.zeros(DEPTH, np.float64),
    )


@dataclass(frozen=True, slots=True)
class _Starts:
    """Where a shape's actions (by slot) and plans begin."""

    actions: list[tuple[int, int]]
    plans: int


def _programs(shapes: Sequence[Shape]) -> tuple[Programs, list[_Starts]]:
    """All shapes' programs, with places counted from the start of the tables."""
    code: list[tuple[int, int, int]] = []
    others: list[int] = []
    shown: list[int] = []
    rows: dict[str, list[dict[str, int]]] = {
        name: [] for name in ("actions", "plans", "levels", "inputs", "crossings")
    }
    starts: list[_Starts] = []
    for shape in shapes:
        at = {name: len(some) for name, some in rows.items()}
        moves = {
            **dict.fromkeys(("program", "enabled", "value", "raise_when", "clear_when"), len(code)),
            **dict.fromkeys(("first_other", "end_other"), len(others)),
            **dict.fromkeys(("first_shown", "end_shown"), len(shown)),
            **dict.fromkeys(("first_level", "end_level"), at["levels"]),
            **dict.fromkeys(("first_input", "end_input"), at["inputs"]),
            **dict.fromkeys(("first_crossing", "end_crossing"), at["crossings"]),
        }
        actions: list[tuple[int, int]] = []
        for some in shape.actions:
            actions.append((len(rows["actions"]), len(rows["actions"]) + len(some)))
            rows["actions"] += [_moved(one, moves) for one in some]
        starts.append(_Starts(actions, at["plans"]))
        rows["plans"] += [_moved(plan.record, moves) for plan in shape.rules]
        rows["levels"] += [_moved(one, moves) for one in shape.levels]
        rows["inputs"] += shape.inputs
        rows["crossings"] += shape.crossings
        shown += [place + len(code) for place in shape.shown]
        code += shape.code
        others += shape.others
    return Programs(
        code=np.array(code, np.int32).reshape(-1, 3),
        actions=_table(rows["actions"], ACTION),
        others=np.array(others, np.uint32),
        plans=_table(rows["plans"], PLAN),
        levels=_table(rows["levels"], LEVEL_PLAN),
        inputs=_table(rows["inputs"], INPUT),
        crossings=_table(rows["crossings"], CROSSING),
        shown=np.array(shown, np.int32),
    ), starts


def _moved(record: Mapping[str, int], moves: Mapping[str, int]) -> dict[str, int]:
    return {
        name: value if value == NOWHERE else value + moves.get(name, 0)
        for name, value in record.items()
    }


def _table(rows: Sequence[Mapping[str, int]], form: np.dtype[np.void]) -> Records:
    table = np.zeros(len(rows), form)
    for name in form.names or ():
        table[name] = [row.get(name, 0) for row in rows]
    return table


def _state(
    layout: Layout,
    parameters: Mapping[tuple[str, str], float],
    zones: Sequence[str],
    starts: Sequence[_Starts],
) -> State:
    state = State(
        components=np.zeros(layout.components[-1], COMPONENT),
        series=np.zeros(layout.series[-1], SERIES),
        windows=np.zeros(layout.windows[-1], WINDOW),
        cells=np.zeros(layout.cells[-1], np.float64),
        runs=np.zeros(layout.runs[-1], RUN),
        instances=np.zeros(layout.instances[-1], INSTANCE),
        levels=np.zeros(layout.levels[-1], LEVEL),
        constants=np.zeros(layout.constants[-1], np.float64),
        tail=np.zeros((layout.series[-1], TAIL_ROWS), TAIL),
    )
    overridden: dict[str, dict[str, float]] = {}
    for (asset, name), value in parameters.items():
        overridden.setdefault(asset, {})[name] = value
    places = {zone: number for number, zone in enumerate(zones)}
    for b in range(len(layout.blocks)):
        _fill_constants(layout, b, state, overridden)
        _fill_components(layout, b, state, places)
        _fill_series(layout, b, state, starts[b])
        _fill_windows(layout, b, state)
        _fill_instances(layout, b, state, starts[b])
    return state


def block_rows(table: Any, starts: Sequence[int], b: int, width: int) -> Any:
    """The stretch of a table that belongs to a block: `[component, place]`."""
    some = table[starts[b] : starts[b + 1]]
    return some.reshape(-1, width, *some.shape[1:]) if width else some.reshape(0, 0)


def _fill_constants(
    layout: Layout, b: int, state: State, overridden: Mapping[str, Mapping[str, float]]
) -> None:
    block = layout.blocks[b]
    if not block.shape.constants:
        return
    rows = block_rows(state.constants, layout.constants, b, len(block.shape.constants))
    rows[:] = block.shape.defaults()
    for n, asset in enumerate(block.assets):
        if (own := overridden.get(asset.tag)) is not None:
            rows[n] = [constant.value(own) for constant in block.shape.constants]


def _fill_components(layout: Layout, b: int, state: State, zones: Mapping[str, int]) -> None:
    block, shape = layout.blocks[b], layout.blocks[b].shape
    count = np.arange(len(block.assets))
    rows = state.components[layout.components[b] : layout.components[b + 1]]
    rows["latest"], rows["wake"] = BEFORE, NEVER
    rows["first_series"] = layout.series[b] + count * len(shape.slots)
    rows["first_window"] = layout.windows[b] + count * len(shape.windows)
    rows["first_run"] = layout.runs[b] + count * len(shape.runs)
    rows["first_instance"] = layout.instances[b] + count * len(shape.rules)
    rows["end_instance"] = rows["first_instance"] + len(shape.rules)
    rows["first_constant"] = layout.constants[b] + count * len(shape.constants)
    rows["zone"] = [zones[asset.zone] for asset in block.assets]
    rows["room"] = sum(plan.room for plan in shape.rules)
    rows["evidence_room"] = TAIL_ROWS * sum(
        (plan.room // 2 + 1) * max(len(plan.rule.inputs), 1) for plan in shape.rules
    )


def _fill_series(layout: Layout, b: int, state: State, starts: _Starts) -> None:
    rows = block_rows(state.series, layout.series, b, len(starts.actions))
    rows["ts"] = rows["good_ts"] = rows["high"] = BEFORE
    rows["value"] = np.nan
    rows["component"] = (layout.components[b] + np.arange(len(rows)))[:, None]
    rows["first_action"] = [first for first, _ in starts.actions]
    rows["end_action"] = [end for _, end in starts.actions]


def _fill_windows(layout: Layout, b: int, state: State) -> None:
    shape = layout.blocks[b].shape
    if shape.windows:
        rows = block_rows(state.windows, layout.windows, b, len(shape.windows))
        sizes = [window_cells(window.kind) for window in shape.windows]
        each = np.array([0, *accumulate(sizes)][:-1], np.int64)
        component = layout.cells[b] + np.arange(len(rows)) * sum(sizes)
        rows["cells"] = component[:, None] + each
        rows["total"] = rows["cells"] + [
            PANE_CELLS[window.kind] + FOLD_CELLS[window.kind] for window in shape.windows
        ]
        rows["pane_us"] = [pane_us(window.kind, window.length_us) for window in shape.windows]
        rows["kind"] = [window.kind for window in shape.windows]
        rows["pane_end"] = rows["ahead_end"] = rows["last_ts"] = BEFORE
        rows["last"] = np.nan
        rollovers = [shape.slots[window.slot].rollover for window in shape.windows]
        rows["rollover"] = [np.nan if one is None else one for one in rollovers]
        cells = block_rows(state.cells, layout.cells, b, sum(sizes))
        for start, window in zip(each, shape.windows, strict=True):
            cells[:, start : start + window_cells(window.kind)] = _empty_cells(window.kind)
    if shape.runs:
        runs = block_rows(state.runs, layout.runs, b, len(shape.runs))
        runs["length"] = [run.length_us for run in shape.runs]
        runs["run_from"], runs["truth"] = NEVER, np.nan


def _empty_cells(kind: int) -> Float64s:
    cells = np.zeros(window_cells(kind))
    if kind == FILL_ENDS:
        cells[:] = np.nan
    elif kind == FILL_EXTREMES:
        # Panes and folds are both pairs of least and greatest.
        cells[::2], cells[1::2] = np.inf, -np.inf
    return cells


def _fill_instances(layout: Layout, b: int, state: State, starts: _Starts) -> None:
    shape = layout.blocks[b].shape
    rows = block_rows(state.instances, layout.instances, b, len(shape.rules))
    rows["known_until"] = 0
    rows["decided"] = BEFORE
    rows["plan"] = starts.plans + np.arange(len(shape.rules))
    rows["component"] = (layout.components[b] + np.arange(len(rows)))[:, None]
    each = np.array([plan.record["first_level"] for plan in shape.rules], np.int64)
    component = layout.levels[b] + np.arange(len(rows)) * len(shape.levels)
    rows["first_level"] = component[:, None] + each
    levels = state.levels[layout.levels[b] : layout.levels[b + 1]]
    levels["run_from"] = NEVER


def of_component(starts: Sequence[int], b: int, width: int, rows: Int64s) -> Int64s:
    """Numbers of the entries of some components of a block: `[row, place]`."""
    return starts[b] + rows[:, None] * width + np.arange(width)
