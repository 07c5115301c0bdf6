"""Requests become work, join work, or are declined: once, whoever is faster."""

import asyncio
from pathlib import Path

import pytest

from config.clock import from_us
from maintenance.attachments.attachment import NewAttachment, Subject, SubjectKind
from maintenance.attachments.folder import FileFolder
from maintenance.attachments.queries import attachments_of
from maintenance.attachments.service import attach
from maintenance.errors import (
    AssetRetired,
    JoinRefused,
    NotFound,
    RequirementMissing,
    StaleVersion,
    TransitionRefused,
)
from maintenance.orders.queries import changes_of as changes_of_order
from maintenance.orders.queries import get_order
from maintenance.orders.work_order import Action, Origin
from maintenance.requests.queries import changes_of, get_request, requests_of_order
from maintenance.requests.request import Channel, RequestState
from maintenance.requests.triage import Decision, accept, join, reject
from tests.maintenance.requests.reports import Opener, a_request, accepted, act, done, outbox
from tests.maintenance.scene import Plant, until_blocked


async def test_an_accepted_request_becomes_an_order(plant: Plant) -> None:
    request = await accepted(plant, await a_request(plant, description="At the drive end"))
    assert request.state is RequestState.ACCEPTED
    order = await get_order(plant.connection, request.work_order or "")
    assert (order.origin, order.asset, order.title) == (Origin.REQUEST, "P-101", "Seal drips")
    assert order.description == "At the drive end"


async def test_automation_hears_of_the_request_and_of_its_order(plant: Plant) -> None:
    request = await accepted(plant, await a_request(plant))
    (made,) = await outbox(plant, "request.create")
    (told,) = await outbox(plant, "request.accept")
    assert (made["request"], made["work_order"]) == (request.number, None)
    assert (told["work_order"], told["asset"]) == (request.work_order, "P-101")


async def test_the_same_problem_joins_its_open_order(plant: Plant) -> None:
    first = await accepted(plant, await a_request(plant, failure_mode="ELP"))
    second = await accepted(plant, await a_request(plant, "Puddle", failure_mode="ELP"))
    assert second.work_order == first.work_order
    order = await get_order(plant.connection, first.work_order or "")
    said = [change.reason for change in await changes_of_order(plant.connection, order)]
    assert f"{second.number} joined: Puddle" in said


async def test_a_request_may_join_an_order_by_its_number(plant: Plant) -> None:
    first = await accepted(plant, await a_request(plant))
    unknown = await a_request(plant, "Something drips", asset=None, place="behind the boiler")
    second = await accepted(plant, unknown, work_order=first.work_order)
    assert second.work_order == first.work_order


async def test_without_an_asset_the_planner_says_which(plant: Plant) -> None:
    request = await a_request(plant, asset=None, place="behind the boiler")
    with pytest.raises(RequirementMissing):
        await accepted(plant, request)
    after = await accepted(plant, request, asset="P-102")
    assert after.asset == "P-102"


async def test_a_retired_asset_takes_no_work_and_the_request_stays_new(plant: Plant) -> None:
    request = await a_request(plant)
    await plant.retire("P-101")
    with pytest.raises(AssetRetired):
        await accepted(plant, request)
    assert (await get_request(plant.connection, request.number)).state is RequestState.NEW


async def test_a_rejection_says_why(plant: Plant) -> None:
    request = await a_request(plant)
    with pytest.raises(RequirementMissing):
        await reject(plant.connection, request.number, " ", expected_version=1, actor="kim")
    after = await reject(
        plant.connection, request.number, "It is new", expected_version=1, actor="kim"
    )
    assert (after.state, after.reason, after.triaged_by) == ("rejected", "It is new", "kim")


async def test_a_triaged_request_is_not_triaged_again(plant: Plant) -> None:
    request = await accepted(plant, await a_request(plant))
    with pytest.raises(TransitionRefused):
        await reject(
            plant.connection, request.number, "no", expected_version=request.version, actor="kim"
        )


async def test_two_planners_at_once_make_one_order(plant: Plant, open_connection: Opener) -> None:
    request = await a_request(plant)
    one, other = await open_connection(), await open_connection()
    async with one.transaction():
        await accept(one, request.number, Decision(), expected_version=1, actor="kim")
        slower = asyncio.create_task(
            reject(other, request.number, "no", expected_version=1, actor="sam")
        )
        await until_blocked(plant, other.info.backend_pid)
    with pytest.raises(StaleVersion):
        await slower
    assert await plant.value("SELECT count(*) FROM work_order") == 1
    assert await plant.value("SELECT count(*) FROM work_request_change") == 2


async def test_two_requests_of_one_problem_accepted_at_once_share_one_order(
    plant: Plant, open_connection: Opener
) -> None:
    first = await a_request(plant, failure_mode="ELP")
    second = await a_request(plant, "Puddle", failure_mode="ELP")
    one, other = await open_connection(), await open_connection()
    async with one.transaction():
        await accept(one, first.number, Decision(), expected_version=1, actor="kim")
        slower = asyncio.create_task(
            accept(other, second.number, Decision(), expected_version=1, actor="sam")
        )
        await until_blocked(plant, other.info.backend_pid)
    joined = await slower
    assert joined.work_order == (await get_request(plant.connection, first.number)).work_order
    assert await plant.value("SELECT count(*) FROM work_order") == 1


async def test_two_requests_cannot_become_duplicates_of_each_other(
    plant: Plant, open_connection: Opener
) -> None:
    first, second = await a_request(plant), await a_request(plant, "Puddle")
    one, other = await open_connection(), await open_connection()
    async with one.transaction():
        await join(one, first.number, second.number, expected_version=1, actor="kim")
        slower = asyncio.create_task(
            join(other, second.number, first.number, expected_version=1, actor="sam")
        )
        await until_blocked(plant, other.info.backend_pid)
    with pytest.raises(JoinRefused):
        await slower


async def test_a_duplicate_follows_the_order_of_the_first_one(plant: Plant) -> None:
    first, second = await a_request(plant), await a_request(plant, "Puddle")
    await join(plant.connection, second.number, first.number, expected_version=1, actor="kim")
    first = await accepted(plant, first)
    assert (await get_request(plant.connection, second.number)).work_order == first.work_order


async def test_duplicates_of_a_duplicate_belong_to_the_first_one(plant: Plant) -> None:
    first, second, third = [await a_request(plant, each) for each in ("Drips", "Puddle", "Wet")]
    await join(plant.connection, third.number, second.number, expected_version=1, actor="kim")
    await join(plant.connection, second.number, first.number, expected_version=1, actor="kim")
    assert (await get_request(plant.connection, third.number)).duplicate_of == first.number


async def test_duplicates_of_a_rejected_request_are_rejected_with_it(plant: Plant) -> None:
    first, second = await a_request(plant), await a_request(plant, "Puddle")
    await join(plant.connection, second.number, first.number, expected_version=1, actor="kim")
    await reject(plant.connection, first.number, "It is rain", expected_version=1, actor="kim")
    after = await get_request(plant.connection, second.number)
    assert (after.state, after.reason) == (RequestState.REJECTED, "It is rain")
    assert [each.action for each in await changes_of(plant.connection, after)][-1] == "reject"


async def test_nothing_joins_what_leads_nowhere(plant: Plant) -> None:
    first, second = await a_request(plant), await a_request(plant, "Puddle")
    connection = plant.connection
    with pytest.raises(JoinRefused):
        await join(connection, first.number, first.number, expected_version=1, actor="kim")
    await reject(connection, first.number, "no", expected_version=1, actor="kim")
    with pytest.raises(JoinRefused):
        await join(connection, second.number, first.number, expected_version=1, actor="kim")
    with pytest.raises(NotFound):
        await join(connection, second.number, "WR-999999", expected_version=1, actor="kim")
    closed = await done(plant, await accepted(plant, await a_request(plant)))
    with pytest.raises(JoinRefused):
        await join(connection, second.number, closed.number, expected_version=1, actor="kim")


async def test_a_duplicate_of_an_order_tells_that_order(plant: Plant) -> None:
    first = await accepted(plant, await a_request(plant))
    assert first.work_order is not None
    await act(plant, first.work_order, Action.APPROVE)
    second = await a_request(plant, "Puddle")
    after = await join(
        plant.connection, second.number, first.work_order, expected_version=1, actor="kim"
    )
    assert (after.state, after.work_order) == (RequestState.DUPLICATE, first.work_order)
    order = await get_order(plant.connection, first.work_order)
    followers = await requests_of_order(plant.connection, order.id)
    assert [each.number for each in followers] == [first.number, second.number]


async def test_files_of_a_request_are_at_its_order_too_atlas_138(
    plant: Plant, tmp_path: Path
) -> None:
    request = await a_request(plant)
    folder = FileFolder(tmp_path)
    subject = Subject(SubjectKind.REQUEST, request.id)
    await attach(
        plant.connection,
        folder,
        folder.receive_bytes([b"a photo"], name="leak.jpg"),
        NewAttachment(subject, "leak.jpg"),
        actor="lee",
        at=from_us(plant.now_us()),
    )
    request = await accepted(plant, request)
    order = await get_order(plant.connection, request.work_order or "")
    of_order = await attachments_of(plant.connection, Subject(SubjectKind.ORDER, order.id))
    assert [file.name for file in of_order] == ["leak.jpg"]
    assert [file.name for file in await attachments_of(plant.connection, subject)] == ["leak.jpg"]


async def test_every_change_has_its_row_of_the_trail_and_of_the_outbox(plant: Plant) -> None:
    request = await accepted(plant, await a_request(plant))
    changes = await changes_of(plant.connection, request)
    assert [each.version for each in changes] == list(range(1, request.version + 1))
    told = await plant.value("SELECT count(*) FROM outbox WHERE topic LIKE 'request.%%'")
    assert told == len(changes)


async def test_channels_are_kept(plant: Plant) -> None:
    request = await a_request(plant, channel=Channel.EMAIL, external_id="<1@plant>")
    assert request.channel is Channel.EMAIL
