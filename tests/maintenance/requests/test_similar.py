"""What is likely the same problem is offered, with the reason."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maintenance.requests.likeness import ALIKE, likeness
from maintenance.requests.similar import Asked, find_similar
from tests.maintenance.requests.reports import a_request, accepted
from tests.maintenance.scene import Plant


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Seal drips", "The seal is dripping at the drive end"),
        ("bearing vibrates", "Strong vibration of the bearing"),
        ("Pumpe undicht, Öl läuft aus", "Ol lauft aus der Pumpe"),
        ("mechanical seel leaks", "Mechanical seal leaking water"),
    ],
)
def test_the_same_in_other_words_is_alike(one: str, other: str) -> None:
    assert likeness(one, other).share >= ALIKE


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Seal drips", "Motor is hot and smells"),
        ("It is on the pump", "There is something with it"),
        ("", "Seal drips"),
        ("Coupling guard missing", "Oil level low in gear box"),
    ],
)
def test_something_else_is_not_alike(one: str, other: str) -> None:
    assert likeness(one, other).share < ALIKE


@given(st.text(max_size=80), st.text(max_size=80))
def test_likeness_is_a_share_of_words_that_are_there(one: str, other: str) -> None:
    found = likeness(one, other)
    assert 0 <= found.share <= 1
    assert bool(found.words) == (found.share > 0)


async def similar_to(plant: Plant, text: str, **more: str | None) -> list[tuple[str, str]]:
    asked = Asked(text, **{"asset": "P-101", **more})
    return [(e.number, e.why) for e in await find_similar(plant.connection, asked, now=plant.now)]


@pytest.mark.store
async def test_an_open_request_and_an_open_order_are_offered_with_why(plant: Plant) -> None:
    first = await accepted(plant, await a_request(plant, "Seal drips"))
    second = await a_request(plant, "Water under the seal")
    found = dict(await similar_to(plant, "the seal is dripping water"))
    assert set(found) == {first.work_order, second.number}
    assert found[second.number] == "the same asset; both say seal, water"


@pytest.mark.store
async def test_the_same_failure_mode_is_offered_whatever_the_words(plant: Plant) -> None:
    first = await accepted(plant, await a_request(plant, "Puddle", failure_mode="ELP"))
    (found,) = await similar_to(plant, "drips", failure_mode="ELP")
    assert found == (first.work_order, "the same asset; the same failure mode ELP")


@pytest.mark.store
async def test_parts_and_what_they_are_a_part_of_are_looked_at(plant: Plant) -> None:
    await plant.connection.execute(
        "UPDATE asset SET parent_id = (SELECT id FROM asset WHERE tag = 'P-101') WHERE tag = 'P-102'"
    )
    below = await a_request(plant, "Seal drips", asset="P-102")
    assert dict(await similar_to(plant, "seal drips")) == {
        below.number: "P-102, a part of it; both say seal, drips"
    }
    await a_request(plant, "Seal drips", asset="P-103")
    above = await a_request(plant, "Seal drips")
    found = dict(await similar_to(plant, "seal drips", asset="P-102", but=below.number))
    assert found == {above.number: "P-101, which it is a part of; both say seal, drips"}


@pytest.mark.store
async def test_what_is_old_done_or_itself_is_not_offered(plant: Plant) -> None:
    await a_request(plant)
    plant.later(days=31)
    own = await a_request(plant)
    assert await similar_to(plant, "Seal drips", but=own.number) == []


@pytest.mark.store
async def test_requests_without_an_asset_are_compared_with_each_other(plant: Plant) -> None:
    first = await a_request(plant, "Lamp broken in stairwell", asset=None)
    await a_request(plant, "Lamp broken")
    found = await similar_to(plant, "the lamp in the stairwell is broken", asset=None)
    assert [number for number, _ in found] == [first.number]
