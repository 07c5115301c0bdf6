"""Lists of assets: every filter, words, subtrees, and plans that do not grow with the register."""

from itertools import combinations

import pytest

from config.database import Connection
from maintenance.register.asset import Criticality, OperatingState
from maintenance.register.editing import create_asset, retire_asset, set_operating_state
from maintenance.register.queries import (
    AssetFilters,
    above,
    count_children,
    list_assets,
    page_of,
)
from maintenance.register.queries import _given as parameters_of
from tests.maintenance.register.conftest import an_asset, by

EVERY = {
    "site": "berlin",
    "asset_class": "pump",
    "parent": "U-1",
    "location": "hall-1",
    "subtree": "U-1",
    "criticality": Criticality.A,
    "operating_state": OperatingState.DOWN,
    "words": "feed 10%",
    "roots": True,
    "retired": True,
}


@pytest.fixture
async def tree(register: Connection) -> Connection:
    """U-1 with P-1, and P-11 below that; beside them F-100."""
    for tag, parent, name in [
        ("U-1", None, "Feed water"),
        ("P-1", "U-1", "Feed pump"),
        ("P-11", "P-1", "Seal 50% glycol"),
        ("F-100", None, "Fan_of hall"),
    ]:
        await create_asset(register, an_asset(tag, parent=parent, name=name), by=by())
    return register


@pytest.mark.parametrize(
    ("filters", "tags"),
    [
        (AssetFilters(subtree="U-1"), ["P-1", "P-11", "U-1"]),
        (AssetFilters(subtree="none"), []),
        (AssetFilters(roots=True), ["F-100", "U-1"]),
        (AssetFilters(words="feed"), ["P-1", "U-1"]),
        (AssetFilters(words="PUMP p-"), ["P-1"]),
        (AssetFilters(words="50%"), ["P-11"]),
        (AssetFilters(words="n_o"), ["F-100"]),
        (AssetFilters(words="%"), ["P-11"]),
        (AssetFilters(words="nothing like it"), []),
        (AssetFilters(subtree="U-1", words="seal"), ["P-11"]),
    ],
)
async def test_assets_are_found(tree: Connection, filters: AssetFilters, tags: list[str]) -> None:
    assert [each.tag for each in await list_assets(tree, filters)] == tags


async def test_assets_are_found_by_state_and_criticality(tree: Connection) -> None:
    await set_operating_state(tree, "P-1", OperatingState.DOWN, by=by(1))
    down = AssetFilters(operating_state=OperatingState.DOWN)
    assert [each.tag for each in await list_assets(tree, down)] == ["P-1"]
    assert await list_assets(tree, AssetFilters(criticality=Criticality.A)) == []


async def test_retired_assets_are_listed_by_themselves(tree: Connection) -> None:
    await retire_asset(tree, "F-100", expected_version=None, by=by(1))
    assert [each.tag for each in await list_assets(tree, AssetFilters(retired=True))] == ["F-100"]
    assert "F-100" not in [each.tag for each in await list_assets(tree)]


async def test_what_stands_above_comes_from_the_top_down(tree: Connection) -> None:
    assert await above(tree, "P-11") == [("U-1", "Feed water"), ("P-1", "Feed pump")]
    assert await above(tree, "U-1") == []


async def test_children_are_counted_at_once(tree: Connection) -> None:
    assert await count_children(tree, ["U-1", "P-1", "P-11"]) == {"U-1": 1, "P-1": 1}


async def test_every_two_filters_together_are_a_statement(tree: Connection) -> None:
    for names in combinations(EVERY, 2):
        await list_assets(tree, AssetFilters(**{name: EVERY[name] for name in names}), after="A")
    await list_assets(tree, AssetFilters(**EVERY), after="A")


def test_a_page_has_the_clauses_that_it_needs_alone() -> None:
    filters = AssetFilters(site="berlin")
    assert "class_id = (" not in page_of(filters, dict(parameters_of(filters)))
