"""Keeps one session with an OPC UA server, and makes it anew at any doubt.

asyncua's own reconnection restores what it can and says nothing of the rest (a node that was lacking
for a while is dropped for good, a subscription that was not made again is never missed). So it stays
off: a session that is lost or silent ends the run, and the next run builds everything from the list
of wanted nodes. Nodes that the server lacks are looked for again every few seconds.
"""

import asyncio
from pathlib import Path

from asyncua.ua.uaerrors import UaError

from config.clock import ClockUs, now_us
from config.tasks import run_together
from edge.collector import Sink
from edge.filter import Report
from edge.opcua.alarms import AlarmReader
from edge.opcua.health import OpcuaHealth
from edge.opcua.history import Stored
from edge.opcua.memory import Memory
from edge.opcua.positions import Positions
from edge.opcua.session import Session, lost, open_session
from edge.opcua.source import OpcuaSource
from edge.opcua.subscription import Subscription
from edge.stamps import Stamps

_POSITIONS_S = 2.0


class OpcuaCollector:
    """One OPC UA source."""

    def __init__(
        self,
        source: OpcuaSource,
        *,
        clock: ClockUs = now_us,
        reconcile_s: float = 10.0,
        positions: Path | None = None,
    ) -> None:
        """`positions` is the file that remembers over a restart how far histories were stored."""
        self._source = source
        self._reconcile_s = reconcile_s
        self._reports = source.reports
        stamps = Stamps()
        self._health = OpcuaHealth(source.name)
        kept = Positions(positions)
        stored = Stored.after(kept.read())
        self._memory = Memory(
            self._health, stamps, AlarmReader(source.name, stamps), clock, kept, stored
        )

    @property
    def name(self) -> str:
        """The source's name."""
        return self._source.name

    def health(self) -> OpcuaHealth:
        """How it goes, over all runs."""
        return self._health

    def report_of(self, tag: str) -> Report | None:
        """What is news of one of its points."""
        if (wanted := self._memory.browsed.get(tag)) is not None:
            return wanted.report
        return self._reports.get(tag)

    async def run(self, sink: Sink) -> None:
        """Take what the server tells until cancelled. Raises `SourceLost` when the session ends."""
        async with open_session(self._source, self._memory.clock) as session:
            try:
                subscription = Subscription(session, self._source, self._memory, sink)
                await subscription.open()
                self._health.connected()
                await run_together(
                    [
                        subscription.take(),
                        self._reconcile(session, subscription),
                        self._keep_positions(),
                    ]
                )
            except (OSError, TimeoutError, UaError) as error:
                raise lost(self._source, error) from error

    async def _reconcile(self, session: Session, subscription: Subscription) -> None:
        while True:
            await session.ending.wait(self._reconcile_s)
            subscription.check_heard()
            await subscription.reconcile()

    async def _keep_positions(self) -> None:
        """Write every few seconds how far histories are stored."""
        while True:
            await self._memory.keep_positions()
            await asyncio.sleep(_POSITIONS_S)
