"""Work is given to those who are there to take it."""

import pytest

from maintenance.commands.assignees import near
from maintenance.commands.service import assign
from maintenance.errors import AssigneeUnknown
from maintenance.orders.work_order import Particulars, State, WorkOrder
from maintenance.people.service import retire_staff, save_staff, save_team
from maintenance.people.staff import Contract, Staff, StaffKind, Team
from tests.maintenance.commands.moving import order_in
from tests.maintenance.scene import Plant

pytestmark = pytest.mark.store

KIM = Staff("kim", "Kim Berger", login="k.berger")
FIRM = Staff("firm", "Pump service", StaffKind.VENDOR, contract=Contract("SC-1"))


async def give(plant: Plant, order: WorkOrder, code: str | None) -> WorkOrder:
    return await assign(
        plant.connection,
        order.number,
        code,
        expected_version=order.version,
        given=Particulars("ana"),
        clock=plant.now_us,
    )


async def crew(plant: Plant) -> None:
    for staff in (KIM, FIRM):
        await save_staff(plant.connection, staff)
    await save_team(plant.connection, Team("early", "Early shift", members=("kim",)))


async def test_a_person_a_vendor_and_a_team_take_work_by_their_codes(plant: Plant) -> None:
    await crew(plant)
    order = await order_in(plant, State.APPROVED)
    for code in ("kim", "firm", "early", None):
        order = await give(plant, order, code)
        assert order.assignee == code


async def test_a_code_that_nobody_has_is_refused_with_those_that_may_be_meant(
    plant: Plant,
) -> None:
    await crew(plant)
    order = await order_in(plant, State.APPROVED)
    with pytest.raises(AssigneeUnknown, match=r"assignee: .* 'kmi'; did you mean kim\?") as refused:
        await give(plant, order, "kmi")
    assert (refused.value.field, refused.value.near) == ("assignee", ("kim",))
    assert await plant.value("SELECT assignee FROM work_order") is None


async def test_who_is_gone_takes_no_new_work(plant: Plant) -> None:
    await crew(plant)
    await retire_staff(plant.connection, "firm")
    order = await order_in(plant, State.APPROVED)
    with pytest.raises(AssigneeUnknown):
        await give(plant, order, "firm")


async def test_a_plant_that_keeps_no_people_gives_work_to_whom_it_names(plant: Plant) -> None:
    order = await order_in(plant, State.APPROVED)
    assert (await give(plant, order, "lee")).assignee == "lee"


@pytest.mark.parametrize(
    ("word", "meant"),
    [("Kim", ["kim"]), ("k.bergr", ["kim"]), ("kim berger", ["kim"]), ("zzz", [])],
)
def test_a_login_or_a_name_leads_to_the_code(word: str, meant: list[str]) -> None:
    holders = [("kim", ["kim", "Kim Berger", "k.berger"]), ("firm", ["firm", "Pump service"])]
    assert near(word, holders) == meant
