"""No sequence of work, also of two people at once, doubles a cost or changes one that is frozen."""

import asyncio
from collections.abc import Coroutine
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule, run_state_machine_as_test

from config.clock import to_us
from config.database import Connection
from maintenance.commands.labour import enter_time, reverse_time
from maintenance.commands.service import change_state
from maintenance.errors import MaintenanceError
from maintenance.materials.ledger import Place, Said
from maintenance.materials.service import give_back, issue, receive
from maintenance.orders import queries
from maintenance.orders.labour import TimeWorked
from maintenance.orders.work_order import Action, Particulars
from maintenance.people.service import save_staff
from maintenance.people.staff import Rate, Staff
from tests.maintenance.machine import DatabaseMachine
from tests.maintenance.materials.shelf import BEARING, MAIN, build_storerooms, make_order, wrongs
from tests.maintenance.scene import START, build_plant

T = TypeVar("T")
PICK = st.integers(0, 1000)
ACTIONS = st.sampled_from([Action.COMPLETE, Action.COMPLETE, Action.CLOSE, Action.REOPEN])
_EMPTY = """
TRUNCATE site, asset_class, asset, work_order, part, storeroom, staff, outbox
RESTART IDENTITY CASCADE
"""
_OF_ORDERS = """
SELECT o.number, o.state, cost.booked_in, coalesce(sum(cost.amount_minor), 0)::bigint
FROM work_order o LEFT JOIN order_cost cost ON cost.work_order_id = o.id
GROUP BY 1, 2, 3
"""
# What labour of orders that are done has to cost: to the cent, by the rates of the days of the work.
_LABOUR = """
SELECT o.number, entry.minutes, (
    SELECT r.rate_minor FROM staff_rate r JOIN staff ON staff.id = r.staff_id
    WHERE staff.code = entry.person AND r.valid_from <= entry.entered_at::date
    ORDER BY r.valid_from DESC LIMIT 1)
FROM work_order o JOIN labour_entry entry ON entry.work_order_id = o.id
WHERE entry.reverses_id IS NULL AND entry.reversed_at IS NULL AND o.number = ANY (%s)
"""
_FROZEN = """
SELECT coalesce(sum(amount_minor), 0)::bigint FROM cost_entry c
JOIN work_order o ON o.id = c.work_order_id WHERE o.number = %s AND c.kind = 'labour'
"""
_DOUBLED = """
SELECT work_order_id FROM cost_entry c WHERE reverses_id IS NULL
  AND NOT EXISTS (SELECT FROM cost_entry x WHERE x.reverses_id = c.id)
GROUP BY work_order_id, split_part(source, '/', 2) HAVING count(*) > 1
"""


class Work(DatabaseMachine):
    """Two orders, one technician whose rate rises, bearings whose price moves."""

    def __init__(self, database_url: str) -> None:
        super().__init__(database_url, empty=_EMPTY)
        self.run(build_plant(self.connection))
        self.run(build_storerooms(self.connection))
        self.now = START
        self.rates = {START.date() - timedelta(days=9): 4_550}
        self.run(self.save_rates())
        self.orders = [self.run(make_order(self.connection, state="in_progress")) for _ in range(2)]
        self.run(self.connection.execute("UPDATE work_order SET type = 'inspection'"))
        self.issues: list[int] = []
        self.closed: dict[str, int] = {}

    def now_us(self) -> int:
        return to_us(self.now)

    def said(self, reason: str = "") -> Said:
        return Said("ana", self.now, reason)

    async def save_rates(self) -> None:
        rates = tuple(Rate(day, minor) for day, minor in sorted(self.rates.items()))
        await save_staff(self.connection, Staff("kim", "Kim", rates=rates), clock=self.now_us)

    async def attempt(self, deed: Coroutine[Any, Any, T]) -> T | None:
        try:
            return await deed
        except MaintenanceError:
            return None

    async def act(self, connection: Connection, number: str, action: Action) -> None:
        order = await queries.get_order(connection, number)
        whole = Particulars("ben", reason="because", resolution="done")
        await change_state(
            connection,
            number,
            action,
            expected_version=order.version,
            given=whole,
            clock=self.now_us,
        )

    @rule(pick=PICK, action=ACTIONS)
    def somebody_moves_an_order(self, pick: int, action: Action) -> None:
        self.run(self.attempt(self.act(self.connection, self.orders[pick % 2], action)))

    @rule(pick=PICK, first=ACTIONS, second=ACTIONS)
    def two_move_it_at_once(self, pick: int, first: Action, second: Action) -> None:
        number = self.orders[pick % 2]

        async def both() -> None:
            await asyncio.gather(
                self.attempt(self.act(self.connection, number, first)),
                self.attempt(self.act(self.other, number, second)),
            )

        self.run(both())

    @rule(pick=PICK, minutes=st.integers(1, 500))
    def time_is_entered(self, pick: int, minutes: int) -> None:
        worked = TimeWorked("kim", minutes=minutes)
        number = self.orders[pick % 2]
        self.run(
            self.attempt(
                enter_time(self.connection, number, worked, actor="kim", clock=self.now_us)
            )
        )

    @rule(pick=PICK, entry=st.integers(1, 8))
    def time_is_taken_back(self, pick: int, entry: int) -> None:
        given = Particulars("kim", reason="typed wrong")
        number = self.orders[pick % 2]
        self.run(
            self.attempt(
                reverse_time(self.connection, number, entry, given=given, clock=self.now_us)
            )
        )

    @rule(quantity=st.integers(1, 5), value_minor=st.integers(0, 90_000))
    def bearings_come_in(self, quantity: int, value_minor: int) -> None:
        place = Place(BEARING, MAIN)
        self.run(
            receive(
                self.connection, place, Decimal(quantity), value_minor=value_minor, said=self.said()
            )
        )

    @rule(pick=PICK, quantity=st.integers(1, 3))
    def bearings_are_issued(self, pick: int, quantity: int) -> None:
        number = self.orders[pick % 2]
        taken = self.run(
            self.attempt(
                issue(
                    self.connection,
                    number,
                    Place(BEARING, MAIN),
                    Decimal(quantity),
                    said=self.said(),
                )
            )
        )
        self.issues += [entry.id for entry in taken or ()]

    @rule(pick=PICK)
    def one_comes_back(self, pick: int) -> None:
        if self.issues:
            entry = self.issues[pick % len(self.issues)]
            self.run(self.attempt(give_back(self.connection, entry, Decimal(1), said=self.said())))

    @rule(minor=st.integers(1, 9_999), days=st.integers(1, 30))
    def the_rate_rises(self, minor: int, days: int) -> None:
        self.now += timedelta(days=days)
        self.rates[self.now.date()] = minor
        self.run(self.save_rates())

    @invariant()
    def the_cost_of_a_closed_order_stays(self) -> None:
        """Nobody gave a reason, so nothing of it was taken back."""
        costs: dict[str, int] = dict.fromkeys(self.orders, 0)
        states: dict[str, str] = {}
        for number, state, _, amount in self.run(self.rows(_OF_ORDERS)):
            costs[number] += amount
            states[number] = state
        for number in self.orders:
            if states[number] == "closed":
                assert self.closed.setdefault(number, costs[number]) == costs[number]
            else:
                self.closed.pop(number, None)

    @invariant()
    def labour_of_work_that_is_closed_costs_the_rate_of_its_day(self) -> None:
        states = {row[0]: row[1] for row in self.run(self.rows(_OF_ORDERS))}
        for number, state in states.items():
            entries = self.run(self.rows(_LABOUR, [number]))
            expected = sum(round(Decimal(minutes * rate) / 60) for _, minutes, rate in entries)
            [[frozen]] = self.run(self.rows(_FROZEN, number))
            if state == "closed":
                assert frozen == expected
            elif state in {"approved", "in_progress"}:
                assert frozen == 0

    @invariant()
    def nothing_is_booked_twice(self) -> None:
        assert self.run(self.rows(_DOUBLED)) == []
        assert self.run(wrongs(self.connection)) == []

    async def rows(self, sql: str, *given: Any) -> list[Any]:
        cursor = await self.connection.execute(sql.encode(), given or None)
        return await cursor.fetchall()


def test_no_sequence_doubles_a_cost_or_changes_one_that_is_frozen(database_url: str) -> None:
    assert date(2026, 3, 2) == START.date()
    run_state_machine_as_test(
        lambda: Work(database_url),
        settings=settings(
            max_examples=15,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
