"""A workshop where everything that can be done to an order is done, and what must hold of it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Any

from config.database import Connection
from maintenance.commands.creation import NewOrder, create_order
from maintenance.commands.failures import report_failure
from maintenance.commands.labour import enter_time, reverse_time, start_timer, stop_timer
from maintenance.commands.permits import AtPermit, require_permit, step_isolation, step_permit
from maintenance.commands.service import assign, change_state, comment
from maintenance.commands.signatures import sign
from maintenance.commands.steps import Recording, record_step
from maintenance.costs.service import add_cost
from maintenance.job_plans.judgement import Given
from maintenance.job_plans.plan import JobPlan, Limits, OnFail, PlannedPart, Step, StepKind
from maintenance.job_plans.queries import progress, steps_of_order
from maintenance.job_plans.service import save_plan
from maintenance.materials.ledger import Place, Said
from maintenance.materials.reservations import WhenShort, Wish, reserve
from maintenance.materials.service import give_back, issue, receive
from maintenance.orders.failure_report import FailureFound
from maintenance.orders.labour import TimeWorked
from maintenance.orders.labour_queries import labour_of
from maintenance.orders.permit import (
    Energy,
    IsolationStep,
    NewIsolation,
    NewPermit,
    PermitKind,
    PermitState,
    PermitStep,
)
from maintenance.orders.permit_queries import permits_of
from maintenance.orders.queries import get_order
from maintenance.orders.signature import Meaning, hash_of
from maintenance.orders.transitions import TRANSITIONS
from maintenance.orders.work_order import Action, OrderType, Particulars, State, WorkOrder
from maintenance.people.service import save_staff
from maintenance.people.staff import Rate, Staff
from tests.maintenance.materials.shelf import BEARING, MAIN, SEAL, build_storerooms, wrongs
from tests.maintenance.scene import START, Plant

PEOPLE = ("ben", "kim")
PER_HOUR = {"ben": 6_000, "kim": 4_500}
PLAN = JobPlan(
    "overhaul",
    "Overhaul the pump",
    permits=("lock-out",),
    parts=(PlannedPart(BEARING, Decimal(2), "1"), PlannedPart(SEAL, Decimal(1), "1")),
    steps=(
        Step("locked", StepKind.CHECK, "Locked out", on_fail=OnFail.STOP),
        Step(
            "vibration",
            StepKind.NUMBER,
            "Vibration",
            on_fail=OnFail.FOLLOW_UP,
            failure_mode="VIB",
            unit="mm/s",
            limits=Limits(high_reject=7.1),
        ),
        Step("signed", StepKind.SIGNATURE, "Work is done"),
    ),
)
WHOLE = Particulars("ana", "because", "done", hold_reason="weather", planned_start=START)
LEGAL_STEPS = {(source, row.target) for row in TRANSITIONS.values() for source in row.sources}
LOCK = NewPermit(PermitKind.LOCKOUT, "Drive", (NewIsolation("Q-101", Energy.ELECTRICAL),))


@dataclass(frozen=True, slots=True)
class Choice:
    """What of all that is there a deed is about: numbers that tests draw, and a quantity."""

    order: str
    pick: int
    quantity: Decimal = Decimal(1)

    @property
    def person(self) -> str:
        """One of the two."""
        return PEOPLE[self.pick % 2]


Deed = Callable[[Plant, Connection, Choice], Awaitable[Any]]
"""Something that people do; `plant` has the clock, the connection is the doer's own."""


async def build_workshop(plant: Plant) -> list[str]:
    """People with rates, parts on the shelf and a job plan; two orders that follow it."""
    connection = plant.connection
    await build_storerooms(connection)
    for code, rate in PER_HOUR.items():
        await save_staff(connection, Staff(code, code, rates=(Rate(date(2025, 1, 1), rate),)))
    for part in (BEARING, SEAL):
        await receive(
            connection, Place(part, MAIN), Decimal(5), value_minor=20_001, said=said(plant)
        )
    await save_plan(connection, PLAN, actor="ana", clock=plant.now_us)
    orders = []
    for asset in ("P-101", "P-102"):
        new = NewOrder(asset, OrderType.CORRECTIVE, "Overhaul", job_plan=PLAN.code)
        orders.append(await create_order(connection, new, actor="ana", clock=plant.now_us))
    return [order.number for order in orders]


def said(plant: Plant) -> Said:
    """Ana, now, with a reason."""
    return Said("ana", plant.now, "because")


def move(action: Action) -> Deed:
    """Move the order on, as it stands."""

    async def deed(plant: Plant, on: Connection, choice: Choice) -> WorkOrder:
        order = await get_order(on, choice.order)
        return await change_state(
            on,
            order.number,
            action,
            expected_version=order.version,
            given=WHOLE,
            clock=plant.now_us,
        )

    return deed


async def begin_timer(plant: Plant, on: Connection, choice: Choice) -> None:
    who = choice.person
    await start_timer(on, choice.order, person=who, actor=who, clock=plant.now_us)


async def end_timer(plant: Plant, on: Connection, choice: Choice) -> None:
    who = choice.person
    await stop_timer(on, choice.order, person=who, actor=who, clock=plant.now_us)


async def end_timers(plant: Plant, on: Connection, choice: Choice) -> None:
    order = await get_order(on, choice.order)
    for entry in await labour_of(on, order.id):
        if entry.running:
            await stop_timer(on, order.number, person=entry.person, actor="ana", clock=plant.now_us)


async def write_time(plant: Plant, on: Connection, choice: Choice) -> None:
    worked = TimeWorked(choice.person, minutes=5 + choice.pick % 50)
    await enter_time(on, choice.order, worked, actor="ana", clock=plant.now_us)


async def take_time_back(plant: Plant, on: Connection, choice: Choice) -> None:
    order = await get_order(on, choice.order)
    entries = await labour_of(on, order.id)
    if entries:
        entry = entries[choice.pick % len(entries)]
        await reverse_time(on, order.number, entry.id, given=WHOLE, clock=plant.now_us)


async def require(plant: Plant, on: Connection, choice: Choice) -> None:
    await require_permit(on, choice.order, LOCK, actor="ana", clock=plant.now_us)


async def take_permit_on(plant: Plant, on: Connection, choice: Choice) -> None:
    """Do at one of the order's permits whatever comes next, or what does not."""
    order = await get_order(on, choice.order)
    permits = await permits_of(on, order.id)
    if not permits:
        return
    permit = permits[choice.pick % len(permits)]
    at = AtPermit(order.number, permit.id)
    if permit.isolations and choice.pick % 3:
        point = permit.isolations[0]
        step = point.next if choice.pick % 4 else IsolationStep.REMOVE
        await step_isolation(
            on, at, point.tag, step, actor=f"p{choice.pick % 5}", clock=plant.now_us
        )
    else:
        await step_permit(
            on, at, list(PermitStep)[choice.pick % 3], actor="ana", clock=plant.now_us
        )


async def put_permits_in_force(plant: Plant, on: Connection, choice: Choice) -> None:
    order = await get_order(on, choice.order)
    for permit in await permits_of(on, order.id):
        if permit.state(plant.now) not in {PermitState.REQUIRED, PermitState.ISSUED}:
            continue
        at = AtPermit(order.number, permit.id)
        for point in permit.isolations:
            if not point.in_place:
                await step_isolation(
                    on, at, point.tag, IsolationStep.APPLY, actor="ben", clock=plant.now_us
                )
            if not point.in_place or point.verified_at is None:
                await step_isolation(
                    on, at, point.tag, IsolationStep.VERIFY, actor="lee", clock=plant.now_us
                )
        if permit.state(plant.now) is PermitState.REQUIRED:
            await step_permit(on, at, PermitStep.ISSUE, actor="ana", clock=plant.now_us)


async def hand_permits_back(plant: Plant, on: Connection, choice: Choice) -> None:
    order = await get_order(on, choice.order)
    for permit in await permits_of(on, order.id):
        at = AtPermit(order.number, permit.id)
        for point in permit.isolations:
            if point.in_place:
                await step_isolation(
                    on, at, point.tag, IsolationStep.REMOVE, actor="ben", clock=plant.now_us
                )
        if permit.state(plant.now) is PermitState.ISSUED:
            await step_permit(on, at, PermitStep.CLOSE, actor="ana", clock=plant.now_us)


async def record(plant: Plant, on: Connection, choice: Choice) -> None:
    """Record at one step, well or not."""
    order = await get_order(on, choice.order)
    steps = await steps_of_order(on, order.id)
    if not steps:
        return
    step = steps[choice.pick % len(steps)]
    given = (Given(said="ok"), Given(value=2.0), Given(said="Ben"))
    failing = (Given(said="not ok"), Given(value=9.0), Given(said="Ben"))
    found = (failing if choice.pick % 4 == 0 else given)[step.position - 1]
    recording = Recording(found, step.revision, choice.person)
    await record_step(on, order.number, step.position, recording, clock=plant.now_us)


async def record_all(plant: Plant, on: Connection, choice: Choice) -> None:
    for pick in (6, 1, 2):
        await record(plant, on, Choice(choice.order, pick))


async def take_part(plant: Plant, on: Connection, choice: Choice) -> None:
    await issue(on, choice.order, _place(choice), choice.quantity, said=said(plant))


async def bring_part_back(plant: Plant, on: Connection, choice: Choice) -> None:
    sql = """
        SELECT l.id FROM stock_ledger l JOIN work_order o ON o.id = l.work_order_id
        WHERE o.number = %s AND l.kind = 'issue' ORDER BY l.id
    """
    issues = await (await on.execute(sql, [choice.order])).fetchall()
    if issues:
        entry = issues[choice.pick % len(issues)][0]
        await give_back(on, entry, choice.quantity, said=said(plant))


async def reserve_part(plant: Plant, on: Connection, choice: Choice) -> None:
    wish = Wish(_place(choice), choice.quantity, when_short=list(WhenShort)[choice.pick % 2])
    await reserve(on, choice.order, wish, said=said(plant))


async def vouch(plant: Plant, on: Connection, choice: Choice) -> None:
    order = await get_order(on, choice.order)
    await sign(
        on,
        order.number,
        list(Meaning)[choice.pick % len(Meaning)],
        expected_version=order.version,
        actor=choice.person,
        clock=plant.now_us,
    )


async def report(plant: Plant, on: Connection, choice: Choice) -> None:
    order = await get_order(on, choice.order)
    await report_failure(
        on,
        order.number,
        FailureFound("VIB"),
        expected_version=order.version,
        given=WHOLE,
        clock=plant.now_us,
    )


async def book_cost(plant: Plant, on: Connection, choice: Choice) -> None:
    await add_cost(on, choice.order, 1_000, "Crane", actor="ana", at=plant.now)


async def give(plant: Plant, on: Connection, choice: Choice) -> None:
    order = await get_order(on, choice.order)
    await assign(
        on,
        order.number,
        choice.person,
        expected_version=order.version,
        given=WHOLE,
        clock=plant.now_us,
    )


async def remark(plant: Plant, on: Connection, choice: Choice) -> None:
    await comment(on, choice.order, "seen", actor="ana", clock=plant.now_us)


DEEDS: Mapping[str, Deed] = {
    **{action.value: move(action) for action in Action},
    **{
        deed.__name__: deed
        for deed in (
            begin_timer,
            end_timer,
            end_timers,
            write_time,
            take_time_back,
            require,
            take_permit_on,
            put_permits_in_force,
            hand_permits_back,
            record,
            record_all,
            take_part,
            bring_part_back,
            reserve_part,
            vouch,
            report,
            book_cost,
            give,
            remark,
        )
    },
}


def _place(choice: Choice) -> Place:
    return Place((BEARING, SEAL)[choice.pick % 2], MAIN)


WRONG_OF_ORDERS = (
    """
    SELECT 'versions and trail differ', o.number FROM work_order o
    WHERE (o.version, o.version, o.state) <> (
        SELECT count(*), max(c.version), (array_agg(c.to_state ORDER BY c.version DESC))[1]
        FROM work_order_change c WHERE c.work_order_id = o.id)
    """,
    """
    SELECT 'a change was told twice or never', o.number FROM work_order o
    WHERE o.version <> (SELECT count(*) FROM outbox
                        WHERE payload->>'number' = o.number AND payload ? 'version')
    """,
    """
    SELECT 'a trail with a gap', c.work_order_id FROM work_order_change c
    LEFT JOIN work_order_change b ON b.work_order_id = c.work_order_id AND b.version = c.version - 1
    WHERE c.from_state IS DISTINCT FROM b.to_state
    """,
    """
    SELECT 'a problem with two open orders', problem FROM work_order
    WHERE problem IS NOT NULL AND state NOT IN ('completed', 'closed', 'cancelled')
    GROUP BY problem HAVING count(*) > 1
    """,
    """
    SELECT 'a finding led to two orders', step_id FROM work_order_step_finding
    GROUP BY step_id HAVING count(*) > 1
    """,
    """
    SELECT 'an order of a finding that no step names', o.number FROM work_order o
    WHERE o.origin = 'step'
      AND NOT EXISTS (SELECT FROM work_order_step_finding f WHERE f.order_id = o.id)
    """,
    """
    SELECT 'a timer runs while nobody works', o.number FROM labour_entry l
    JOIN work_order o ON o.id = l.work_order_id
    WHERE l.minutes IS NULL AND o.state <> 'in_progress'
    """,
    """
    SELECT 'two timers of one person', person FROM labour_entry WHERE minutes IS NULL
    GROUP BY person HAVING count(*) > 1
    """,
    """
    SELECT 'time taken back twice, or not by its opposite', l.id FROM labour_entry l
    JOIN labour_entry r ON r.reverses_id = l.id
    GROUP BY l.id, l.minutes HAVING count(*) > 1 OR sum(r.minutes) <> -l.minutes
    """,
    """
    SELECT 'an order that has ended holds parts', o.number FROM reservation r
    JOIN work_order o ON o.id = r.work_order_id
    WHERE r.state = 'open' AND o.state IN ('completed', 'closed', 'cancelled')
    """,
    """
    SELECT 'a reservation asks for its part twice', reservation_id FROM requisition
    WHERE reservation_id IS NOT NULL GROUP BY reservation_id HAVING count(*) > 1
    """,
    """
    SELECT 'parts were lost', l.part_stock_id FROM stock_ledger l
    JOIN part_stock s ON s.id = l.part_stock_id
    GROUP BY l.part_stock_id, s.on_hand
    HAVING s.on_hand + coalesce(-sum(l.quantity) FILTER (WHERE l.work_order_id IS NOT NULL), 0)
        <> sum(l.quantity) FILTER (WHERE l.kind = 'receipt')
    """,
    """
    SELECT 'more came back from an order than it got', work_order_id FROM stock_ledger
    WHERE work_order_id IS NOT NULL GROUP BY work_order_id, part_stock_id HAVING sum(quantity) > 0
    """,
    """
    SELECT 'signatures and trail differ', o.number FROM work_order o
    WHERE (SELECT count(*) FROM signature s WHERE s.work_order_id = o.id)
       <> (SELECT count(*) FROM work_order_change c
           WHERE c.work_order_id = o.id AND c.action = 'sign')
    """,
)
"""Each query names what is wrong; an empty answer is a sound workshop."""

# What an entry of time costs its order by now, all that was taken back taken off.
LABOUR_COST = """
SELECT o.state, l.person, l.minutes, l.reversed_at IS NULL, coalesce((
    SELECT sum(c.amount_minor) FROM cost_entry c LEFT JOIN cost_entry of ON of.id = c.reverses_id
    WHERE split_part(coalesce(c.source, of.source), '/', 2) = l.id::text
), 0)
FROM labour_entry l JOIN work_order o ON o.id = l.work_order_id
WHERE l.reverses_id IS NULL AND l.minutes IS NOT NULL
"""
TRAIL = """
SELECT o.id, o.number, c.action, c.from_state, c.to_state, c.details
FROM work_order_change c JOIN work_order o ON o.id = c.work_order_id
ORDER BY o.id, c.version
"""
BY_PLAN = "SELECT id FROM permit WHERE work_order_id = %s AND required_by = 'job plan'"
_FROZEN = {State.CLOSED, State.CANCELLED}


async def what_is_wrong(connection: Connection) -> list[Any]:
    """Everything that must not be, by any sequence of deeds."""
    found: list[Any] = await wrongs(connection)
    for sql in WRONG_OF_ORDERS:
        found += await _rows(connection, sql)
    found += await _wrong_costs(connection)
    found += await _wrong_moves(connection)
    found += await _wrong_ends(connection)
    found += [
        ("what was signed has changed", row[0])
        for row in await _rows(connection, "SELECT id, content, hash FROM signature")
        if hash_of(row[1]) != row[2]
    ]
    return found


async def _wrong_costs(connection: Connection) -> list[Any]:
    """Time costs nothing before the end of the work, and once from then on."""
    wrong = []
    for state, person, minutes, stands, booked in await _rows(connection, LABOUR_COST):
        once = minutes * PER_HOUR[person] // 60
        due = once if stands else 0
        right = {due} if state in _FROZEN else {0, once} if state == "completed" else {0}
        if booked not in right:
            wrong.append(("time has a wrong cost", state, person, minutes, booked))
    return wrong


async def _wrong_ends(connection: Connection) -> list[Any]:
    """Work that is done has every step that it needed."""
    sql = "SELECT id, number FROM work_order WHERE state IN ('completed', 'closed')"
    return [
        ("done without a step", number, missing)
        for order_id, number in await _rows(connection, sql)
        if (missing := (await progress(connection, order_id)).missing)
    ]


async def _wrong_moves(connection: Connection) -> list[Any]:
    """Reads the trail again from its beginning: each move legal, and its permits as they must be."""
    wrong = []
    for order, changes in groupby(await _rows(connection, TRAIL), key=lambda row: (row[0], row[1])):
        permits = {row[0]: "required" for row in await _rows(connection, BY_PLAN, order[0])}
        points: dict[tuple[int, str], str] = {}
        for _, _, action, source, target, details in changes:
            if source not in {None, target} and (source, target) not in LEGAL_STEPS:
                wrong.append(("illegal move", order[1], source, target))
            _follow(permits, points, action, details)
            wrong += [
                (why, order[1], action) for why in _wrong_permits(permits, points, action, source)
            ]
    return wrong


def _follow(
    permits: dict[int, str], points: dict[tuple[int, str], str], action: str, details: Any
) -> None:
    step, _, kind = action.partition("_")
    if action == "require_permit":
        permits[details["permit"]] = "required"
        points.update({(details["permit"], tag): "to apply" for tag in details["isolations"]})
    elif kind == "permit":
        permits[details["permit"]] = step
    elif kind == "isolation":
        points[details["permit"], details["isolation"]] = step


def _wrong_permits(
    permits: Mapping[int, str],
    points: Mapping[tuple[int, str], str],
    action: str,
    source: str | None,
) -> list[str]:
    live = {permit for permit, state in permits.items() if state not in {"close", "withdraw"}}
    if action in {"start", "resume", "reopen"}:
        wrong = [f"work goes on, permit {one} {permits[one]}" for one in live]
        wrong = [why for why in wrong if not why.endswith(" issue")]
        at_live = {at: step for at, step in points.items() if at[0] in live}
        return wrong + [f"not locked: {at}" for at, step in at_live.items() if step != "verify"]
    if action in {"complete", "cancel"} and source is not None:
        hanging = [f"a lock hangs: {at}" for at, s in points.items() if s in {"apply", "verify"}]
        return hanging + [f"permit {one} is out" for one in live if permits[one] == "issue"]
    return []


async def _rows(connection: Connection, sql: str, *given: Any) -> list[Any]:
    return await (await connection.execute(sql.encode(), given or None)).fetchall()


WAY: Mapping[State, tuple[str, ...]] = {
    State.APPROVED: ("approve", "put_permits_in_force"),
    State.IN_PROGRESS: ("start", "begin_timer", "take_part"),
    State.COMPLETED: ("end_timers", "record_all", "hand_permits_back", "complete"),
    State.CLOSED: ("close",),
}
"""The way that people take, and what they do before each state of an order."""


def deeds_to(state: State) -> list[str]:
    """Names of the deeds that bring a new order to a state."""
    stops = list(WAY)
    return [name for stop in stops[: stops.index(state) + 1] for name in WAY[stop]]


async def brought_to(plant: Plant, number: str, state: State) -> None:
    """The order in a state, by the way that people take, with all that it needs."""
    for name in deeds_to(state):
        await DEEDS[name](plant, plant.connection, Choice(number, 0))
        plant.later(minutes=3)
