"""The demo for people: what happens, as it happens, until Ctrl-C."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field

from rich.console import Console
from rich.live import Live
from rich.text import Text

from oilcan.demo.errors import ApiUnavailable
from oilcan.demo.snapshot import Snapshot, take_snapshot
from oilcan.demo.stage import Stage
from oilcan.demo.table import print_news, render

_EVERY_S = 1.0


@dataclass(slots=True)
class Watch:
    """Follows a stage: lets the faults begin once all is ready, and mends what was worked on."""

    stage: Stage
    _developing: bool = False
    _worked_on: set[str] = field(default_factory=set)

    async def snapshots(self, every_s: float = _EVERY_S) -> AsyncGenerator[Snapshot, None]:
        """One after the other, for ever. Raises `PlantStopped`."""
        snapshot = Snapshot()
        while True:
            self.stage.plant.require_running()
            try:
                snapshot = await take_snapshot(self.stage.api, snapshot)
            except ApiUnavailable:
                await asyncio.sleep(every_s)
                continue
            self.act_on(snapshot)
            yield snapshot
            await asyncio.sleep(every_s)

    def act_on(self, snapshot: Snapshot) -> None:
        """Tell the plant what follows from a snapshot, once each. Raises `PlantStopped`."""
        if snapshot.ready and not self._developing:
            self._developing = True
            self.stage.plant.develop()
        for order in snapshot.orders:
            if order.is_done and order.number not in self._worked_on:
                self._worked_on.add(order.number)
                self.stage.plant.repair(order.asset)


async def show(stage: Stage, console: Console, heading: Text) -> None:
    """Show what happens until cancelled. Raises `PlantStopped`."""
    async with aclosing(Watch(stage).snapshots()) as snapshots:
        if console.is_terminal:
            await _draw(snapshots, console, heading)
        else:
            await _print(snapshots, console, heading)


async def _draw(snapshots: AsyncIterator[Snapshot], console: Console, heading: Text) -> None:
    with Live(render(Snapshot(), heading), console=console, auto_refresh=False) as live:
        async for snapshot in snapshots:
            live.update(render(snapshot, heading), refresh=True)


async def _print(snapshots: AsyncIterator[Snapshot], console: Console, heading: Text) -> None:
    console.print(heading, soft_wrap=True)
    before = Snapshot()
    async for snapshot in snapshots:
        print_news(console, before, snapshot)
        before = snapshot
