"""Time that people work: timers, entries by hand, corrections; nobody works twice at once."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from config.database import Connection
from maintenance.commands.labour import enter_time, reverse_time, start_timer, stop_timer
from maintenance.errors import LabourRefused, NotReady, TimeOverlaps
from maintenance.orders.labour import TimeWorked, net_minutes, refusal, whole_minutes
from maintenance.orders.labour_queries import labour_of, timer_of
from maintenance.orders.work_order import Action, Particulars, State, WorkOrder
from tests.maintenance.commands.moving import moved, order_in, read
from tests.maintenance.scene import START, Plant, until_blocked

pytestmark = pytest.mark.store

WRONG = Particulars("ana", reason="typed wrong")


async def timer(plant: Plant, order: WorkOrder, person: str = "ben") -> None:
    await start_timer(
        plant.connection, order.number, person=person, actor=person, clock=plant.now_us
    )


async def entered(plant: Plant, order: WorkOrder, worked: TimeWorked) -> int:
    entry = await enter_time(
        plant.connection, order.number, worked, actor="ana", clock=plant.now_us
    )
    return entry.id


async def test_a_timer_counts_from_start_to_stop(plant: Plant) -> None:
    order = await order_in(plant, State.IN_PROGRESS)
    await timer(plant, order)
    plant.later(minutes=42)
    entry = await stop_timer(
        plant.connection, order.number, person="ben", actor="ben", clock=plant.now_us
    )
    assert (entry.person, entry.minutes, entry.running) == ("ben", 42, False)


async def test_a_timer_that_was_just_started_counts_a_minute(plant: Plant) -> None:
    order = await order_in(plant, State.IN_PROGRESS)
    await timer(plant, order)
    entry = await stop_timer(
        plant.connection, order.number, person="ben", actor="ben", clock=plant.now_us
    )
    assert entry.minutes == 1


@pytest.mark.parametrize(
    "state", [s for s in State if s is not State.IN_PROGRESS], ids=lambda s: str(s)
)
async def test_a_timer_runs_only_while_work_is_in_progress(plant: Plant, state: State) -> None:
    order = await order_in(plant, state)
    with pytest.raises(LabourRefused, match="while work is in progress"):
        await timer(plant, order)


async def test_a_person_has_one_timer_on_whichever_order(plant: Plant) -> None:
    first = await order_in(plant, State.IN_PROGRESS)
    second = await order_in(plant, State.IN_PROGRESS)
    await timer(plant, first)
    with pytest.raises(TimeOverlaps, match=f"worked on {first.number}"):
        await timer(plant, second)
    running = await timer_of(plant.connection, "ben")
    assert running is not None
    assert running.number == first.number


async def test_several_people_work_on_an_order_at_once(plant: Plant) -> None:
    order = await order_in(plant, State.IN_PROGRESS)
    await timer(plant, order, "ben")
    await timer(plant, order, "kim")
    assert [entry.person for entry in await labour_of(plant.connection, order.id)] == ["ben", "kim"]


async def test_a_hold_stops_every_timer(plant: Plant) -> None:
    order = await order_in(plant, State.IN_PROGRESS)
    await timer(plant, order, "ben")
    await timer(plant, order, "kim")
    plant.later(minutes=10)
    await moved(plant, order, Action.HOLD)
    assert [entry.minutes for entry in await labour_of(plant.connection, order.id)] == [10, 10]


async def test_work_is_not_complete_while_a_timer_runs(plant: Plant) -> None:
    order = await order_in(plant, State.IN_PROGRESS)
    await timer(plant, order)
    with pytest.raises(NotReady, match="the timer of ben runs"):
        await moved(plant, order, Action.COMPLETE)


async def test_time_is_entered_from_and_to_or_in_minutes(plant: Plant) -> None:
    order = await order_in(plant, State.IN_PROGRESS)
    plant.later(hours=3)
    await entered(plant, order, TimeWorked("ben", START, START + timedelta(minutes=90)))
    await entered(plant, order, TimeWorked("ben", minutes=30))
    assert net_minutes(await labour_of(plant.connection, order.id)) == 120


async def test_entries_of_a_person_do_not_overlap_and_may_touch(plant: Plant) -> None:
    order = await order_in(plant, State.IN_PROGRESS)
    plant.later(hours=3)
    hour = timedelta(hours=1)
    await entered(plant, order, TimeWorked("ben", START, START + hour))
    await entered(plant, order, TimeWorked("ben", START + hour, START + 2 * hour))
    with pytest.raises(TimeOverlaps):
        await entered(plant, order, TimeWorked("ben", START + hour / 2, START + 2 * hour))
    await entered(plant, order, TimeWorked("kim", START, START + 2 * hour))


async def test_a_correction_reverses_and_frees_the_time(plant: Plant) -> None:
    order = await order_in(plant, State.IN_PROGRESS)
    plant.later(hours=3)
    worked = TimeWorked("ben", START, START + timedelta(hours=1))
    entry_id = await entered(plant, order, worked)
    reversal = await reverse_time(
        plant.connection, order.number, entry_id, given=WRONG, clock=plant.now_us
    )
    assert (reversal.reverses, reversal.minutes) == (entry_id, -60)
    await entered(plant, order, worked)
    entries = await labour_of(plant.connection, order.id)
    assert [entry.minutes for entry in entries] == [60, -60, 60]
    assert net_minutes(entries) == 60


async def test_an_entry_is_reversed_once_and_a_correction_never(plant: Plant) -> None:
    order = await order_in(plant, State.IN_PROGRESS)
    entry_id = await entered(plant, order, TimeWorked("ben", minutes=5))
    reversal = await reverse_time(plant.connection, order.number, entry_id, given=WRONG)
    for again in (entry_id, reversal.id):
        with pytest.raises(LabourRefused):
            await reverse_time(plant.connection, order.number, again, given=WRONG)


@pytest.mark.parametrize("state", [State.DRAFT, State.APPROVED, State.CLOSED, State.CANCELLED])
async def test_time_is_written_down_from_the_start_until_the_close(
    plant: Plant, state: State
) -> None:
    order = await order_in(plant, state)
    with pytest.raises(LabourRefused, match="from the start of work until it is closed"):
        await entered(plant, order, TimeWorked("ben", minutes=5))


async def test_each_entry_is_a_change_of_the_order(plant: Plant) -> None:
    order = await order_in(plant, State.IN_PROGRESS)
    await entered(plant, order, TimeWorked("ben", minutes=5))
    assert (await read(plant, order)).version == order.version + 1
    assert await plant.value("SELECT topic FROM outbox ORDER BY id DESC LIMIT 1") == (
        "work_order.enter_time"
    )


async def test_of_two_timers_of_a_person_at_once_one_runs(
    plant: Plant, open_connection: Callable[[], Awaitable[Connection]]
) -> None:
    first = await order_in(plant, State.IN_PROGRESS)
    second = await order_in(plant, State.IN_PROGRESS)
    one, other = await open_connection(), await open_connection()
    await one.execute("BEGIN")
    await start_timer(one, first.number, person="ben", actor="ben", clock=plant.now_us)
    late = asyncio.create_task(
        start_timer(other, second.number, person="ben", actor="ben", clock=plant.now_us)
    )
    await until_blocked(plant, other.info.backend_pid)
    await one.execute("COMMIT")
    with pytest.raises(TimeOverlaps):
        await late
    assert await plant.value("SELECT count(*) FROM labour_entry") == 1


async def test_a_timer_does_not_start_during_the_completion(
    plant: Plant, open_connection: Callable[[], Awaitable[Connection]]
) -> None:
    order = await order_in(plant, State.IN_PROGRESS)
    other = await open_connection()
    async with plant.connection.transaction():
        await moved(plant, order, Action.COMPLETE)
        late = asyncio.create_task(
            start_timer(other, order.number, person="ben", actor="ben", clock=plant.now_us)
        )
        watcher = Plant(await open_connection())
        await until_blocked(watcher, other.info.backend_pid)
    with pytest.raises(LabourRefused):
        await late


@pytest.mark.parametrize(
    ("seconds", "minutes"), [(0, 1), (29, 1), (89, 1), (90, 2), (3600, 60), (3629, 60)]
)
def test_minutes_are_whole_and_at_least_one(seconds: int, minutes: int) -> None:
    assert whole_minutes(START, START + timedelta(seconds=seconds)) == minutes


@pytest.mark.parametrize(
    ("worked", "why"),
    [
        (TimeWorked("ben"), "from and to, or minutes"),
        (TimeWorked("ben", START), "from and to, or minutes"),
        (TimeWorked("ben", START, START + timedelta(hours=1), minutes=3), "minutes alone"),
        (TimeWorked("ben", START, START), "ends before"),
        (TimeWorked("ben", START, START + timedelta(days=2)), "future"),
    ],
)
def test_times_that_cannot_be_are_refused(worked: TimeWorked, why: str) -> None:
    assert why in (refusal(worked, START + timedelta(days=1)) or "")
