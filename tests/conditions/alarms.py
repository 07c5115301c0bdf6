"""A small plant with a tree of assets, and changes of events as the engine finds them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from conditions.alarm_service import Saying, settle
from conditions.change import Change
from conditions.event import ChangeKind, Severity, WorkOrderRequest, event_key
from conditions.event_queries import find_events
from conditions.event_store import save_changes
from config.clock import to_us
from config.database import Connection

START = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
ANN = Saying("ann", "nuisance")

_PLANT = """
WITH site AS (
         INSERT INTO site (code, name, time_zone) VALUES ('n', 'North', 'Europe/Berlin')
         RETURNING id
     ),
     class AS (INSERT INTO asset_class (code, name) VALUES ('pump', 'Pump') RETURNING id),
     station AS (
         INSERT INTO asset (tag, name, class_id, site_id)
         SELECT 'PS-1', 'Pump station', class.id, site.id FROM class, site RETURNING id
     )
INSERT INTO asset (tag, name, class_id, site_id, parent_id)
SELECT tag, tag, class.id, site.id, station.id
FROM class, site, station, (VALUES ('P-1'), ('P-2')) AS given (tag)
"""
_LATCHING = """
INSERT INTO rule_version (rule, version, asset_class, definition, hash, file, line)
VALUES ('pump/trip', 1, 'pump', '{"rules": [{"id": "trip", "latch": true}]}', 'x', 'f', 1)
RETURNING id
"""
_POWER = """
INSERT INTO rule_version (rule, version, asset_class, definition, hash, file, line)
VALUES ('station/power', 1, 'station', '{}', 'y', 'f', 2)
"""


class Plant:
    """Finds what the engine would find, at a time that only the test moves."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.now = START
        self.latching: int | None = None

    async def build(self) -> "Plant":
        """A station with two pumps, and a rule that latches."""
        await self.connection.execute(_PLANT)
        cursor = await self.connection.execute(_LATCHING)
        row = await cursor.fetchone()
        self.latching = row[0] if row else None
        await self.connection.execute(_POWER)
        return self

    def clock(self) -> int:
        """The plant's present."""
        return to_us(self.now)

    def later(self, **span: float) -> None:
        """Let time go on."""
        self.now += timedelta(**span)

    async def find(
        self,
        kind: ChangeKind = ChangeKind.RAISED,
        severity: Severity = Severity.HIGH,
        *,
        asset: str = "P-1",
        rule: str = "pump/hot",
        onset: datetime | None = None,
    ) -> int:
        """A change at this moment; gives the id of its event. `onset` says which event it is."""
        change = await self.change(kind, severity, asset=asset, rule=rule, onset=onset)
        await self.save(change)
        return int(await self.value("SELECT id FROM condition_event WHERE key = %s", change.key))

    async def change(
        self,
        kind: ChangeKind,
        severity: Severity = Severity.HIGH,
        *,
        asset: str = "P-1",
        rule: str = "pump/hot",
        onset: datetime | None = None,
    ) -> Change:
        """What the engine would say; nothing is stored."""
        began = to_us(onset or self.now)
        raised = kind is ChangeKind.RAISED
        return Change(
            kind=kind,
            key=event_key(rule, asset, "OHE", began),
            rule=rule,
            rule_version_id=self.latching if rule == "pump/trip" else None,
            asset_id=await self.value("SELECT id FROM asset WHERE tag = %s", asset),
            asset=asset,
            failure_mode="OHE",
            severity=severity,
            peak_severity=severity,
            at_us=self.clock(),
            onset_us=began,
            raised_us=began,
            value=91.0,
            message=f"temperature of {asset} is 91 degC",
            work_order=WorkOrderRequest("corrective", None, 0.0),
            evidence={} if raised else None,
        )

    async def save(self, *changes: Change) -> None:
        """Store changes as the engine's transaction does."""
        async with self.connection.transaction():
            await save_changes(self.connection, changes, clock=self.clock)

    async def tick(self) -> int:
        """What the clock of alarms does; gives how many events changed."""
        async with self.connection.transaction():
            return await settle(self.connection, now=self.now)

    async def told(self, event_id: int) -> list[str]:
        """What others were told of an event, in order."""
        cursor = await self.connection.execute(
            "SELECT kind FROM condition_outbox WHERE event_id = %s AND annunciated ORDER BY id",
            [event_id],
        )
        return [kind for (kind,) in await cursor.fetchall()]

    async def actions(self, event_id: int) -> list[tuple[str, str]]:
        """The audit trail of an event: what, and who."""
        cursor = await self.connection.execute(
            "SELECT action, actor FROM alarm_change WHERE event_id = %s ORDER BY id", [event_id]
        )
        return [(action, actor) for action, actor in await cursor.fetchall()]

    async def silenced(self, event_id: int) -> list[str]:
        """What silences an event."""
        (event,) = [one for one in await find_events(self.connection) if one.id == event_id]
        return [str(silence) for silence in event.silenced]

    async def value(self, sql: str, *given: Any) -> Any:
        """First column of the first row."""
        cursor = await self.connection.execute(sql.encode(), given)
        row = await cursor.fetchone()
        return row[0] if row else None
