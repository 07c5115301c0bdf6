"""A plan whose work is an inspection round: its orders are walked along the route."""

from maintenance.job_plans.queries import steps_of_order
from maintenance.orders.queries import get_order
from maintenance.orders.work_order import State
from maintenance.rounds.service import save_round, start_round
from tests.maintenance.plans.planner import WEEKLY, Planner
from tests.maintenance.rounds.test_service import ROUND


async def due_walk(planner: Planner) -> str:
    await save_round(planner.connection, ROUND, actor="ana")
    await planner.save(time=WEEKLY, work={"type": "inspection", "job_plan": ROUND.code})
    await planner.at("2026-03-03")
    (number,) = await planner.orders()
    return number


async def test_an_order_of_the_plan_has_the_stops_in_the_order_of_the_route(
    planner: Planner,
) -> None:
    order = await get_order(planner.connection, await due_walk(planner))
    steps = await steps_of_order(planner.connection, order.id)
    assert [(step.stop, step.asset) for step in steps] == [
        (1, "P-103"),
        (1, "P-103"),
        (2, "P-101"),
        (3, "P-102"),
    ]
    assert order.estimated_minutes == 30


async def test_who_begins_the_round_walks_the_order_that_the_plan_has_made(
    planner: Planner,
) -> None:
    number = await due_walk(planner)
    walk = await start_round(planner.connection, ROUND.code, actor="kim", clock=planner.clock)
    assert (walk.number, walk.state) == (number, State.IN_PROGRESS)
    again = await start_round(planner.connection, ROUND.code, actor="kim", clock=planner.clock)
    assert again.number == number


async def test_oca_33_work_that_a_job_makes_stands_at_the_site_of_its_asset(
    planner: Planner,
) -> None:
    await planner.connection.execute(
        "WITH south AS (INSERT INTO site (code, name, time_zone) "
        "VALUES ('south', 'South works', 'Europe/Lisbon') RETURNING id) "
        "UPDATE asset SET site_id = south.id FROM south WHERE tag = 'P-102'"
    )
    both = {"assets": ["P-101", "P-102"]}
    await planner.save(time=WEEKLY, applies_to=both)
    await planner.at("2026-03-03")
    orders = [await get_order(planner.connection, number) for number in await planner.orders()]
    assert {order.asset: order.site for order in orders} == {"P-101": "north", "P-102": "south"}
