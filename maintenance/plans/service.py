"""Commands on plans and on what they have ahead: one function, one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from config.clock import ClockUs, from_us, now_us
from config.database import Connection
from config.difference import Difference, Stored, compare
from maintenance.errors import (
    AssetRetired,
    KeptInFiles,
    NotFound,
    OccurrenceSettled,
    StaleVersion,
    TooEarly,
)
from maintenance.plans import release_store, store
from maintenance.plans.closing import note_counts
from maintenance.plans.file import PlanShape
from maintenance.plans.generation import advance
from maintenance.plans.plan import MaintenancePlan, OccurrenceState
from maintenance.plans.releasing import make_order
from maintenance.plans.store import Change, Decided, OccurrenceRow, PlanRow

_FILES, _DATABASE = "files", "database"
_APPLY = "oilcan apply"


async def apply_plans(
    connection: Connection, wanted: Sequence[PlanShape], *, clock: ClockUs = now_us
) -> Difference[MaintenancePlan]:
    """Bring the plans that files keep in line with them; runs in the caller's transaction.

    Plans that were made over the API are not touched, unless the files name them.
    """
    at = from_us(clock())
    shapes = {shape.code: shape for shape in wanted}
    stored = await store.stored_plans(connection)
    difference = compare(
        "maintenance plan",
        {code: shape.plan() for code, shape in shapes.items()},
        {
            code: Stored(PlanShape.model_validate(definition).plan(), retired)
            for code, (definition, kept_in, retired) in stored.items()
            if kept_in == _FILES or code in shapes
        },
    )
    taken_over = [code for code in shapes if code in stored and stored[code][1] == _DATABASE]
    changed = {plan.code for plan in difference.write}
    for code in [*changed, *(code for code in taken_over if code not in changed)]:
        await _write(connection, shapes[code], kept_in=_FILES, actor=_APPLY, at=at)
    await _retire(connection, difference.retire, actor=_APPLY, reason="", at=at)
    return difference


async def save_plan(
    connection: Connection,
    shape: PlanShape,
    *,
    actor: str,
    expected_version: int | None = None,
    clock: ClockUs = now_us,
) -> None:
    """Make a plan, or change it if it still has the version that the caller saw.

    Raises `StaleVersion`, and `KeptInFiles` for one that files keep.
    """
    at = from_us(clock())
    async with connection.transaction():
        held = await store.hold_plan(connection, shape.code)
        present = 0 if held is None or held.retired_at else held.version
        if present != (expected_version or 0):
            raise StaleVersion(shape.code, expected=expected_version or 0, present=present)
        if held is not None and held.kept_in == _FILES and held.retired_at is None:
            raise KeptInFiles("maintenance plan", shape.code)
        await _write(connection, shape, kept_in=_DATABASE, actor=actor, at=at)


async def retire_plan(
    connection: Connection, code: str, *, actor: str, reason: str, clock: ClockUs = now_us
) -> None:
    """End a plan, with what it has ahead; orders that it made stay.

    Raises `NotFound`, `KeptInFiles`.
    """
    async with connection.transaction():
        held = await _hold(connection, code)
        if held.kept_in == _FILES:
            raise KeptInFiles("maintenance plan", code)
        await _retire(connection, [code], actor=actor, reason=reason, at=from_us(clock()))


async def pause_plan(
    connection: Connection, code: str, *, actor: str, reason: str, clock: ClockUs = now_us
) -> None:
    """Let a plan make no orders: what comes due is skipped, with that reason. Raises `NotFound`."""
    await _pause(connection, code, actor=actor, reason=reason, at=from_us(clock()), pause=True)


async def resume_plan(
    connection: Connection, code: str, *, actor: str, reason: str = "", clock: ClockUs = now_us
) -> None:
    """Let a paused plan make orders again, of what comes due from now on. Raises `NotFound`."""
    await _pause(connection, code, actor=actor, reason=reason, at=from_us(clock()), pause=False)


@dataclass(frozen=True, slots=True)
class Ahead:
    """An occurrence by its plan's code and its own id."""

    plan: str
    number: int


@dataclass(frozen=True, slots=True)
class Said:
    """Who decides, and why."""

    actor: str
    reason: str = ""


async def skip_occurrence(
    connection: Connection, ahead: Ahead, said: Said, *, clock: ClockUs = now_us
) -> None:
    """Leave out what is ahead. Raises `NotFound`, `OccurrenceSettled`."""
    at = from_us(clock())
    async with connection.transaction():
        held = await _hold_ahead(connection, ahead)
        fate = Decided(held.id, OccurrenceState.SKIPPED.value, said.reason, said.actor)
        await store.decide(connection, fate, at=at)
        await _tell(connection, held, said, action="skip", at=at)


async def complete_occurrence(
    connection: Connection,
    ahead: Ahead,
    said: Said,
    *,
    done_at: datetime,
    clock: ClockUs = now_us,
) -> None:
    """Note that what is ahead was done without an order of its own.

    Raises `NotFound`, `OccurrenceSettled`, and `TooEarly` where that does not count for it.
    """
    at = from_us(clock())
    async with connection.transaction():
        held = await _hold_ahead(connection, ahead)
        _demand_counting(held, done_at)
        done = Decided(
            held.id, OccurrenceState.DONE.value, said.reason, said.actor, done_at=done_at
        )
        await store.decide(connection, done, at=at)
        row = {"id": held.id, "plan_id": held.plan_id, "asset_id": held.asset_id}
        await note_counts(connection, [{**row, "done_at": done_at}])
        await _tell(connection, held, said, action="complete", at=at)


async def release_occurrence(
    connection: Connection, ahead: Ahead, said: Said, *, clock: ClockUs = now_us
) -> str:
    """Make the order of what is ahead now, whenever it is due; gives its number.

    Raises `NotFound`, `OccurrenceSettled`, `AssetRetired`.
    """
    at = from_us(clock())
    async with connection.transaction():
        held = await _hold_ahead(connection, ahead)
        if (await release_store.situation(connection, held.asset_id)).retired:
            raise AssetRetired(str(held.asset_id))
        row = await release_store.one_pending(connection, held.id, at)
        order = await make_order(connection, row, actor=said.actor, now=at)
        await _tell(connection, held, said, action="release", at=at)
        return order


async def _write(
    connection: Connection, shape: PlanShape, *, kept_in: str, actor: str, at: datetime
) -> None:
    number, version = await store.write_plan(connection, shape, kept_in=kept_in, at=at)
    action = "create" if version == 1 else "change"
    details = {"definition": shape.as_json()}
    await store.record_change(
        connection, Change(number, version, action, actor, at, details=details)
    )


async def _retire(
    connection: Connection, codes: Sequence[str], *, actor: str, reason: str, at: datetime
) -> None:
    for number, version in await store.retire_plans(connection, codes, at=at):
        await store.record_change(connection, Change(number, version, "retire", actor, at, reason))


async def _pause(
    connection: Connection, code: str, *, actor: str, reason: str, at: datetime, pause: bool
) -> None:
    async with connection.transaction():
        held = await _hold(connection, code)
        if (held.paused_at is not None) == pause:
            return
        version = await store.set_pause(
            connection, held, at if pause else None, reason=reason if pause else "", at=at
        )
        action = "pause" if pause else "resume"
        await store.record_change(connection, Change(held.id, version, action, actor, at, reason))


async def _hold(connection: Connection, code: str) -> PlanRow:
    held = await store.hold_plan(connection, code)
    if held is None or held.retired_at is not None:
        raise NotFound("maintenance plan", code)
    return held


async def _hold_ahead(connection: Connection, ahead: Ahead) -> OccurrenceRow:
    """An occurrence that is still ahead, and that nobody else decides meanwhile."""
    held = await store.hold_occurrence(connection, ahead.plan, ahead.number)
    if held is None:
        raise NotFound("occurrence", f"{ahead.number} of {ahead.plan}")
    if held.decided_at is not None:
        raise OccurrenceSettled(held.id, held.state)
    return held


def _demand_counting(held: OccurrenceRow, done_at: datetime) -> None:
    plan = PlanShape.model_validate(held.definition).plan()
    if plan.is_chain or held.due_at is None:
        return
    first = held.due_at - timedelta(minutes=max(plan.early_minutes, plan.lead_minutes))
    if done_at < first:
        raise TooEarly(held.id, f"{first:%Y-%m-%d %H:%MZ}")


async def _tell(
    connection: Connection, held: OccurrenceRow, said: Said, *, action: str, at: datetime
) -> None:
    """Write a person's decision into the plan's story, and let the chain go on."""
    details = {"occurrence": held.id, "slot": held.slot_key}
    change = Change(
        held.plan_id, held.version, action, said.actor, at, said.reason, details=details
    )
    await store.record_change(connection, change)
    await advance(connection, [(held.plan_id, held.asset_id)], now=at)
