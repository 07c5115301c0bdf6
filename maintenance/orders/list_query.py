"""The list of orders, one page at a time, as flat at a million orders as at ten.

A page is found by ids alone, then its rows are joined. Where states or other coarse filters are
given, each state is walked from its newest order down an index of its own, so that a page reads
about as many rows as it has; a filter that is not given is not in the statement at all. Plans are
made for the very values: what is right for a rare word is wrong for a common one.
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

_CLAUSES: Mapping[str, LiteralString] = MappingProxyType(
    {
        "after": " AND o.id < %(after)s",
        "asset": " AND o.asset_id = (SELECT id FROM asset WHERE tag = %(asset)s)",
        "site": " AND o.site_id = (SELECT id FROM site WHERE code = %(site)s)",
        "type": " AND o.type = %(type)s",
        "priority": " AND o.priority = %(priority)s",
        "problem": " AND o.problem = %(problem)s",
        "assignee": " AND o.assignee = %(assignee)s",
        "number": " AND o.number = %(number)s",
        "overdue_at": " AND o.due_at < %(overdue_at)s"
        " AND o.state NOT IN ('completed', 'closed', 'cancelled')",
        "words": " AND to_tsvector('simple', o.title || ' ' || o.description)"
        " @@ to_tsquery('simple', %(words)s)",
    }
)

# Filters whose orders are many: their indexes are by state, then newest first.
_BY_STATE = frozenset({"site", "type", "priority", "assignee", "overdue_at"})

_NUMBER = re.compile(r"\s*(WO-\d{1,18})\s*", re.IGNORECASE)
_WORD = re.compile(r"\w+")
_MOST_WORDS = 8


@dataclass(frozen=True, slots=True)
class OrderFilters:
    """Which orders to list; what is None (or empty) does not filter.

    `overdue_at`: those that are open and were due before then. `words`: an order's number, or words
    that its title or description holds, each from its beginning.
    """

    states: frozenset[State] = field(default_factory=frozenset)
    asset: str | None = None
    priority: int | None = None
    problem: str | None = None
    assignee: str | None = None
    site: str | None = None
    type: OrderType | None = None
    overdue_at: datetime | None = None
    words: str | None = None


def page_query(filters: OrderFilters, *, after: int | None) -> tuple[LiteralString, dict[str, Any]]:
    """The statement of a page and its parameters, but for `limit`."""
    given = _given(filters) | ({} if after is None else {"after": after})
    states = sorted(filters.states)
    if not states and _BY_STATE & given.keys():
        states = sorted(State)
    if states:
        clauses = _clauses(given) + _END_OF_STATE
        parts: list[LiteralString] = [_OF_STATE[state] + clauses for state in states]
        found = "SELECT " + _OF_STATES + _UNION.join(parts) + _END_OF_STATES
    else:
        found = "SELECT o.id " + OF_ALL + _clauses(given) + END_OF_ALL
    return ORDERS + " WHERE o.id = ANY (ARRAY(" + found + ")) ORDER BY o.id DESC", given


async def find_orders(
    connection: Connection, filters: OrderFilters, *, after: int | None = None, limit: int = 50
) -> list[WorkOrder]:
    """A page of orders, newest first."""
    sql, given = page_query(filters, after=after)
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(sql, given | {"limit": limit}, prepare=False)
        return [order_of_row(row) for row in await cursor.fetchall()]


def _given(filters: OrderFilters) -> dict[str, Any]:
    names = ("asset", "site", "type", "priority", "problem", "assignee", "overdue_at")
    given = {name: getattr(filters, name) for name in names if getattr(filters, name) is not None}
    if filters.words is not None and (number := _NUMBER.fullmatch(filters.words)):
        return given | {"number": number[1].upper()}
    words = _WORD.findall(filters.words or "")[:_MOST_WORDS]
    return given | ({"words": " & ".join(f"{word}:*" for word in words)} if words else {})


def _clauses(given: Mapping[str, Any]) -> LiteralString:
    clauses: LiteralString = ""
    for name, clause in _CLAUSES.items():
        if name in given:
            clauses += clause
    return clauses
