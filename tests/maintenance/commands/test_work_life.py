"""Whatever people do to orders, in any order and at once: no illegal state, and nothing lost or doubled."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from decimal import Decimal

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule, run_state_machine_as_test

from config.database import Connection
from maintenance.errors import MaintenanceError
from maintenance.orders.queries import get_order
from maintenance.orders.work_order import State
from tests.maintenance.commands.workshop import (
    DEEDS,
    Choice,
    Deed,
    brought_to,
    build_workshop,
    deeds_to,
    what_is_wrong,
)
from tests.maintenance.machine import DatabaseMachine
from tests.maintenance.scene import Plant, build_plant

pytestmark = pytest.mark.store

Open = Callable[[], Awaitable[Connection]]
NAMES = st.sampled_from(sorted(DEEDS))
PICK = st.integers(0, 59)
QUANTITY = st.sampled_from([Decimal(1), Decimal(2), Decimal("0.5"), Decimal(4)])
STATES = [State.APPROVED, State.IN_PROGRESS, State.COMPLETED, State.CLOSED]
_EMPTY = """
TRUNCATE site, asset_class, asset, work_order, part, storeroom, staff, job_plan, outbox
RESTART IDENTITY CASCADE
"""
RACES = [
    (State.APPROVED, "start", "take_permit_on"),
    (State.APPROVED, "start", "require"),
    (State.APPROVED, "cancel", "take_part"),
    (State.APPROVED, "cancel", "reserve_part"),
    (State.IN_PROGRESS, "hold", "begin_timer"),
    (State.APPROVED, "cancel", "record"),
    (State.IN_PROGRESS, "begin_timer", "begin_timer"),
    (State.IN_PROGRESS, "end_timer", "end_timer"),
    (State.IN_PROGRESS, "take_part", "take_part"),
    (State.IN_PROGRESS, "bring_part_back", "bring_part_back"),
    (State.IN_PROGRESS, "record", "record"),
    (State.IN_PROGRESS, "vouch", "write_time"),
    (State.COMPLETED, "close", "write_time"),
    (State.COMPLETED, "close", "close"),
    (State.COMPLETED, "close", "take_time_back"),
    (State.COMPLETED, "take_time_back", "take_time_back"),
    (State.COMPLETED, "close", "bring_part_back"),
    (State.COMPLETED, "reopen", "close"),
    (State.COMPLETED, "reopen", "cancel"),
    (State.CLOSED, "reopen", "reopen"),
]

MADE_READY = {
    "begin_timer": ("end_timer",),
    "cancel": ("hand_permits_back",),
    "reopen": ("require", "put_permits_in_force"),
}


async def attempt(deed: Deed, plant: Plant, on: Connection, choice: Choice) -> bool:
    """Was it done? A refusal is fine; an error of the database is not."""
    try:
        await deed(plant, on, choice)
    except MaintenanceError:
        return False
    return True


class Work(DatabaseMachine):
    """Two people and two orders that need everything, in any order."""

    def __init__(self, database_url: str) -> None:
        super().__init__(database_url, empty=_EMPTY)
        self.plant: Plant = self.run(build_plant(self.connection))
        self.orders = self.run(build_workshop(self.plant))
        self.run(brought_to(self.plant, self.orders[0], State.IN_PROGRESS))

    def choice(self, pick: int, quantity: Decimal) -> Choice:
        return Choice(self.orders[pick // 30], pick, quantity)

    @rule(name=NAMES, pick=PICK, quantity=QUANTITY)
    def somebody_does_something(self, name: str, pick: int, quantity: Decimal) -> None:
        choice = self.choice(pick, quantity)
        self.run(attempt(DEEDS[name], self.plant, self.connection, choice))

    def attempt_all(self, names: Iterable[str], pick: int) -> None:
        """One after the other, whatever is refused."""
        for name in names:
            choice = self.choice(pick, Decimal(1))
            self.run(attempt(DEEDS[name], self.plant, self.connection, choice))

    @rule(state=st.sampled_from(STATES), pick=PICK)
    def work_goes_well(self, state: State, pick: int) -> None:
        self.attempt_all([*deeds_to(state)], pick)

    @rule(between=st.lists(NAMES, max_size=2), pick=PICK)
    def work_is_interrupted(self, between: list[str], pick: int) -> None:
        self.attempt_all(["begin_timer", "hold", *between, "resume"], pick)

    @rule(name=st.sampled_from(["require", "put_permits_in_force", "take_permit_on"]), pick=PICK)
    def permits_change_while_work_rests(self, name: str, pick: int) -> None:
        self.attempt_all(["hold", name, "resume"], pick)

    @rule(pick=PICK)
    def work_is_taken_up_again(self, pick: int) -> None:
        self.attempt_all(["require", "put_permits_in_force", "reopen"], pick)

    @rule(names=st.tuples(NAMES, NAMES), picks=st.tuples(PICK, PICK), quantity=QUANTITY)
    def two_people_do_something_at_once(
        self, names: tuple[str, str], picks: tuple[int, int], quantity: Decimal
    ) -> None:
        one, two = (self.choice(pick, quantity) for pick in picks)

        async def both() -> None:
            await asyncio.gather(
                attempt(DEEDS[names[0]], self.plant, self.connection, one),
                attempt(DEEDS[names[1]], self.plant, self.other, two),
            )

        self.run(both())

    @rule(name=NAMES, pick=PICK, quantity=QUANTITY)
    def somebody_is_cut_off(self, name: str, pick: int, quantity: Decimal) -> None:
        async def cut_off() -> None:
            async with self.other.transaction(force_rollback=True):
                await attempt(DEEDS[name], self.plant, self.other, self.choice(pick, quantity))

        self.run(cut_off())

    @rule(minutes=st.integers(1, 90))
    def time_passes(self, minutes: int) -> None:
        self.plant.later(minutes=minutes)

    @invariant()
    def nothing_is_wrong(self) -> None:
        assert self.run(what_is_wrong(self.connection)) == []


def test_no_sequence_of_work_reaches_an_illegal_state_or_loses_or_doubles_anything(
    database_url: str,
) -> None:
    run_state_machine_as_test(
        lambda: Work(database_url),
        settings=settings(
            max_examples=16,
            stateful_step_count=16,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


async def until_waiting_or_done(plant: Plant, pid: int, late: asyncio.Task[bool]) -> None:
    """Wait until a backend waits for a lock, or its deed was done beside the first one."""
    async with asyncio.timeout(20):
        while not late.done():
            if await plant.value("SELECT cardinality(pg_blocking_pids(%s)) > 0", pid):
                return
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(("state", "first", "second"), RACES)
async def test_of_two_who_race_neither_breaks_what_the_other_does(
    plant: Plant, open_connection: Open, state: State, first: str, second: str
) -> None:
    number = (await build_workshop(plant))[0]
    await brought_to(plant, number, state)
    choice = Choice(number, 0)
    for deed in MADE_READY.get(first, ()):
        await DEEDS[deed](plant, plant.connection, choice)
    one, other = await open_connection(), await open_connection()
    await one.execute("BEGIN")
    assert await attempt(DEEDS[first], plant, one, choice)
    late = asyncio.create_task(attempt(DEEDS[second], plant, other, choice))
    await until_waiting_or_done(plant, other.info.backend_pid, late)
    await one.execute("COMMIT")
    await late
    assert await what_is_wrong(plant.connection) == []


_NOTHING_IS_LET_GO = """
CREATE FUNCTION refuse_release() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN RAISE EXCEPTION ''the store cannot be reached''; END';
CREATE TRIGGER refuse_release BEFORE UPDATE OF state ON reservation
    FOR EACH ROW EXECUTE FUNCTION refuse_release();
"""


async def test_inventree_11060_an_order_is_not_completed_while_its_parts_cannot_be_let_go(
    plant: Plant,
) -> None:
    number = (await build_workshop(plant))[0]
    await brought_to(plant, number, State.IN_PROGRESS)
    choice = Choice(number, 0)
    for name in ("end_timer", "record_all", "hand_permits_back"):
        await DEEDS[name](plant, plant.connection, choice)
    before = await get_order(plant.connection, number)
    await plant.connection.execute(_NOTHING_IS_LET_GO)
    with pytest.raises(psycopg.errors.RaiseException, match="cannot be reached"):
        await DEEDS["complete"](plant, plant.connection, choice)
    assert await get_order(plant.connection, number) == before
    assert await what_is_wrong(plant.connection) == []
