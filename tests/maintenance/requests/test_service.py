"""What requesters do: report once, follow, answer, rate, withdraw."""

import asyncio

import pytest

from maintenance.errors import CodeUnknown, NotFound, RequirementMissing, TransitionRefused
from maintenance.orders.queries import changes_of as changes_of_order
from maintenance.orders.queries import get_order
from maintenance.orders.work_order import Action, State
from maintenance.requests.queries import changes_of, get_request
from maintenance.requests.request import Channel, NewRequest, RequestState
from maintenance.requests.service import comment, confirm, order_of, rate, report, withdraw
from maintenance.requests.standing import Stage, standing
from maintenance.requests.triage import join
from tests.maintenance.requests.reports import Opener, a_request, accepted, act, done, outbox
from tests.maintenance.scene import Plant, until_blocked

MAIL = NewRequest("Seal drips", Channel.EMAIL, asset="P-101", external_id="<1@plant>")


async def test_the_same_mail_twice_is_one_request(plant: Plant) -> None:
    first = await report(plant.connection, MAIL, actor="lee")
    again = await report(plant.connection, MAIL, actor="lee")
    assert (first.is_new, again.is_new) == (True, False)
    assert again.request == first.request


async def test_the_same_mail_taken_in_by_two_at_once_is_one_request(
    plant: Plant, open_connection: Opener
) -> None:
    one, other = await open_connection(), await open_connection()
    async with one.transaction():
        first = await report(one, MAIL, actor="lee")
        slower = asyncio.create_task(report(other, MAIL, actor="lee"))
        await until_blocked(plant, other.info.backend_pid)
    assert (await slower).request.number == first.request.number


async def test_one_identity_in_two_channels_is_two_requests(plant: Plant) -> None:
    await report(plant.connection, MAIL, actor="lee")
    other = await a_request(plant, channel=Channel.CSV, external_id="<1@plant>")
    assert await plant.value("SELECT count(*) FROM work_request") == 2
    assert other.channel is Channel.CSV


async def test_what_nobody_knows_is_said_in_the_requesters_words(plant: Plant) -> None:
    request = await a_request(plant, asset=None, place="the pump behind the boiler")
    assert (request.asset, request.place) == (None, "the pump behind the boiler")


async def test_unknown_places_and_codes_are_refused(plant: Plant) -> None:
    with pytest.raises(NotFound):
        await a_request(plant, asset="P-999")
    with pytest.raises(NotFound):
        await a_request(plant, asset=None, site="north", location="hall-9")
    with pytest.raises(CodeUnknown):
        await a_request(plant, failure_mode="XYZ")


async def test_what_no_database_takes_is_left_out(plant: Plant) -> None:
    request = await a_request(
        plant, "Seal\x00 drips\r\n", description="a\x00b\x1b[0m" + "x" * 20_000
    )
    assert request.title == "Seal drips"
    assert request.description.startswith("ab[0mxxx")
    assert len(request.description) == 10_000


async def test_a_request_says_what_is_wrong(plant: Plant) -> None:
    with pytest.raises(RequirementMissing):
        await a_request(plant, " \x00 ")


async def test_a_withdrawn_request_is_not_worked_on(plant: Plant) -> None:
    request = await a_request(plant)
    after = await withdraw(plant.connection, request.number, actor="lee")
    assert after.state is RequestState.WITHDRAWN
    with pytest.raises(TransitionRefused):
        await accepted(plant, after)


async def test_duplicates_of_a_withdrawn_request_are_looked_at_again(plant: Plant) -> None:
    first, second = await a_request(plant), await a_request(plant, "Puddle")
    await join(plant.connection, second.number, first.number, expected_version=1, actor="kim")
    await withdraw(plant.connection, first.number, actor="lee")
    assert (await get_request(plant.connection, second.number)).state is RequestState.NEW


async def test_accepted_work_is_not_withdrawn(plant: Plant) -> None:
    request = await accepted(plant, await a_request(plant))
    with pytest.raises(TransitionRefused):
        await withdraw(plant.connection, request.number, actor="lee")


async def test_a_word_of_the_requester_is_read_at_the_order(plant: Plant) -> None:
    request = await accepted(plant, await a_request(plant))
    await comment(plant.connection, request.number, "It drips faster", actor="lee")
    order = await get_order(plant.connection, request.work_order or "")
    said = (await changes_of_order(plant.connection, order))[-1]
    assert said.reason == f"{request.number}: It drips faster"


async def test_not_fixed_reopens_the_order(plant: Plant) -> None:
    request = await accepted(plant, await a_request(plant))
    await done(plant, request)
    after = await confirm(
        plant.connection,
        request.number,
        fixed=False,
        actor="lee",
        remark="Drips still",
        clock=plant.now_us,
    )
    order = await get_order(plant.connection, request.work_order or "")
    assert (order.state, order.reopened) == (State.IN_PROGRESS, 1)
    assert (after.state, after.fixed) == (RequestState.ACCEPTED, False)


async def test_not_fixed_too_late_is_triaged_anew_and_follows_the_old_order(plant: Plant) -> None:
    request = await accepted(plant, await a_request(plant))
    old = await done(plant, request)
    plant.later(days=400)
    again = await confirm(
        plant.connection, request.number, fixed=False, actor="lee", clock=plant.now_us
    )
    assert again.state is RequestState.NEW
    assert (await get_order(plant.connection, old.number)).state is State.COMPLETED
    anew = await accepted(plant, again)
    order = await get_order(plant.connection, anew.work_order or "")
    assert (order.number != old.number, order.follows) == (True, old.number)


async def test_an_answer_is_given_once_for_each_completion(plant: Plant) -> None:
    request = await accepted(plant, await a_request(plant))
    with pytest.raises(RequirementMissing):
        await confirm(plant.connection, request.number, fixed=True, actor="lee")
    await done(plant, request)
    plant.later(minutes=5)
    connection, number = plant.connection, request.number
    await confirm(connection, number, fixed=True, actor="lee", clock=plant.now_us)
    with pytest.raises(RequirementMissing):
        await confirm(connection, number, fixed=False, actor="lee", clock=plant.now_us)
    (told,) = await outbox(plant, "request.confirm")
    assert (told["fixed"], told["work_order"]) == (True, request.work_order)


async def test_a_reopened_order_that_is_done_again_is_asked_about_again(plant: Plant) -> None:
    request = await accepted(plant, await a_request(plant))
    await done(plant, request)
    plant.later(minutes=5)
    connection, number = plant.connection, request.number
    await confirm(connection, number, fixed=False, actor="lee", clock=plant.now_us)
    plant.later(minutes=5)
    assert request.work_order is not None
    await act(plant, request.work_order, Action.COMPLETE)
    plant.later(minutes=5)
    after = await confirm(connection, number, fixed=True, actor="lee", clock=plant.now_us)
    assert after.fixed is True


async def test_nobody_rates_what_is_not_done(plant: Plant) -> None:
    request = await accepted(plant, await a_request(plant))
    with pytest.raises(RequirementMissing):
        await rate(plant.connection, request.number, 5, actor="lee")


async def test_no_later_change_erases_a_rating(plant: Plant) -> None:
    request = await accepted(plant, await a_request(plant))
    await done(plant, request)
    plant.later(minutes=5)
    connection, number = plant.connection, request.number
    await rate(connection, number, 2, actor="lee", remark="Slow", clock=plant.now_us)
    await confirm(connection, number, fixed=False, actor="lee", clock=plant.now_us)
    after = await comment(connection, number, "Still", actor="lee", clock=plant.now_us)
    assert (after.rating, after.remark) == (2, "Slow")
    later = await changes_of(connection, after)
    assert [each.details for each in later if each.action == "rate"] == [{"rating": 2}]


async def test_a_requester_reads_in_plain_words_how_far_it_is(plant: Plant) -> None:
    async def stage() -> Stage:
        now = await get_request(plant.connection, request.number)
        return standing(now, await order_of(plant.connection, now)).stage

    request = await a_request(plant)
    seen = [await stage()]
    request = await accepted(plant, request)
    seen.append(await stage())
    assert request.work_order is not None
    for action in (Action.APPROVE, Action.START, Action.COMPLETE, Action.CLOSE):
        await act(plant, request.work_order, action)
        seen.append(await stage())
    assert seen == [
        Stage.RECEIVED,
        Stage.PLANNED,
        Stage.PLANNED,
        Stage.UNDER_WAY,
        Stage.DONE,
        Stage.DONE,
    ]


async def test_an_order_that_is_called_off_is_told_as_declined(plant: Plant) -> None:
    request = await accepted(plant, await a_request(plant))
    order = await act(plant, request.work_order or "", Action.CANCEL)
    assert standing(request, order).stage is Stage.DECLINED
