"""The register as a table: out and in again, all of it or nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.database import Connection, fetch_one
from config.difference import Stored
from maintenance.errors import ImportRefused
from maintenance.register.asset import (
    AssetClass,
    AssetDefinition,
    Criticality,
    KeptIn,
    Nameplate,
)
from maintenance.register.attribute import Attribute, AttributeKind
from maintenance.register.definition_check import Known
from maintenance.register.editing import create_asset, retire_asset
from maintenance.register.exchange import ImportMode, export_assets, import_assets
from maintenance.register.history import placements_of
from maintenance.register.queries import get_asset
from maintenance.register.table import read_assets, read_table, write_table
from tests.maintenance.register.conftest import an_asset, by

HEAD = "tag,name,class,site,location,parent,criticality,attribute.power\n"
ATTRIBUTES = {
    "power": Attribute("Power", AttributeKind.NUMBER, "kW"),
    "note": Attribute("Note", AttributeKind.TEXT),
    "spared": Attribute("Spared", AttributeKind.BOOLEAN),
}
KNOWN = Known({"s"}, {("s", "l")}, {"c": AssetClass("c", "C", {}, None, ATTRIBUTES)}, set())

texts = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Zs", "Zl", "Zp")), min_size=1
)


@given(
    st.lists(
        st.builds(
            AssetDefinition,
            tag=st.from_regex(r"[A-Z]-[0-9]{1,4}", fullmatch=True),
            name=texts,
            asset_class=st.just("c"),
            site=st.just("s"),
            location=st.sampled_from([None, "l"]),
            parent=st.none(),
            criticality=st.sampled_from(Criticality),
            nameplate=st.builds(
                Nameplate, texts | st.none(), texts | st.none(), texts, st.integers(1900, 2100)
            ),
            attributes=st.fixed_dictionaries(
                {"power": st.floats(allow_nan=False, allow_infinity=False)},
                optional={"note": texts, "spared": st.booleans()},
            ),
            external_ids=st.dictionaries(st.sampled_from(["sap", "opcua"]), texts),
            kept_in=st.just(KeptIn.DATABASE),
        ),
        unique_by=lambda asset: asset.tag,
        max_size=5,
    )
)
def test_what_is_written_is_read_as_the_same_assets(assets: list[AssetDefinition]) -> None:
    table, problems = read_table(write_table(assets))
    assert problems == []
    reading = read_assets(table, {}, KNOWN)
    assert reading.problems == []
    assert reading.assets == {asset.tag: asset for asset in assets}


def test_semicolons_and_a_mark_of_byte_order_are_read() -> None:
    table, problems = read_table("\N{BOM}tag;name;class;site\r\nP-1;A, B;c;s\r\n\r\n")
    assert (problems, table.rows[2]["name"]) == ([], "A, B")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("P 1,N,c,s", "row 2, column tag: 'P 1' is no tag"),
        (",N,c,s", "row 2, column tag: '' is no tag"),
        ("P-1,,c,s", "row 2, column name: it is empty"),
        ("P-1,N,cc,s", "row 2, column class: there is no asset class 'cc'. Did you mean 'c'"),
        ("P-1,N,c,x", "row 2, column site: there is no site 'x'. Known are: s"),
        ("P-1,N,c,s,nowhere", "row 2, column location: site s has no location 'nowhere'"),
        ("P-1,N,c,s,,P-9", "row 2, column parent: there is no asset 'P-9'"),
        ("P-1,N,c,s,,,D", "row 2, column criticality: 'D' is none. Write A, B or C"),
        ("P-1,N,c,s,,,A,much", "row 2, column attribute.power: 'much' is no number"),
        ("P-1,N,c,s,,,A,1\nP-1,N,c,s,,,A,1", "row 3, column tag: P-1 stands in row 2 already"),
        ("P-1,N,c,s,,P-2\nP-2,N,c,s,,P-1", "would be a part of itself: P-1 -> P-2 -> P-1"),
        ("P-1,N,c,s,,,,,,,,", "row 2, column -: it has 12 cells, the first row 8"),
    ],
)
def test_a_wrong_row_is_named_with_what_would_be_right(line: str, said: str) -> None:
    lines = [each + "," * (7 - each.count(",")) for each in line.split("\n")]
    table, problems = read_table(HEAD + "\n".join(lines))
    found = [*problems, *read_assets(table, {}, KNOWN).problems]
    assert any(said in str(problem) for problem in found), [str(each) for each in found]


@pytest.mark.parametrize(
    ("head", "said"),
    [("name", "no column tag"), ("tag,clas", "Did you mean 'class'"), ("tag,tag", "two of it")],
)
def test_a_wrong_column_is_named(head: str, said: str) -> None:
    _, problems = read_table(head)
    assert any(said in str(problem) for problem in problems)


def test_a_column_that_is_missing_leaves_what_is_there() -> None:
    present = {"P-1": Stored(an_asset("P-1", asset_class="c", site="s"), retired=False)}
    table, _ = read_table("tag,criticality\nP-1,A")
    reading = read_assets(table, present, KNOWN)
    assert reading.problems == []
    assert reading.assets["P-1"].criticality is Criticality.A
    assert reading.assets["P-1"].name == "Pump P-1"


def test_an_empty_cell_clears() -> None:
    there = an_asset("P-1", asset_class="c", site="s", location="l", external_ids={"sap": "1"})
    table, _ = read_table("tag,location,external.sap,attribute.power\nP-1,,,")
    found = read_assets(table, {"P-1": Stored(there, retired=False)}, KNOWN).assets["P-1"]
    assert (found.location, found.external_ids, found.attributes) == (None, {}, {})


@pytest.mark.store
async def test_an_import_makes_changes_and_revives_with_history(register: Connection) -> None:
    made = await create_asset(register, an_asset("P-1", location="hall-1"), by=by())
    await create_asset(register, an_asset("P-2"), by=by())
    await retire_asset(register, "P-2", expected_version=None, by=by(1))
    text = (
        HEAD
        + "P-1,Pump P-1,pump,berlin,hall-2,P-3,B,45\nP-2,P,pump,berlin,,,B,1\nP-3,N,pump,berlin,,,A,2\n"
    )
    done = await import_assets(register, text, by=by(2))
    assert [(each.kind, each.key) for each in done.changes] == [
        ("changed", "P-1"),
        ("revived", "P-2"),
        ("added", "P-3"),
    ]
    assert [each.location for each in await placements_of(register, made.id)] == [
        "hall-2",
        "hall-1",
    ]
    again = await import_assets(register, text, by=by(3))
    assert (again.changes, again.unchanged) == ((), 3)


@pytest.mark.store
async def test_an_export_is_imported_without_a_change(register: Connection) -> None:
    for tag, parent in [("U-1", None), ("P-1", "U-1")]:
        await create_asset(register, an_asset(tag, parent=parent), by=by())
    done = await import_assets(register, await export_assets(register), by=by(1))
    assert (done.changes, done.unchanged) == ((), 2)


@pytest.mark.store
async def test_a_dry_run_says_the_same_and_changes_nothing(register: Connection) -> None:
    text = HEAD + "P-1,N,pump,berlin,,,A,2\n"
    done = await import_assets(register, text, by=by(), mode=ImportMode.DRY_RUN)
    assert [each.key for each in done.changes] == ["P-1"]
    assert await get_asset(register, "P-1") is None


@pytest.mark.store
async def test_a_file_with_one_wrong_row_is_refused_whole(register: Connection) -> None:
    text = HEAD + "P-1,N,pump,berlin,,,A,2\nP-2,N,pump,berlin,,,A,\n"
    with pytest.raises(ImportRefused) as caught:
        await import_assets(register, text, by=by())
    [problem] = caught.value.problems
    assert "row 3, column attribute.power: the class requires power" in problem
    assert await fetch_one(register, "SELECT count(*) FROM asset") == (0,)


@pytest.mark.store
@pytest.mark.parametrize(("name", "refused"), [("Pump P-1", False), ("Renamed", True)])
async def test_what_files_keep_may_stand_in_the_table_unchanged(
    register: Connection, name: str, refused: bool
) -> None:
    await create_asset(register, an_asset("P-1"), by=by())
    await register.execute("UPDATE asset SET kept_in = 'files'")
    text = f"tag,name\nP-1,{name}\n"
    if refused:
        with pytest.raises(ImportRefused, match="kept in the plant's files"):
            await import_assets(register, text, by=by())
    else:
        assert (await import_assets(register, text, by=by())).unchanged == 1
