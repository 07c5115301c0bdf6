"""Plans on a small plant, with a clock that tests set."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from psycopg.rows import dict_row

from config.clock import to_us
from config.database import Connection
from maintenance.commands.service import change_state
from maintenance.orders import queries
from maintenance.orders.work_order import Action, Particulars, WorkOrder
from maintenance.plans.closing import close_occurrences
from maintenance.plans.file import PlanShape
from maintenance.plans.generation import generate
from maintenance.plans.releasing import release_due
from maintenance.plans.service import save_plan
from maintenance.plans.watching import take_events

MONTHLY = {"rule": "FREQ=MONTHLY", "start": "2026-01-31T06:00"}
WEEKLY = {"rule": "FREQ=WEEKLY", "start": "2026-03-02T08:00"}
_OCCURRENCES = """
SELECT o.id, p.code AS plan, asset.tag AS asset, o.slot_key AS key, o.state, o.reason, o.due_at,
       o.due_because, o.due_p10, o.due_p90, o.meter_target AS target, w.number AS order,
       o.done_at, o.decided_at
FROM plan_occurrence o JOIN maintenance_plan p ON p.id = o.plan_id
JOIN asset ON asset.id = o.asset_id LEFT JOIN work_order w ON w.id = o.work_order_id
ORDER BY p.code, asset.tag, o.due_at NULLS LAST, o.id
"""


def shape(code: str = "service", **given: Any) -> PlanShape:
    """A plan of P-101, changed as given."""
    plan = {"code": code, "name": code.title(), "applies_to": {"assets": ["P-101"]}} | given
    return PlanShape.model_validate(plan)


@dataclass(slots=True)
class Planner:
    """Saves plans and lets time go by, as the maintenance role does."""

    connection: Connection
    now: datetime = datetime(2026, 3, 1, 12, tzinfo=UTC)

    def clock(self) -> int:
        """The planner's present."""
        return to_us(self.now)

    async def save(
        self, code: str = "service", *, version: int | None = None, **given: Any
    ) -> None:
        """Make or change a plan, and generate it."""
        plan = shape(code, **given)
        await save_plan(
            self.connection, plan, actor="kim", expected_version=version, clock=self.clock
        )
        await self.generate()

    async def generate(self, horizon: timedelta | None = None) -> None:
        """As every night, whenever it is."""
        await self.connection.execute("UPDATE maintenance_plan SET generated_version = 0 - version")
        await generate(self.connection, clock=self.clock, horizon=horizon)

    async def tick(self) -> None:
        """What is done every few seconds."""
        await close_occurrences(self.connection, clock=self.clock)
        await take_events(self.connection, clock=self.clock)
        await release_due(self.connection, clock=self.clock)

    async def at(self, moment: str) -> None:
        """Let time go on to a moment in UTC, and act."""
        self.now = datetime.fromisoformat(moment).replace(tzinfo=UTC)
        await self.tick()

    async def finish(self, number: str) -> None:
        """Start and complete an order."""
        for action in (Action.START, Action.COMPLETE):
            await self.move(number, action)

    async def move(self, number: str, action: Action) -> WorkOrder:
        """One move of an order."""
        order = await queries.get_order(self.connection, number)
        return await change_state(
            self.connection,
            number,
            action,
            expected_version=order.version,
            given=Particulars("kim", "a reason", "done"),
            clock=self.clock,
        )

    async def occurrences(self, **wanted: Any) -> list[dict[str, Any]]:
        """All that a plan has, by plan, asset and due date."""
        async with self.connection.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(_OCCURRENCES)
            rows = await cursor.fetchall()
        return [row for row in rows if all(row[name] == value for name, value in wanted.items())]

    async def told(self, **wanted: Any) -> list[str]:
        """Day and state of each."""
        rows = await self.occurrences(**wanted)
        return [f"{row['due_at']:%m-%d} {row['state']}" for row in rows if row["due_at"]]

    async def orders(self) -> list[str]:
        """Numbers of all orders of plans."""
        cursor = await self.connection.execute(
            "SELECT number FROM work_order WHERE origin = 'plan' ORDER BY id"
        )
        return [number for (number,) in await cursor.fetchall()]
