"""No sequence of commands, conditions, crashes and replays reaches an illegal state."""

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from conditions.event import ChangeKind, Severity
from config.database import Connection
from maintenance.commands.creation import NewOrder, create_order
from maintenance.commands.service import assign, change_state
from maintenance.errors import (
    AssetRetired,
    CodeUnknown,
    MaintenanceError,
    NotReady,
    ProblemOpen,
    RequirementMissing,
    StaleVersion,
    TransitionRefused,
)
from maintenance.events.service import handle_condition_changes
from maintenance.orders import queries
from maintenance.orders.list_query import OrderFilters, find_orders
from maintenance.orders.transitions import TRANSITIONS, allowed_transitions
from maintenance.orders.work_order import Action, OrderType, Particulars, WorkOrder
from tests.maintenance.machine import DatabaseMachine
from tests.maintenance.scene import START, Plant, build_plant

pytestmark = pytest.mark.store

ASSETS = st.sampled_from(["P-101", "P-102"])
MODES = st.sampled_from(["VIB", "OHE"])
ACTIONS = st.sampled_from(Action)
SEVERITIES = st.sampled_from(Severity)
PICK = st.integers(0, 1000)
GIVEN = st.builds(
    Particulars,
    st.just("ana"),
    reason=st.sampled_from(["", "because"]),
    resolution=st.sampled_from([None, " ", "bearing replaced"]),
    hold_reason=st.sampled_from([None, "weather", "no_such_reason"]),
    planned_start=st.sampled_from([None, START]),
)
WHOLE = Particulars("ben", "because", "done", hold_reason="weather", planned_start=START)
LACKING = RequirementMissing | AssetRetired | NotReady | ProblemOpen | CodeUnknown
_EMPTY = """
TRUNCATE site, asset_class, asset, condition_event, condition_outbox, work_order, work_order_event,
         work_order_change, outbox RESTART IDENTITY CASCADE
"""
_BROKEN_TRAILS = """
SELECT o.number FROM work_order o
WHERE o.version <> (SELECT count(*) FROM work_order_change c WHERE c.work_order_id = o.id)
   OR o.version <> (SELECT max(version) FROM work_order_change c WHERE c.work_order_id = o.id)
   OR o.state <> (
       SELECT to_state FROM work_order_change c
       WHERE c.work_order_id = o.id AND c.version = o.version
   )
   OR o.version <> (SELECT count(*) FROM outbox
                   WHERE payload->>'number' = o.number AND topic <> 'work_order.unprepared')
"""
_STEPS = """
SELECT c.from_state, c.to_state, before.to_state
FROM work_order_change c
LEFT JOIN work_order_change before
    ON before.work_order_id = c.work_order_id AND before.version = c.version - 1
"""
_DOUBLED_PROBLEMS = """
SELECT problem FROM work_order
WHERE problem IS NOT NULL AND state NOT IN ('completed', 'closed', 'cancelled')
GROUP BY problem HAVING count(*) > 1
"""
_DOUBLED_EVENTS = """
SELECT details->>'event' FROM work_order_change
WHERE action IN ('create', 'attach', 'cool_down') AND details ? 'event'
GROUP BY work_order_id, details->>'event' HAVING count(*) > 1
"""
_RETIRED = "SELECT retired_at IS NOT NULL FROM asset WHERE tag = %s"
_TAKE_MARKS_BACK = """
UPDATE condition_outbox SET handled_at = NULL
WHERE id IN (SELECT condition_outbox_id FROM work_order_change)
"""
LEGAL_STEPS = {(source, row.target) for row in TRANSITIONS.values() for source in row.sources}


async def outcome_of(asked: Coroutine[Any, Any, WorkOrder]) -> WorkOrder | MaintenanceError:
    """The order as it then stands, or why not."""
    try:
        return await asked
    except MaintenanceError as refused:
        return refused


class Life(DatabaseMachine):
    """People, conditions and workers at one small plant, in any order."""

    def __init__(self, database_url: str) -> None:
        super().__init__(database_url, empty=_EMPTY)
        self.plant: Plant = self.run(build_plant(self.connection))
        self.event_ids: list[int] = []
        self.priorities: dict[int, int] = {}

    def orders(self) -> list[WorkOrder]:
        return self.run(find_orders(self.connection, OrderFilters(), limit=1000))

    def any_order(self, pick: int) -> WorkOrder | None:
        orders = self.orders()
        return orders[pick % len(orders)] if orders else None

    @rule(asset=ASSETS, mode=st.none() | MODES, kind=st.sampled_from(OrderType))
    def person_asks(self, asset: str, mode: str | None, kind: OrderType) -> None:
        new = NewOrder(asset, kind, "Look at it", failure_mode=mode)
        asked = create_order(self.connection, new, actor="ana", clock=self.plant.now_us)
        outcome = self.run(outcome_of(asked))
        if isinstance(outcome, ProblemOpen):
            assert self.run(queries.get_order(self.connection, outcome.number)).is_open
        elif isinstance(outcome, AssetRetired):
            assert self.run(self.plant.value(_RETIRED, asset))
        else:
            assert isinstance(outcome, WorkOrder)

    @rule(pick=PICK, action=ACTIONS, given=GIVEN)
    def person_acts(self, pick: int, action: Action, given: Particulars) -> None:
        if (order := self.any_order(pick)) is None:
            return
        # More than one action may lead from a state to another: each only from where it is meant.
        meant = order.state in TRANSITIONS[action].sources
        legal = meant and (order.state, TRANSITIONS[action].target) in LEGAL_STEPS
        outcome = self.run(outcome_of(self.act(self.connection, order, action, given)))
        if isinstance(outcome, TransitionRefused):
            assert not legal
            assert outcome.allowed == allowed_transitions(order)
            return
        assert legal
        if isinstance(outcome, WorkOrder):
            assert outcome.version == order.version + 1
            assert outcome.resolution == order.resolution or action is Action.COMPLETE
        else:
            assert isinstance(outcome, LACKING)

    @rule(pick=PICK, action=ACTIONS)
    def person_acts_on_what_was(self, pick: int, action: Action) -> None:
        if (order := self.any_order(pick)) is None or order.version == 1:
            return
        before = replace(order, version=order.version - 1)
        outcome = self.run(outcome_of(self.act(self.connection, before, action, WHOLE)))
        assert isinstance(outcome, StaleVersion)

    @rule(pick=PICK, first=ACTIONS, second=ACTIONS)
    def two_people_act_at_once(self, pick: int, first: Action, second: Action) -> None:
        if (order := self.any_order(pick)) is None:
            return

        async def both() -> tuple[WorkOrder | MaintenanceError, WorkOrder | MaintenanceError]:
            return await asyncio.gather(
                outcome_of(self.act(self.connection, order, first, WHOLE)),
                outcome_of(self.act(self.other, order, second, WHOLE)),
            )

        assert sum(isinstance(outcome, WorkOrder) for outcome in self.run(both())) <= 1

    @rule(pick=PICK)
    def person_is_assigned(self, pick: int) -> None:
        if (order := self.any_order(pick)) is None:
            return
        given = Particulars("ana")
        asked = assign(
            self.connection, order.number, "ben", expected_version=order.version, given=given
        )
        outcome = self.run(outcome_of(asked))
        assert isinstance(outcome, WorkOrder if order.is_open else TransitionRefused)

    @rule(asset=ASSETS, mode=MODES, severity=SEVERITIES)
    def condition_is_raised(self, asset: str, mode: str, severity: Severity) -> None:
        self.event_ids.append(
            self.run(self.plant.raise_event(asset, failure_mode=mode, severity=severity))
        )

    @precondition(lambda self: self.event_ids)
    @rule(pick=PICK, kind=st.sampled_from(ChangeKind), severity=SEVERITIES)
    def condition_changes(self, pick: int, kind: ChangeKind, severity: Severity) -> None:
        self.plant.later(seconds=1)
        event_id = self.event_ids[pick % len(self.event_ids)]
        if kind is not ChangeKind.RAISED:
            self.run(self.plant.change(event_id, kind, severity))

    @rule(limit=st.integers(1, 4))
    def worker_handles(self, limit: int) -> None:
        self.run(handle_condition_changes(self.connection, limit=limit, clock=self.plant.now_us))

    @rule()
    def worker_crashes_before_its_commit(self) -> None:
        async def crash() -> None:
            async with self.connection.transaction(force_rollback=True):
                await handle_condition_changes(self.connection, clock=self.plant.now_us)

        self.run(crash())

    @rule()
    def two_workers_handle_at_once(self) -> None:
        async def both() -> None:
            await asyncio.gather(
                handle_condition_changes(self.connection, limit=3, clock=self.plant.now_us),
                handle_condition_changes(self.other, limit=3, clock=self.plant.now_us),
            )

        self.run(both())

    @rule()
    def changes_that_led_to_something_are_replayed(self) -> None:
        self.run(self.drain())
        before = self.orders()
        self.run(self.connection.execute(_TAKE_MARKS_BACK))
        self.run(self.drain())
        assert self.orders() == before

    @rule(minutes=st.integers(1, 90))
    def time_passes(self, minutes: int) -> None:
        self.plant.later(minutes=minutes)

    @rule(asset=ASSETS)
    def asset_retires(self, asset: str) -> None:
        self.run(self.plant.retire(asset))

    @rule(asset=ASSETS)
    def asset_comes_back(self, asset: str) -> None:
        sql = "UPDATE asset SET retired_at = NULL WHERE tag = %s"
        self.run(self.connection.execute(sql, [asset]))

    @invariant()
    def a_problem_has_at_most_one_open_order(self) -> None:
        assert self.run(self.plant.value(_DOUBLED_PROBLEMS)) is None

    @invariant()
    def the_audit_trail_and_the_outbox_have_a_row_for_each_version(self) -> None:
        assert self.run(self.plant.value(_BROKEN_TRAILS)) is None

    @invariant()
    def every_step_in_the_trail_is_legal(self) -> None:
        for source, target, before in self.run(self.rows(_STEPS)):
            assert source == before
            assert source == target or source is None or (source, target) in LEGAL_STEPS

    @invariant()
    def an_event_joins_an_order_once(self) -> None:
        assert self.run(self.plant.value(_DOUBLED_EVENTS)) is None

    @invariant()
    def no_order_becomes_less_urgent(self) -> None:
        for order in self.orders():
            assert order.priority <= self.priorities.get(order.id, order.priority)
            self.priorities[order.id] = order.priority

    async def act(
        self, connection: Connection, order: WorkOrder, action: Action, given: Particulars
    ) -> WorkOrder:
        return await change_state(
            connection,
            order.number,
            action,
            expected_version=order.version,
            given=given,
            clock=self.plant.now_us,
        )

    async def drain(self) -> None:
        while (await handle_condition_changes(self.connection, clock=self.plant.now_us)).changes:
            pass

    async def rows(self, sql: str) -> list[Any]:
        cursor = await self.connection.execute(sql.encode())
        return await cursor.fetchall()


def test_no_sequence_reaches_an_illegal_state(database_url: str) -> None:
    run_state_machine_as_test(
        lambda: Life(database_url),
        settings=settings(
            max_examples=30,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
