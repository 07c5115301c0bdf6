"""The evaluation of one partition: the engine with its place in the log and in the database."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from conditions import event_store, store
from conditions.acknowledgement import Acknowledgement, in_order
from conditions.binding import Plant
from conditions.change import Change
from conditions.engine import Engine
from conditions.errors import SnapshotUnreadable
from conditions.event import ChangeKind, ConditionEvent
from conditions.event_queries import open_events_but
from conditions.queries import load_plant
from conditions.records import Edges, is_new, read_part
from conditions.settings import ConditionSettings
from conditions.shadow_store import close_orphans, save_shadow_changes
from conditions.snapshot import encode
from conditions.variant import label_of
from config.clock import ClockUs, monotonic, now_us, to_us
from config.database import Connection
from config.diagnostics import logger
from config.log import Position, Record
from config.partition import partition_of
from edge.reading import ReadingBatch

_SECOND = 1_000_000
# A snapshot may take this part of the time, however large the state is.
_SNAPSHOT_SHARE = 0.05

log = logger(__name__)


@dataclass(frozen=True, slots=True)
class _Writing:
    """A snapshot whose bytes are being made."""

    position: Position
    edges: Edges
    state: asyncio.Future[bytes]
    started: float


class Evaluation:
    """Feeds the engine of a partition and stores what it finds.

    A snapshot is copied from the engine in one go, by a thread; turned into bytes by one while the
    engine goes on; and stored once it is ready, as the state of the place that it was copied at.

    Every method that stores runs one transaction on the connection, which nobody else uses.
    """

    def __init__(
        self,
        connection: Connection,
        settings: ConditionSettings,
        *,
        partition: int,
        partitions: int,
        clock: ClockUs = now_us,
    ) -> None:
        self._connection = connection
        self._settings = settings
        self._partition = partition
        self._partitions = partitions
        self._clock = clock
        self._engine = self._make_engine(Plant((), (), {}, {}))
        self._edges: Edges = {}
        self._records = 0
        self._saved_at = monotonic()
        self._pause_s = settings.snapshot_every_s
        self._saved = Position()
        self._writing: _Writing | None = None
        self._readings = 0
        self._events = 0
        self._caught_up = False
        self.position = Position()
        """The last record that was taken in."""

    @staticmethod
    def compile_kernel() -> None:
        """Have the kernel compiled, or its code loaded, before the first reading comes.

        Compiling takes some 20 s of a core, once for each version; set-up does it beforehand.
        """
        Engine(Plant((), (), {}, {}), lateness_us=0).feed([])

    async def start(self) -> None:
        """Go on from the last snapshot, or from the log's start where there is none."""
        self._engine = self._make_engine(await self._load_plant())
        snapshot = await store.load_snapshot(self._connection, self._partition)
        if snapshot is None:
            return
        try:
            changes = await asyncio.to_thread(self._engine.restore, snapshot.state)
        except SnapshotUnreadable as error:
            log.warning("starting from the log's beginning", reason=str(error))
            self._engine = self._make_engine(await self._load_plant())
            return
        self.position = self._saved = snapshot.position
        self._edges = snapshot.edges
        if changes:
            await self._store(changes, with_snapshot=True)

    async def take(self, records: Sequence[Record]) -> None:
        """Take in records in log order."""
        parts = [
            part
            for record in records
            if is_new(record, self._edges) and (part := read_part(record)) is not None
        ]
        changes = in_order(self._engine.feed(parts), self._engine.acknowledgements)
        self.position = records[-1].position
        self._records += len(records)
        self._readings += sum(len(part) for part in parts if isinstance(part, ReadingBatch))
        if changes:
            await self._store(changes)
        await self._keep_snapshot()

    async def rest(self) -> None:
        """The log has nothing more at present."""
        if not self._caught_up:
            self._caught_up = True
            await self._clear_orphans()
        await self._keep_snapshot()

    async def reload(self) -> None:
        """Go on with the rules, points and parameters as they are now."""
        plant = await self._load_plant()
        changes = await asyncio.to_thread(self._engine.reload, plant)
        # The snapshot marks the place in the log from which the new rules hold.
        self._writing = None
        await self._store(changes, with_snapshot=True)

    def metrics(self) -> dict[str, float]:
        """Figures for the role's status."""
        newest = self._engine.highest_ts
        return {
            "readings_total": self._readings,
            "late_total": self._engine.late_rows,
            "events_total": self._events,
            "open_events": self._engine.open_events,
            "rules": self._engine.rules,
            "instances": self._engine.instances,
            "lag_seconds": max(0.0, (self._clock() - newest) / _SECOND) if newest else 0.0,
            "snapshot_age_seconds": monotonic() - self._saved_at,
        }

    def _make_engine(self, plant: Plant) -> Engine:
        return Engine(plant, lateness_us=round(self._settings.lateness_s * _SECOND))

    async def _load_plant(self) -> Plant:
        return await load_plant(
            self._connection, partition=self._partition, partitions=self._partitions
        )

    def _snapshot_due(self) -> bool:
        if self.position == self._saved:
            return False
        late = monotonic() - self._saved_at >= self._pause_s
        return late or self._records >= self._settings.snapshot_every_records

    async def _store(
        self, changes: Sequence[Change | Acknowledgement], *, with_snapshot: bool = False
    ) -> None:
        live = [change for change in changes if not label_of(change.rule)]
        found = [change for change in changes if isinstance(change, Change)]
        shadow = [change for change in found if label_of(change.rule)]
        async with self._connection.transaction():
            if live:
                await event_store.save_changes(self._connection, live, clock=self._clock)
            if shadow:
                await save_shadow_changes(self._connection, shadow)
            if with_snapshot:
                await self._save_snapshot()
        raised = (change for change in found if change.kind is ChangeKind.RAISED)
        self._events += sum(not label_of(change.rule) for change in raised)

    async def _keep_snapshot(self) -> None:
        """Store the snapshot that has become ready, or begin one that is due."""
        if self._writing is None:
            if self._snapshot_due():
                self._writing = await self._begin_snapshot()
        elif self._writing.state.done():
            await self._store([], with_snapshot=True)

    async def _begin_snapshot(self) -> _Writing:
        # A thread copies: what else the process does goes on, though the engine waits.
        started = monotonic()
        memory = await asyncio.to_thread(self._engine.memory)
        state = asyncio.get_running_loop().run_in_executor(None, encode, memory)
        self._records = 0
        return _Writing(self.position, dict(self._edges), state, started)

    async def _save_snapshot(self) -> None:
        writing = self._writing or await self._begin_snapshot()
        self._writing = None
        snapshot = store.Snapshot(writing.position, writing.edges, await writing.state)
        await store.save_snapshot(self._connection, self._partition, snapshot)
        self._saved_at = monotonic()
        cost = self._saved_at - writing.started
        self._pause_s = max(self._settings.snapshot_every_s, cost / _SNAPSHOT_SHARE)
        self._saved = writing.position

    async def _clear_orphans(self) -> None:
        """Clear stored events that the engine no longer has.

        Rules that were changed while no engine ran may derive other events from the replayed part
        of the log than those that were stored then.
        """
        stored = await open_events_but(self._connection, self._engine.open_keys)
        ours = [e for e in stored if partition_of(e.asset, self._partitions) == self._partition]
        await close_orphans(self._connection)
        if ours:
            now = self._engine.highest_ts or self._clock()
            await self._store([_orphan(event, now) for event in ours])


def _orphan(event: ConditionEvent, now: int) -> Change:
    return Change(
        kind=ChangeKind.CLEARED,
        key=event.key,
        rule=event.rule,
        rule_version_id=None,
        asset_id=event.asset_id,
        asset=event.asset,
        failure_mode=event.failure_mode,
        severity=event.severity,
        peak_severity=event.peak_severity,
        at_us=max(now, to_us(event.changed_at)),
        onset_us=to_us(event.onset),
        raised_us=to_us(event.raised_at),
        value=None,
        message="the rule was changed",
        work_order=event.work_order,
        evidence=None,
    )
