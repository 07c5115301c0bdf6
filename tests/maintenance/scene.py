"""A small plant, and condition events as the conditions role writes them."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from psycopg.types.json import Jsonb

from conditions.event import (
    ChangeKind,
    ConditionEvent,
    EventState,
    Severity,
    WorkOrderRequest,
)
from config.clock import to_us
from config.database import Connection
from maintenance.events.policy import ConditionChange
from maintenance.orders.work_order import OrderType, Origin, State, WorkOrder
from maintenance.register.asset import AssetFacts

START = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
PUMP = AssetFacts("P-101", "Boiler feed pump", "A", retired=False)
REQUEST = {"type": "corrective", "job_plan": "inspect-bearing", "cooldown_s": 3600}
_PLANT = """
WITH site AS (INSERT INTO site (code, name) VALUES ('north', 'North works') RETURNING id),
     class AS (
         INSERT INTO asset_class (code, name) VALUES ('centrifugal_pump', 'Pump') RETURNING id
     )
INSERT INTO asset (tag, name, class_id, site_id, criticality)
SELECT given.tag, given.name, class.id, site.id, given.criticality
FROM site, class, (VALUES
    ('P-101', 'Boiler feed pump', 'A'), ('P-102', 'Sump pump', 'B'), ('P-103', 'Spare pump', 'C')
) AS given (tag, name, criticality)
"""
_EVENT = """
INSERT INTO condition_event (
    key, rule, asset_id, failure_mode, state, severity, peak_severity, message, onset, raised_at,
    changed_at, value, work_order, evidence
)
SELECT %(key)s, %(rule)s, id, %(failure_mode)s, 'active', %(severity)s, %(severity)s, %(message)s,
       %(onset)s, %(at)s, %(at)s, 7.4, %(work_order)s, %(evidence)s
FROM asset WHERE tag = %(asset)s
RETURNING id
"""
_OUTBOX = """
INSERT INTO condition_outbox (event_id, kind, severity, at, value)
VALUES (%s, %s, %s, %s, 7.4) RETURNING id, pg_notify('condition_outbox', '')
"""


class Plant:
    """Writes what conditions would write; `now_us` is the clock that tests hand on."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.now = START
        self.events = 0

    def now_us(self) -> int:
        """The plant's present."""
        return to_us(self.now)

    def later(self, **span: float) -> None:
        """Let time go on."""
        self.now += timedelta(**span)

    async def raise_event(
        self,
        asset: str = "P-101",
        *,
        severity: Severity = Severity.MEDIUM,
        failure_mode: str = "VIB",
        rule: str = "centrifugal_pump/vibration_zone",
        work_order: dict[str, Any] | None = REQUEST,
    ) -> int:
        """An event with its outbox row; returns the event's id."""
        self.events += 1
        cursor = await self.connection.execute(
            _EVENT,
            {
                "key": f"event-{self.events}",
                "rule": rule,
                "asset": asset,
                "failure_mode": failure_mode,
                "severity": severity.value,
                "message": "vibration above 7.1 mm/s",
                "onset": self.now - timedelta(seconds=2),
                "at": self.now,
                "work_order": Jsonb(work_order) if work_order is not None else None,
                "evidence": Jsonb(evidence(asset, self.now_us())),
            },
        )
        row = await cursor.fetchone()
        assert row is not None
        await self.change(row[0], ChangeKind.RAISED, severity)
        return int(row[0])

    async def change(self, event_id: int, kind: ChangeKind, severity: Severity) -> int:
        """A change of an event; returns the id of its outbox row."""
        given = [event_id, kind.value, severity.value, self.now]
        row = await (await self.connection.execute(_OUTBOX, given)).fetchone()
        assert row is not None
        return int(row[0])

    async def retire(self, asset: str) -> None:
        """Take an asset out of the register."""
        await self.connection.execute("UPDATE asset SET retired_at = now() WHERE tag = %s", [asset])

    async def value(self, sql: str, *given: Any) -> Any:
        """First column of the first row."""
        cursor = await self.connection.execute(sql.encode(), given)
        row = await cursor.fetchone()
        return row[0] if row else None


def evidence(asset: str, raised_us: int) -> dict[str, Any]:
    """Evidence in the form that conditions write."""
    readings = [[raised_us - 2_000_000 + i * 500_000, 7.2 + i / 10, 0] for i in range(5)]
    return {
        "rule": {
            "id": "centrifugal_pump/vibration_zone",
            "version": 1,
            "file": "rules/pump.yaml",
            "line": 12,
            "level": "high",
            "text": "vib > vib_trip for 2 s",
            "raise": 7.1,
            "raise_op": ">",
            "clear": 6.6,
            "clear_op": "<",
            "unit": "mm/s",
            "for_s": 2.0,
            "clear_for_s": 5.0,
        },
        "points": [{"tag": f"{asset}.de_vibration", "unit": "mm/s", "readings": readings}],
        "alarm": None,
        "onset_us": raised_us - 2_000_000,
        "raised_us": raised_us,
    }


async def build_plant(connection: Connection) -> Plant:
    """Pumps P-101, P-102 and P-103 of criticality A, B and C at one site."""
    await connection.execute(_PLANT)
    return Plant(connection)


async def until_blocked(plant: Plant, pid: int) -> None:
    """Wait until that backend waits for a lock: the race that a test wants is then certain."""
    async with asyncio.timeout(10):
        while not await plant.value("SELECT cardinality(pg_blocking_pids(%s)) > 0", pid):  # noqa: ASYNC110 - no event tells of it
            await asyncio.sleep(0.01)


async def until_gone(plant: Plant, pid: int) -> None:
    """Wait until that backend has ended."""
    async with asyncio.timeout(10):
        while await plant.value("SELECT count(*) FROM pg_stat_activity WHERE pid = %s", pid):  # noqa: ASYNC110 - no event tells of it
            await asyncio.sleep(0.01)


def an_order(**given: Any) -> WorkOrder:
    """A draft corrective order about P-101's vibration, changed as given."""
    order = WorkOrder(
        id=1,
        number="WO-000001",
        asset_id=1,
        asset="P-101",
        asset_name="Boiler feed pump",
        asset_retired=False,
        site="north",
        type=OrderType.CORRECTIVE,
        origin=Origin.CONDITION,
        title="P-101: vibration above 7.1 mm/s",
        description="",
        failure_mode="VIB",
        job_plan=None,
        priority=3,
        priority_reason="Priority 3: set here.",
        severity=2,
        state=State.DRAFT,
        version=1,
        problem="P-101/VIB",
        assignee=None,
        resolution=None,
        created_by="conditions",
        created_at=START,
        updated_at=START,
        approved_at=None,
        started_at=None,
        completed_at=None,
        closed_at=None,
        cancelled_at=None,
    )
    return replace(order, **given)


def a_change(
    kind: ChangeKind = ChangeKind.RAISED,
    *,
    severity: Severity = Severity.MEDIUM,
    at: datetime = START,
    asset: AssetFacts = PUMP,
    **event: Any,
) -> ConditionChange:
    """A change of an event of P-101, the event changed as given."""
    whole = ConditionEvent(
        id=1,
        key="event-1",
        rule="centrifugal_pump/vibration_zone",
        asset_id=1,
        asset="P-101",
        failure_mode="VIB",
        state=EventState.ACTIVE,
        severity=severity,
        peak_severity=severity,
        message="vibration above 7.1 mm/s",
        onset=at - timedelta(seconds=2),
        raised_at=at,
        changed_at=at,
        cleared_at=None,
        value=7.4,
        work_order=WorkOrderRequest("corrective", "inspect-bearing", 3600.0),
        evidence=evidence("P-101", to_us(at)),
        acknowledged_at=None,
        acknowledged_by=None,
    )
    return ConditionChange(1, kind, severity, at, 7.4, replace(whole, **event), asset)
