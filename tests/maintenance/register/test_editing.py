"""One asset: made, changed, moved, retired and revived, and all of it remembered."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from itertools import pairwise
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.database import Connection, fetch_one
from maintenance.commands.creation import NewOrder, create_order
from maintenance.errors import (
    AssetRetired,
    KeptInFiles,
    NotFound,
    RegisterConflict,
    StaleVersion,
)
from maintenance.orders.work_order import OrderType
from maintenance.register.asset import Criticality, KeptIn, Nameplate, OperatingState
from maintenance.register.downtime.interval import DowntimeKind, NewDowntime
from maintenance.register.downtime.queries import downtimes_of
from maintenance.register.downtime.service import record_downtime
from maintenance.register.editing import (
    change_asset,
    create_asset,
    retire_asset,
    revive_asset,
    set_operating_state,
)
from maintenance.register.history import (
    asset_at,
    changes_of_asset,
    criticalities_of,
    placements_of,
    states_of,
)
from maintenance.register.service import Register, apply_register
from tests.maintenance.register.conftest import START, an_asset, by


async def change(connection: Connection, tag: str, hours: float = 1, **changes: Any) -> None:
    await change_asset(connection, tag, changes, expected_version=None, by=by(hours))


async def test_a_new_asset_is_read_as_it_was_made(register: Connection) -> None:
    plate = Nameplate("Sterling", "ZLND", "4711", 2019)
    wanted = an_asset("P-1", nameplate=plate, external_ids={"opcua": "ns=2;s=P1"})
    made = await create_asset(register, wanted, by=by())
    assert (made.nameplate, made.external_ids) == (plate, {"opcua": "ns=2;s=P1"})
    assert (made.kept_in, made.version, made.attributes) == (KeptIn.DATABASE, 1, {"power": 45.0})


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ({"asset_class": "pmp"}, "class: there is no asset class 'pmp'. Did you mean 'pump'"),
        ({"site": "berln"}, "Did you mean 'berlin'"),
        ({"location": "hall-3"}, "location: site berlin has no location 'hall-3'"),
        ({"parent": "P-9"}, "parent: there is no asset 'P-9'"),
        ({"attributes": {}}, "attributes.power: the class requires power"),
        ({"attributes": {"power": "much"}}, "Write a number of kW"),
        ({"attributes": {"power": 1, "seal": "rope"}}, "Write one of: mechanical, packing"),
        ({"attributes": {"power": 1, "installed": "2026-2-1"}}, "Write a day as in"),
        ({"attributes": {"power": 1, "spared": "perhaps"}}, "Write true or false"),
        ({"attributes": {"power": 1, "seel": "x"}}, "Did you mean 'seal'"),
    ],
)
async def test_what_does_not_fit_is_refused_with_what_would(
    register: Connection, given: dict[str, Any], match: str
) -> None:
    with pytest.raises(RegisterConflict, match=match):
        await create_asset(register, an_asset("P-1", **given), by=by())


async def test_a_move_is_kept_with_who_when_from_and_to(register: Connection) -> None:
    await create_asset(register, an_asset("U-1"), by=by())
    made = await create_asset(register, an_asset("P-1", location="hall-1"), by=by())
    await change_asset(
        register,
        "P-1",
        {"location": "hall-2", "parent": "U-1"},
        expected_version=1,
        by=by(2, actor="lee", reason="Rebuilt"),
    )
    now, before = await placements_of(register, made.id)
    assert (now.location, now.parent, now.actor, now.reason) == ("hall-2", "U-1", "lee", "Rebuilt")
    assert (before.location, before.parent) == ("hall-1", None)
    assert before.until == now.since == START + timedelta(hours=2)
    [moved, added] = await changes_of_asset(register, made.id)
    assert (moved.action, added.action) == ("moved", "added")
    assert {each["name"]: (each["old"], each["new"]) for each in moved.fields} == {
        "location": ("hall-1", "hall-2"),
        "parent": (None, "U-1"),
    }


async def test_the_register_is_read_as_of_a_moment(register: Connection) -> None:
    unit = await create_asset(register, an_asset("U-1"), by=by())
    pump = await create_asset(register, an_asset("P-1", parent="U-1"), by=by(1))
    await change(register, "P-1", 3, parent=None, location="hall-2", criticality=Criticality.A)
    await set_operating_state(register, "P-1", OperatingState.DOWN, by=by(4))
    then = await asset_at(register, pump.id, START + timedelta(hours=2))
    assert then is not None
    assert (then.parent, then.location, then.criticality) == ("U-1", None, Criticality.B)
    assert then.operating_state is OperatingState.OPERATING
    now = await asset_at(register, pump.id, START + timedelta(hours=4))
    assert now is not None
    assert (now.parent, now.location, now.criticality) == (None, "hall-2", Criticality.A)
    assert now.operating_state is OperatingState.DOWN
    assert await asset_at(register, pump.id, START) is None
    with_part = await asset_at(register, unit.id, START + timedelta(hours=2))
    without = await asset_at(register, unit.id, START + timedelta(hours=3))
    assert with_part is not None
    assert without is not None
    assert (with_part.parts, without.parts) == (["P-1"], [])


async def test_criticality_is_kept_with_its_reason(register: Connection) -> None:
    made = await create_asset(register, an_asset("P-1"), by=by())
    await change_asset(
        register,
        "P-1",
        {"criticality": Criticality.A},
        expected_version=None,
        by=by(1, reason="Spare was scrapped"),
    )
    [now, before] = await criticalities_of(register, made.id)
    assert (now.criticality, now.reason) == (Criticality.A, "Spare was scrapped")
    assert (before.criticality, before.until) == (Criticality.B, START + timedelta(hours=1))


async def test_of_two_changes_at_one_instant_the_later_stands(register: Connection) -> None:
    made = await create_asset(register, an_asset("P-1"), by=by())
    await set_operating_state(register, "P-1", OperatingState.DOWN, by=by(1))
    await set_operating_state(register, "P-1", OperatingState.STANDBY, by=by(1))
    # A clock that was set back does not make history overlap.
    await set_operating_state(register, "P-1", OperatingState.IDLE, by=by(0.5))
    states = await states_of(register, made.id)
    assert [each.state for each in states] == [OperatingState.IDLE, OperatingState.OPERATING]


@given(
    steps=st.lists(
        st.tuples(st.sampled_from(list(OperatingState)), st.integers(-2, 5)), max_size=12
    )
)
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_states_follow_one_another_without_gap_or_overlap(
    register: Connection, steps: list[tuple[OperatingState, int]]
) -> None:
    tag = f"P-{uuid4()}"
    made = await create_asset(register, an_asset(tag), by=by())
    hour = 0
    for state, later in steps:
        hour += later
        await set_operating_state(register, tag, state, by=by(hour))
    segments = list(reversed(await states_of(register, made.id)))
    assert segments[-1].until is None
    assert segments[-1].state is (steps[-1][0] if steps else OperatingState.OPERATING)
    for before, after in pairwise(segments):
        assert before.until == after.since


async def test_who_read_an_older_version_is_told(register: Connection) -> None:
    await create_asset(register, an_asset("P-1"), by=by())
    await change(register, "P-1", name="Renamed")
    with pytest.raises(StaleVersion):
        await change_asset(register, "P-1", {"name": "X"}, expected_version=1, by=by(2))


async def test_a_change_that_changes_nothing_makes_no_version(register: Connection) -> None:
    await create_asset(register, an_asset("P-1"), by=by())
    await change(register, "P-1", name="Pump P-1")
    assert await fetch_one(register, "SELECT version FROM asset WHERE tag = 'P-1'") == (1,)


async def test_an_asset_does_not_become_a_part_of_itself(register: Connection) -> None:
    for tag, parent in [("A", None), ("B", "A"), ("C", "B")]:
        await create_asset(register, an_asset(tag, parent=parent), by=by())
    for parent in ("A", "B", "C"):
        with pytest.raises(RegisterConflict, match="parent"):
            await change(register, "A", parent=parent)


async def test_two_moves_at_once_do_not_close_a_ring(
    register: Connection, open_connection: Callable[[], Awaitable[Connection]]
) -> None:
    for tag in ("A", "B"):
        await create_asset(register, an_asset(tag), by=by())
    other = await open_connection()
    done = await asyncio.gather(
        change(register, "A", parent="B"), change(other, "B", parent="A"), return_exceptions=True
    )
    assert sorted(type(each).__name__ for each in done) == ["NoneType", "RegisterConflict"]


async def test_what_files_keep_is_changed_there_but_its_state_is_the_plants(
    register: Connection,
) -> None:
    files = Register(
        sites=(), locations=(), asset_classes=(), assets=(an_asset("P-1", kept_in=KeptIn.FILES),)
    )
    await register.execute("UPDATE site SET kept_in = 'database'")
    await register.execute("UPDATE location SET kept_in = 'database'")
    await register.execute("UPDATE asset_class SET kept_in = 'database'")
    await apply_register(register, files, by=by())
    with pytest.raises(KeptInFiles):
        await change(register, "P-1", name="X")
    with pytest.raises(KeptInFiles):
        await retire_asset(register, "P-1", expected_version=None, by=by(1))
    found = await set_operating_state(register, "P-1", OperatingState.STANDBY, by=by(1))
    assert found.operating_state is OperatingState.STANDBY


async def test_files_retire_only_what_they_kept_and_take_over_what_they_name(
    register: Connection,
) -> None:
    await register.execute("UPDATE site SET kept_in = 'database'")
    await register.execute("UPDATE location SET kept_in = 'database'")
    await register.execute("UPDATE asset_class SET kept_in = 'database'")
    for tag in ("P-1", "P-2"):
        await create_asset(register, an_asset(tag), by=by())
    named = Register(assets=(an_asset("P-1", kept_in=KeptIn.FILES),))
    applied = await apply_register(register, named, by=by(1))
    assert [(each.key, each.fields[0].name) for each in applied.changes] == [("P-1", "kept_in")]
    gone = await apply_register(register, Register(), by=by(2))
    assert [(each.kind, each.key) for each in gone.changes] == [("retired", "P-1")]
    revived = await revive_asset(register, "P-1", expected_version=None, by=by(3))
    assert (revived.kept_in, revived.retired_at) == (KeptIn.DATABASE, None)
    assert (await apply_register(register, Register(), by=by(4))).changes == ()


async def test_a_retired_asset_takes_no_work_and_keeps_its_history(register: Connection) -> None:
    made = await create_asset(register, an_asset("P-1"), by=by())
    down = NewDowntime(made.id, DowntimeKind.UNPLANNED, START)
    await record_downtime(register, down, actor="kim", at=by(1).at)
    await retire_asset(register, "P-1", expected_version=1, by=by(2, reason="Scrapped"))
    with pytest.raises(AssetRetired):
        await create_order(register, NewOrder("P-1", OrderType.CORRECTIVE, "t"), actor="kim")
    for attempt in (
        change_asset(register, "P-1", {"name": "X"}, expected_version=None, by=by(3)),
        set_operating_state(register, "P-1", OperatingState.DOWN, by=by(3)),
    ):
        with pytest.raises(AssetRetired):
            await attempt
    [downtime] = await downtimes_of(register, made.id)
    assert downtime.ended_at == by(2).at
    assert [each.action for each in await changes_of_asset(register, made.id)] == [
        "retired",
        "added",
    ]
    revived = await revive_asset(register, "P-1", expected_version=None, by=by(4))
    assert (revived.id, revived.retired_at) == (made.id, None)


async def test_an_asset_with_parts_is_not_retired(register: Connection) -> None:
    await create_asset(register, an_asset("U-1"), by=by())
    await create_asset(register, an_asset("P-1", parent="U-1"), by=by())
    with pytest.raises(RegisterConflict, match="P-1"):
        await retire_asset(register, "U-1", expected_version=None, by=by(1))


async def test_a_tag_is_given_once(register: Connection) -> None:
    await create_asset(register, an_asset("P-1"), by=by())
    with pytest.raises(RegisterConflict, match="is in the register already"):
        await create_asset(register, an_asset("P-1"), by=by())
    await retire_asset(register, "P-1", expected_version=None, by=by(1))
    with pytest.raises(RegisterConflict, match="revive it"):
        await create_asset(register, an_asset("P-1"), by=by())


async def test_an_unknown_asset_is_not_found(register: Connection) -> None:
    with pytest.raises(NotFound):
        await set_operating_state(register, "P-9", OperatingState.DOWN, by=by())


async def test_an_asset_from_before_has_a_history_from_its_first_change_on(
    register: Connection,
) -> None:
    await register.execute(
        "INSERT INTO asset (tag, name, class_id, site_id, created_at, attributes)"
        " SELECT 'P-1', 'Old', c.id, s.id, %s, '{\"power\": 1}' FROM asset_class c, site s"
        " WHERE s.code = 'berlin'",
        [START - timedelta(days=9)],
    )
    found = await set_operating_state(register, "P-1", OperatingState.DOWN, by=by())
    [now, before] = await states_of(register, found.id)
    assert (before.state, before.since) == (OperatingState.OPERATING, START - timedelta(days=9))
    assert (now.state, now.since) == (OperatingState.DOWN, START)
