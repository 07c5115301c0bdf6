"""Streams and rules for the kernel's tests, and the kernel's answer in the reference's words."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from conditions.binding import ActiveRule, Asset, Plant, bind
from conditions.event import Severity
from conditions.kernel import advance
from conditions.machine import Layout, build_machine
from conditions.rule import Input, Level, OnUnknown, Rule
from conditions.tables import Changes, Machine, Rows
from conditions.term import Op, Term
from ingest.point import Point, PointKind
from tests.conditions.reference import Change, Row

ROLES = ("a", "b", "c")
X = Term(Op.INPUT, name="a")


@dataclass(frozen=True)
class Kernel:
    """A machine for rules on some assets, each of which has a point for each role."""

    machine: Machine
    layout: Layout
    roles: Sequence[str]

    def take(
        self, rows: Sequence[Row], lateness: int = 0, *, sort_from: int = 1 << 40
    ) -> list[Change]:
        """Give it one batch; the changes in the reference's words."""
        found = advance(
            self.machine, self._columns(rows), lateness_us=lateness, sort_from=sort_from
        )
        return sorted(
            (self._told(found, number) for number in range(len(found.changes))),
            key=lambda change: (change.at, change.asset, change.rule),
        )

    @property
    def late(self) -> int:
        return int(self.machine.clock["late_rows"][0])

    def _columns(self, rows: Sequence[Row]) -> Rows:
        numbers = [
            self.layout.numbers.get(self._tag(row.series), -1) if row.series >= 0 else -1
            for row in rows
        ]
        return Rows(
            np.array(numbers, np.int64),
            np.array([row.ts for row in rows], np.int64),
            np.array([row.value for row in rows], np.float64),
            np.array([row.quality for row in rows], np.uint8),
        )

    def _tag(self, series: int) -> tuple[str, str]:
        asset, role = divmod(series, len(self.roles))
        return f"{asset}.{self.roles[role]}", ""

    def _told(self, found: Changes, number: int) -> Change:
        change = found.changes[number]
        instance = self.layout.instance(int(change["instance"]), self.machine.state.constants)
        first, count = int(change["first_row"]), int(change["rows"])
        rows = found.evidence[first : first + count]
        return Change(
            int(change["at"]),
            int(instance.asset.tag),
            int(instance.active.rule.id),
            int(change["before"]),
            int(change["after"]),
            int(change["onset"]),
            None if math.isnan(change["value"]) else float(change["value"]),
            tuple(
                tuple(
                    (int(r["ts"]), float(r["value"]), int(r["quality"]))
                    for r in rows
                    if r["input"] == n
                )
                for n in range(len(instance.sources))
            )
            if change["before"] == 0
            else (),
        )


def build(rules: Sequence[Rule], assets: int = 1, roles: Sequence[str] = ROLES) -> Kernel:
    """The kernel for rules; a rule's id is its number."""
    plant = Plant(
        [ActiveRule(rule, 1, None) for rule in rules],
        [
            Point(
                0,
                f"{asset}.{role}",
                asset,
                str(asset),
                "m",
                role,
                "",
                "1",
                PointKind.GAUGE,
                *(None,) * 4,
            )
            for asset in range(assets)
            for role in roles
        ],
        {str(asset): Asset(asset, str(asset), "m") for asset in range(assets)},
        {},
    )
    layout = Layout(bind(plant, []))
    return Kernel(build_machine(layout, {}), layout, roles)


def rule(
    number: int,
    levels: Sequence[Level],
    *,
    value: Term | None = None,
    enabled_when: Term | None = None,
    on_unknown: OnUnknown = OnUnknown.HOLD,
    max_age: dict[str, int] | None = None,
) -> Rule:
    """A rule over the inputs that its terms read; each is named as its role."""
    terms = [t for level in levels for t in (level.raise_when, level.clear_when)]
    terms += [term for term in (value, enabled_when) if term is not None]
    names = sorted(frozenset().union(*(term.inputs for term in terms)))
    return Rule(
        asset_class="m",
        id=str(number),
        failure_mode="UNK",
        inputs=tuple(Input(name, name, "1", (max_age or {}).get(name)) for name in names),
        alarm=None,
        value=value,
        enabled_when=enabled_when,
        on_unknown=on_unknown,
        latch=False,
        suppress=(),
        levels=tuple(levels),
        parameters={"p": 2.0},
        work_order=None,
        file="",
        line=0,
        definition={},
    )


def number(value: float) -> Term:
    return Term(Op.NUMBER, value=value)


def level(
    severity: int,
    raise_op: Op,
    raise_at: float,
    clear_op: Op,
    clear_at: float,
    hold: int = 0,
    clear_hold: int = 0,
    *,
    of: Term = X,
) -> Level:
    return Level(
        Severity(severity),
        Term(raise_op, (of, number(raise_at))),
        Term(clear_op, (of, number(clear_at))),
        hold,
        clear_hold,
    )


ASSETS = 2
VALUES = st.sampled_from([0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 0.5, math.nan, math.inf])
HOLDS = st.sampled_from([0, 0, 1, 2, 5, 9])
WINDOWS = st.sampled_from([3, 20, 64, 100, 200])
COMPARISONS = (Op.GREATER, Op.GREATER_EQUAL, Op.LESS, Op.LESS_EQUAL, Op.EQUAL, Op.NOT_EQUAL)
LIMITS = st.sampled_from([0.0, 1.0, 2.0, 3.0, 0.7003, 2.3007])
INPUTS = st.sampled_from([Term(Op.INPUT, name=name) for name in ROLES])
OVER_NUMBERS = (
    *(Op.AVG, Op.MIN, Op.MAX, Op.SUM, Op.COUNT, Op.COVERAGE, Op.DELTA, Op.RATE),
    *(Op.INCREASE, Op.EWMA),
)
# Their last bit differs between two ways to reckon them, so they are never compared for equality.
INEXACT = (Op.STDDEV, Op.ZSCORE, Op.EWMA)


@st.composite
def numbers(draw: st.DrawFn, depth: int) -> Term:
    kind = draw(st.sampled_from(["input", "input", "window", "count", "arithmetic", "number"]))
    if depth == 0 or kind == "input":
        return draw(INPUTS)
    if kind == "window":
        op = draw(st.sampled_from([*OVER_NUMBERS, Op.STDDEV, Op.ZSCORE]))
        operand = draw(INPUTS if op in INEXACT else inexact_free(depth - 1))
        return Term(op, (operand,), window_us=draw(WINDOWS))
    if kind == "count":
        op = draw(st.sampled_from([Op.COUNT, Op.RISES]))
        return Term(op, (draw(truths(depth - 1)),), window_us=draw(WINDOWS))
    if kind == "number":
        constant = draw(st.sampled_from([number(1.5), Term(Op.PARAMETER, name="p")]))
        return Term(Op.ADD, (draw(numbers(depth - 1)), constant))
    op = draw(st.sampled_from([Op.ADD, Op.SUBTRACT, Op.MULTIPLY, Op.LEAST, Op.GREATEST, Op.ABS]))
    count = 1 if op is Op.ABS else 2
    return Term(op, tuple(draw(numbers(depth - 1)) for _ in range(count)))


def inexact_free(depth: int) -> st.SearchStrategy[Term]:
    return numbers(depth).filter(
        lambda term: not any(one.op in (*INEXACT, Op.RATE, Op.AVG) for one in term.walk())
    )


@st.composite
def truths(draw: st.DrawFn, depth: int) -> Term:
    kind = draw(st.sampled_from(["compare", "compare", "age", "join", "not", "held"]))
    if depth == 0 or kind == "compare":
        left = draw(numbers(max(depth - 1, 0)))
        inexact = any(one.op in (*INEXACT, Op.RATE, Op.AVG) for one in left.walk())
        if inexact:
            op = draw(st.sampled_from(COMPARISONS[:4]))
            return Term(op, (left, number(draw(st.sampled_from([0.7003, 2.3007])))))
        op = draw(st.sampled_from(COMPARISONS))
        right = draw(st.one_of(LIMITS.map(number), INPUTS))
        return Term(op, (left, right))
    if kind == "age":
        op = draw(st.sampled_from(COMPARISONS[:4]))
        limit = draw(st.sampled_from([2, 5, 11])) / 1e6
        return Term(op, (Term(Op.AGE, (draw(INPUTS),)), number(limit)))
    if kind == "held":
        return Term(Op.HELD, (draw(truths(depth - 1)),), window_us=draw(st.sampled_from([3, 8])))
    if kind == "not":
        return Term(Op.NOT, (draw(truths(depth - 1)),))
    op = draw(st.sampled_from([Op.AND, Op.OR]))
    return Term(op, (draw(truths(depth - 1)), draw(truths(depth - 1))))


@st.composite
def thresholds(draw: st.DrawFn, severities: Sequence[int]) -> tuple[Term, list[Level]]:
    """A value with a level for each severity, as people write them."""
    value = draw(numbers(2))
    upward = draw(st.booleans())
    found = []
    for severity in severities:
        at = severity * 0.7003 if upward else 4.1 - severity * 0.7003
        raised, cleared = (Op.GREATER, Op.LESS) if upward else (Op.LESS, Op.GREATER)
        band = -0.3 if upward else 0.3
        found.append(
            level(severity, raised, at, cleared, at + band, draw(HOLDS), draw(HOLDS), of=value)
        )
    return value, found


@st.composite
def some_rules(draw: st.DrawFn) -> list[Rule]:
    return [draw(a_rule(n)) for n in range(draw(st.integers(1, 3)))]


@st.composite
def a_rule(draw: st.DrawFn, n: int) -> Rule:
    severities = sorted(draw(st.sets(st.integers(1, 4), min_size=1, max_size=3)))
    if draw(st.booleans()):
        value, levels = draw(thresholds(severities))
    else:
        value = draw(st.one_of(st.none(), numbers(1)))
        levels = [
            Level(Severity(one), draw(truths(2)), draw(truths(1)), draw(HOLDS), draw(HOLDS))
            for one in severities
        ]
    ages = st.dictionaries(st.sampled_from(ROLES), st.sampled_from([1, 3, 6]))
    enabled = draw(st.one_of(st.none(), st.none(), truths(1)))
    return rule(
        n,
        levels,
        value=value,
        enabled_when=enabled,
        on_unknown=draw(st.sampled_from([OnUnknown.HOLD, *OnUnknown])),
        max_age=draw(ages),
    )


@st.composite
def streams(draw: st.DrawFn) -> list[Row]:
    """Rows that go forward in time by and large, some of them late, doubled or unknown.

    Some series have slow or fast clocks, and some rows come as a backlog.
    """
    rows, now = [], 0
    count = ASSETS * len(ROLES)
    clocks = draw(
        st.lists(st.sampled_from([0, 0, 0, 4, -4, 20]), min_size=count + 1, max_size=count + 1)
    )
    for _ in range(draw(st.integers(0, 50))):
        now += draw(st.sampled_from([0, 0, 1, 1, 2, 3, 7, 40]))
        series = draw(st.integers(-1, count - 1))
        ts = now - clocks[series] - draw(st.sampled_from([0, 0, 0, 0, 1, 3, 6, 30]))
        quality = draw(st.sampled_from([0, 0, 0, 0x40, 0x83]))
        rows.append(Row(series, ts, draw(VALUES), quality))
    return rows
