"""Requests out of a CSV file: all of them or none, each once."""

import pytest

from maintenance.errors import ImportRefused
from maintenance.requests.intake import take_in
from maintenance.requests.queries import get_request
from maintenance.requests.request import Channel, Urgency
from tests.maintenance.scene import Plant

FILE = "external_id,title,asset,urgency\n7,Seal drips,P-101,stopped\n,Lamp broken,,\n"


async def test_a_dry_run_writes_nothing(plant: Plant) -> None:
    taken = await take_in(plant.connection, FILE, actor="kim", dry_run=True)
    assert (taken.new, taken.made, taken.known) == (2, (), ())
    assert await plant.value("SELECT count(*) FROM work_request") == 0


async def test_a_file_that_is_sent_twice_is_taken_in_once(plant: Plant) -> None:
    first = await take_in(plant.connection, "\ufeff" + FILE, actor="kim", dry_run=False)
    again = await take_in(plant.connection, FILE, actor="kim", dry_run=False)
    assert (len(first.made), again.made, again.known) == (2, (), first.made)
    request = await get_request(plant.connection, first.made[0])
    assert (request.channel, request.urgency, request.asset) == (
        Channel.CSV,
        Urgency.STOPPED,
        "P-101",
    )


async def test_each_wrong_row_is_named_and_nothing_is_taken(plant: Plant) -> None:
    wrong = FILE + "8,Noise,P-999,\n9,,P-101,\n10,Heat,P-101,hot\n"
    with pytest.raises(ImportRefused) as refused:
        await take_in(plant.connection, wrong, actor="kim", dry_run=False)
    assert [problem.split(":")[0] for problem in refused.value.problems] == [
        "line 4",
        "line 5",
        "line 6",
    ]
    assert await plant.value("SELECT count(*) FROM work_request") == 0


@pytest.mark.parametrize(
    "text",
    [
        "",
        "asset\nP-101\n",
        "title,color\nx,red\n",
        "title,asset\nx\n",
        'title\n"x\n',
        "title\na\x00b,c",
    ],
)
async def test_what_is_no_such_file_is_refused(plant: Plant, text: str) -> None:
    with pytest.raises(ImportRefused):
        await take_in(plant.connection, text, actor="kim", dry_run=False)
