"""The demo as a test: has each protocol led to a work order that holds its cause and what work needs?"""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from config.clock import from_us, to_us
from oilcan.demo.inventory import MACHINES, Machine, Protocol
from oilcan.demo.proof import Cause, Lack, Proof, find_cause, is_stored_once
from oilcan.demo.record import Change, read_changes
from oilcan.demo.show import Watch
from oilcan.demo.snapshot import OrderView, Snapshot
from oilcan.demo.stage import Stage

_EVERY_S = 0.5
_FULL_PRECISION = 1e-9


@dataclass(slots=True)
class Check:
    """What has been proven so far, and why the rest has not."""

    proofs: dict[Protocol, Proof] = field(default_factory=dict)
    latest: Snapshot = field(default_factory=Snapshot)
    lacks: dict[str, str] = field(default_factory=dict)
    """Why an order, by its number, proves nothing yet."""

    async def run(self, stage: Stage) -> None:
        """Return once every protocol has its proof. Raises `PlantStopped`, `ApiUnavailable`."""
        async with aclosing(Watch(stage).snapshots(_EVERY_S)) as snapshots:
            async for snapshot in snapshots:
                self.latest = snapshot
                await self._examine(stage, snapshot.orders)
                if self.complete:
                    return

    async def _examine(self, stage: Stage, orders: Sequence[OrderView]) -> None:
        proven = {proof.asset for proof in self.proofs.values()}
        waiting = [order for order in reversed(orders) if order.asset not in proven]
        if not waiting:
            return
        changes = await asyncio.to_thread(lambda: list(read_changes(stage.record)))
        for order in waiting:
            result = await _prove(stage, order, changes)
            if isinstance(result, Proof):
                self.proofs.setdefault(result.cause.protocol, result)
            else:
                self.lacks[order.number] = result.reason

    @property
    def complete(self) -> bool:
        """Has every protocol its proof?"""
        return len(self.proofs) == len(Protocol)

    def report(self) -> list[str]:
        """A line for each protocol: its proof, or what is missing."""
        return [
            _proven(self.proofs[machine.protocol])
            if machine.protocol in self.proofs
            else f"{machine.protocol:<7} {machine.asset}  missing: {self._missing(machine)}"
            for machine in MACHINES
        ]

    def _missing(self, machine: Machine) -> str:
        """The first thing on the way from register to order that is not there."""
        source = next((one for one in self.latest.sources if one.name == machine.source), None)
        if source is None or not source.state:
            return f"no reading: source {machine.source} has not been heard of"
        if not source.readings:
            detail = f", {source.message}" if source.message else ""
            return f"no reading: source {machine.source} is {source.state}{detail}"
        if not any(event.asset == machine.asset for event in self.latest.events):
            return f"no event: {source.readings:.0f} readings came, no rule has raised"
        orders = [order for order in self.latest.orders if order.asset == machine.asset]
        if not orders:
            return "no order: an event was raised and led to none"
        reasons = (f"{one.number}: {self.lacks.get(one.number, 'not examined')}" for one in orders)
        return f"evidence lacking: {'; '.join(reasons)}"


async def _prove(stage: Stage, order: OrderView, changes: Sequence[Change]) -> Proof | Lack:
    detail = await stage.api.get(f"work-orders/{order.number}")
    cause = find_cause(order.asset, detail["evidence"], changes)
    if isinstance(cause, Lack):
        return cause
    if not cause.is_alarm and not await _is_stored(stage, cause):
        return Lack(f"the reading of {cause.tag} in the evidence is not stored exactly once")
    if missing := await _unprepared(stage, order.number, detail):
        return Lack(f"the order goes without {', '.join(missing)}")
    return Proof(order.asset, order.number, cause, to_us(order.created_at))


async def _unprepared(stage: Stage, number: str, detail: Any) -> list[str]:
    """What an order ought to carry from the start, and does not."""
    of_order = f"work-orders/{number}"
    level = await stage.api.get(f"{of_order}/service-level")
    assignment = await stage.api.get(f"{of_order}/assignment")
    parts = await stage.api.get(f"{of_order}/parts")
    steps = await stage.api.get(f"{of_order}/steps")
    carried = {
        "a priority with its reason": detail["priority_reason"],
        "a job plan with its steps": detail["job_plan"] and steps["steps"],
        "an assignee": detail["assignee"],
        "the reason for the assignee": any(one["explanation"] for one in assignment["decisions"]),
        "clocks that run": {"running"} == {clock["state"] for clock in level["clocks"]},
        "a reserved part": parts["reservations"],
    }
    return [what for what, found in carried.items() if not found]


async def _is_stored(stage: Stage, cause: Cause) -> bool:
    """Does the readings API have the cause's reading once? The window is open at its start."""
    point: Any = await stage.api.get(f"points/{cause.tag}")
    readings = await stage.api.get(
        f"points/{cause.tag}/readings",
        start=from_us(cause.reading_us - 1).isoformat(),
        end=from_us(cause.reading_us).isoformat(),
    )
    return is_stored_once(cause, readings, resolution=point["resolution"] or _FULL_PRECISION)


def _proven(proof: Proof) -> str:
    cause = proof.cause
    return (
        f"{cause.protocol:<7} {proof.asset}  {cause.rule}  {proof.order}  {proof.total_ms:.0f} ms "
        f"from register to order ({proof.read_ms:.0f} to be read, {proof.delay_ms:.0f} on-delay, "
        f"{proof.own_ms:.0f} log, rule and order)"
    )
