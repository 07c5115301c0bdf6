"""The list of orders, one page at a time, as flat at a million orders as at ten.

A page is found by ids alone, then its rows are joined. Where states or other coarse filters are
given, each state is walked from its newest order down an index of its own, so that a page reads
about as many rows as it has; a filter that is not given is not in the statement at all. A part of
the tree is walked asset by asset. Words are looked for among the newest orders first, where a common
one fills the page; a rare one is then found by its index alone. Plans are made for the very values.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, LiteralString

from psycopg.rows import dict_row

from config.database import Connection
from maintenance.orders.queries import ORDERS, order_of_row
from maintenance.orders.work_order import OrderType, State, WorkOrder

# Each state on its own, newest first, then the newest of all of them. The states stand in the
# statement, so that the server knows how many orders each has.
_OF_STATE: Mapping[State, LiteralString] = MappingProxyType(
    {
        State.DRAFT: "(SELECT o.id FROM work_order o WHERE o.state = 'draft'",
        State.APPROVED: "(SELECT o.id FROM work_order o WHERE o.state = 'approved'",
        State.SCHEDULED: "(SELECT o.id FROM work_order o WHERE o.state = 'scheduled'",
        State.IN_PROGRESS: "(SELECT o.id FROM work_order o WHERE o.state = 'in_progress'",
        State.ON_HOLD: "(SELECT o.id FROM work_order o WHERE o.state = 'on_hold'",
        State.COMPLETED: "(SELECT o.id FROM work_order o WHERE o.state = 'completed'",
        State.CLOSED: "(SELECT o.id FROM work_order o WHERE o.state = 'closed'",
        State.CANCELLED: "(SELECT o.id FROM work_order o WHERE o.state = 'cancelled'",
    }
)

_END_OF_STATE: LiteralString = " ORDER BY o.id DESC LIMIT %(limit)s)"

_OF_STATES: LiteralString = "part.id FROM ("

_UNION: LiteralString = " UNION ALL "

_END_OF_STATES: LiteralString = ") AS part ORDER BY part.id DESC LIMIT %(limit)s"

OF_ALL: Final[LiteralString] = "FROM work_order o WHERE true"

END_OF_ALL: Final[LiteralString] = " ORDER BY o.id DESC LIMIT %(limit)s"

# UNION, not UNION ALL: it would end even if the register had a ring.
_below: LiteralString = """
WITH RECURSIVE below AS (
    SELECT id FROM asset WHERE tag = %(below)s
    UNION
    SELECT part.id FROM asset part JOIN below ON part.parent_id = below.id
)
"""

# A limit within keeps the server from reading every order to find those of a few assets.
_OF_BELOW: LiteralString = (
    _below  # noqa: S608 - two literals, joined
    + """SELECT part.id FROM below CROSS JOIN LATERAL (
    SELECT o.id FROM work_order o WHERE o.asset_id = below.id"""
)

_END_OF_BELOW: LiteralString = (
    " ORDER BY o.id DESC LIMIT %(limit)s) AS part ORDER BY part.id DESC LIMIT %(limit)s"
)

# From the clocks: there are fewer that run than orders that are open.
_OF_RISK: LiteralString = """
SELECT o.id FROM (
    SELECT DISTINCT work_order_id AS id FROM sla_clock
    WHERE phase = 'running' AND warn_at <= %(at_risk_at)s ORDER BY 1 DESC
) AS risk JOIN work_order o ON o.id = risk.id WHERE true"""

# Found before they are sorted: a walk from the newest would read all of them for a word that nobody
# wrote, and how many have a word is more than the server can guess.
_OF_WORDS: LiteralString = "found AS MATERIALIZED (SELECT o.id FROM work_order o WHERE true"

_END_OF_WORDS: LiteralString = ") SELECT id FROM found ORDER BY id DESC LIMIT %(limit)s"

_OF_NEWEST: LiteralString = "o.id FROM work_order o WHERE o.id = ANY (ARRAY("

_CLAUSES: Mapping[str, LiteralString] = MappingProxyType(
    {
        "states": " AND o.state = ANY (%(states)s)",
        "after": " AND o.id < %(after)s",
        "asset": " AND o.asset_id = (SELECT id FROM asset WHERE tag = %(asset)s)",
        "below": " AND o.asset_id = ANY (ARRAY(" + _below + " SELECT id FROM below))",  # noqa: S608 - literals
        "site": " AND o.site_id = (SELECT id FROM site WHERE code = %(site)s)",
        "type": " AND o.type = %(type)s",
        "priority": " AND o.priority = %(priority)s",
        "problem": " AND o.problem = %(problem)s",
        "assignee": " AND o.assignee = %(assignee)s",
        "number": " AND o.number = %(number)s",
        "overdue_at": " AND o.due_at < %(overdue_at)s"
        " AND o.state NOT IN ('completed', 'closed', 'cancelled')",
        "at_risk_at": " AND EXISTS (SELECT FROM sla_clock clock WHERE clock.work_order_id = o.id"
        " AND clock.phase = 'running' AND clock.warn_at <= %(at_risk_at)s)",
        "words": " AND to_tsvector('simple', o.title || ' ' || o.description)"
        " @@ to_tsquery('simple', %(words)s)",
    }
)

# Filters whose orders are many: their indexes are by state, then newest first.
_BY_STATE = frozenset({"site", "type", "priority", "assignee", "overdue_at"})

# What is not filtered by as it is given.
_WORKED_OUT = frozenset({"states", "words"})

# Filters that most orders pass: the newest of those are soon read.
_NEAR = frozenset({"words", "states", "site", "after"})
_REACH = 1_000

_NUMBER = re.compile(r"\s*(WO-\d{1,18})\s*", re.IGNORECASE)
_WORD = re.compile(r"\w+")
_MOST_WORDS = 8


@dataclass(frozen=True, slots=True)
class OrderFilters:
    """Which orders to list; what is None (or empty) does not filter.

    `below`: of this asset and all of its parts. `overdue_at`: those that are open and were due before then. `at_risk_at`: those with a clock of a
    service level that runs and has warned by then, or is past its target. `words`: an order's number,
    or words that its title or description holds, each from its beginning.
    """

    states: frozenset[State] = field(default_factory=frozenset)
    asset: str | None = None
    below: str | None = None
    priority: int | None = None
    problem: str | None = None
    assignee: str | None = None
    site: str | None = None
    type: OrderType | None = None
    overdue_at: datetime | None = None
    at_risk_at: datetime | None = None
    words: str | None = None


def page_query(filters: OrderFilters, *, after: int | None) -> tuple[LiteralString, dict[str, Any]]:
    """The statement of a page and its parameters, but for `limit`."""
    given = _given(filters, after)
    if "words" in given:
        found = "WITH " + _OF_WORDS + _clauses(given) + _END_OF_WORDS
    elif "below" in given:
        of_each = {name: value for name, value in given.items() if name != "below"}
        found = _OF_BELOW + _clauses(of_each) + _END_OF_BELOW
    elif "at_risk_at" in given:
        rest = {name: value for name, value in given.items() if name != "at_risk_at"}
        found = _OF_RISK + _clauses(rest) + END_OF_ALL
    else:
        found = _newest(filters.states, given)
    return _of_ids(found), given


def near_query(
    filters: OrderFilters, *, after: int | None
) -> tuple[LiteralString, dict[str, Any]] | None:
    """The same page if it is full with those among the newest that have the words.

    None: nothing is gained by it.
    """
    given = _given(filters, after)
    if "words" not in given or not given.keys() <= _NEAR:
        return None
    around = {name: value for name, value in given.items() if name != "words"}
    newest = _newest(filters.states, around).replace("%(limit)s", "%(reach)s")
    found = "SELECT " + _OF_NEWEST + newest + "))" + _CLAUSES["words"] + END_OF_ALL
    return _of_ids(found), given | {"reach": _REACH}


async def find_orders(
    connection: Connection, filters: OrderFilters, *, after: int | None = None, limit: int = 50
) -> list[WorkOrder]:
    """A page of orders, newest first."""
    near = near_query(filters, after=after)
    if near is not None:
        found = await _orders(connection, near, limit)
        if len(found) == limit:
            return found
    return await _orders(connection, page_query(filters, after=after), limit)


async def _orders(
    connection: Connection, asked: tuple[LiteralString, dict[str, Any]], limit: int
) -> list[WorkOrder]:
    sql, given = asked
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(sql, given | {"limit": limit}, prepare=False)
        return [order_of_row(row) for row in await cursor.fetchall()]


def _of_ids(found: LiteralString) -> LiteralString:
    return ORDERS + " WHERE o.id = ANY (ARRAY(" + found + ")) ORDER BY o.id DESC"


def _newest(states: frozenset[State], given: Mapping[str, Any]) -> LiteralString:
    """Ids by walking each state from its newest order, or all orders where no state matters."""
    walked = sorted(states)
    if not walked and _BY_STATE & given.keys():
        walked = sorted(State)
    of_each = {name: value for name, value in given.items() if name != "states"}
    if not walked:
        return "SELECT o.id " + OF_ALL + _clauses(of_each) + END_OF_ALL
    clauses = _clauses(of_each) + _END_OF_STATE
    parts: list[LiteralString] = [_OF_STATE[state] + clauses for state in walked]
    return "SELECT " + _OF_STATES + _UNION.join(parts) + _END_OF_STATES


def _given(filters: OrderFilters, after: int | None) -> dict[str, Any]:
    plain = [name for name in _CLAUSES if hasattr(filters, name) and name not in _WORKED_OUT]
    given = {name: getattr(filters, name) for name in plain if getattr(filters, name) is not None}
    if filters.states:
        given["states"] = sorted(filters.states)
    if after is not None:
        given["after"] = after
    if filters.words is not None and (number := _NUMBER.fullmatch(filters.words)):
        return given | {"number": number[1].upper()}
    words = _WORD.findall(filters.words or "")[:_MOST_WORDS]
    return given | ({"words": _beginnings(words)} if words else {})


def _beginnings(words: list[str]) -> str:
    """Words for `to_tsquery`, each from its beginning; a letter beside words stands for itself."""
    alone = len(words) == 1
    return " & ".join(f"{word}:*" if alone or len(word) > 1 else word for word in words)


def _clauses(given: Mapping[str, Any]) -> LiteralString:
    clauses: LiteralString = ""
    for name, clause in _CLAUSES.items():
        if name in given:
            clauses += clause
    return clauses
