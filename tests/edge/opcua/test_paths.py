"""Browse paths and the tags they give."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.opcua.paths import DEEPEST, Place, is_template, match, places_after, tag_of, whole
from edge.opcua.source import OpcuaNode


def node(**fields: Any) -> OpcuaNode:
    return OpcuaNode.model_validate(fields)


@pytest.mark.parametrize(
    ("name", "browse_name", "stands_for"),
    [
        ("Machines", "Machines", ()),
        ("Machines", "machines", None),
        ("*", "P-101", ("P-101",)),
        ("Pump*", "Pump 7", (" 7",)),
        ("Pump*", "Fan 7", None),
        ("*_*", "K_T", ("K", "T")),
        ("a.b", "axb", None),
        ("*", "with/slash", ("with/slash",)),
        ("*", "", ("",)),
        ("{Temp,Temperature}", "Temperature", ("Temperature",)),
        ("{Temp,Temperature}", "Temper", None),
        ("{Pump,Fan}*", "Fan 7", ("Fan", " 7")),
        ("M{1,12}_{a.b,c}", "M12_a.b", ("12", "a.b")),
        ("{a.b,c}", "axb", None),
    ],
)
def test_a_wildcard_stands_for_any_part_of_one_name(
    name: str, browse_name: str, stands_for: tuple[str, ...] | None
) -> None:
    assert match(name, browse_name) == stands_for


def meant(path: str, *names: str) -> list[tuple[str, ...]]:
    """What the wildcards of a path stand for on the way over these names, if it leads there."""
    levels, places = path.split("/"), [Place()]
    for name in names:
        places = [after for place in places for after in places_after(levels, place, name)]
    found = (whole(levels, place) for place in places)
    return [each for each in found if each is not None]


@pytest.mark.parametrize(
    ("path", "names", "stands_for"),
    [
        ("Hall/**/Temp", ("Hall", "Temp"), [("",)]),
        ("Hall/**/Temp", ("Hall", "Line 1", "P-1", "Temp"), [("Line 1_P-1",)]),
        ("Hall/**/Temp", ("Hall", "P-1", "Pressure"), []),
        ("**/P-*/Temp", ("Hall", "P-1", "Temp"), [("Hall", "1")]),
        ("**/P-*/Temp", ("P-1", "Temp"), [("", "1")]),
        ("Hall/**", ("Hall", "P-1", "Temp"), [("P-1_Temp",)]),
        ("Hall/**", ("Hall",), []),
        ("Hall/**", ("Hall", "Temp"), [("Temp",)]),
        ("**/a/**/a", ("a", "a", "a"), [("a", ""), ("", "a")]),
    ],
)
def test_two_stars_stand_for_any_number_of_names(
    path: str, names: tuple[str, ...], stands_for: list[tuple[str, ...]]
) -> None:
    assert sorted(meant(path, *names)) == sorted(stands_for)


@given(st.lists(st.sampled_from(["a", "b", "**", "*", "{a,b}"]), min_size=1, max_size=4))
def test_however_deep_a_server_is_a_path_ends(path: list[str]) -> None:
    places = {Place()}
    for _ in range((DEEPEST + 1) * len(path) + 1):
        places = {after for each in places for after in places_after(path, each, "a")}
    assert not places


@given(st.text(alphabet=st.characters(exclude_characters="*{}")))
def test_without_a_wildcard_a_name_is_itself_alone(name: str) -> None:
    assert match(name, name) == ()


@given(st.text(alphabet=st.characters(exclude_characters="*{}")), st.text())
def test_whatever_a_server_calls_a_node_nothing_crashes(name: str, browse_name: str) -> None:
    found = match(f"{name}*", browse_name)
    assert (found is not None) == browse_name.startswith(name)


def test_the_tag_may_leave_alternatives_and_depth_out() -> None:
    path = "Hall/**/P-*/{Temp,Temperature}"
    assert node(browse=path, tag="P-{2}.temp").tag == "P-{2}.temp"
    assert node(browse=path, tag="P-{2}.{1}_{3}").browse == path


def test_a_tag_is_made_of_what_the_stars_stand_for() -> None:
    assert tag_of("{2}.temp_{1}", ("in", "P-101")) == "P-101.temp_in"
    assert is_template("{1}.temp")
    assert not is_template("P-101.temp")


@pytest.mark.parametrize("stands_for", ["", "a b", "a/b", "{1}", "x" * 300])
def test_what_gives_no_tag_is_refused(stands_for: str) -> None:
    with pytest.raises(ValueError, match="is not a tag"):
        tag_of("{1}.temp", (stands_for,))


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"browse": "A/*/T", "tag": "P-1.t"}, "Use {1} in the tag"),
        ({"browse": "A/*/*", "tag": "{1}.t"}, "Use {1}, {2} in the tag"),
        ({"browse": "A/*/T", "tag": "{2}.t"}, "Use {1} in the tag"),
        ({"browse": "A/T", "tag": "{1}.t"}, "Use no number in the tag"),
        ({"node": "i=1", "tag": "{1}.t"}, "Use no number in the tag"),
        ({"browse": "A//T", "tag": "P-1.t"}, "has an empty name"),
        ({"browse": "2:A/T", "tag": "P-1.t"}, "may change at each start"),
        ({"browse": "ns=2;s=A", "tag": "P-1.t"}, "may change at each start"),
        ({"node": "ns=2;s=A", "tag": "P-1.t"}, "Write nsu="),
        ({"browse": "A/B**/T", "tag": "P-1.t"}, "Let it stand alone"),
        ({"browse": "A/**/**/T", "tag": "P-1.t"}, "Write it once"),
        ({"browse": "A/**/*/T", "tag": "{1}.t"}, "Use {2} in the tag"),
        ({"browse": "A/{a}/T", "tag": "{1}.t"}, "Write {a,b}"),
        ({"browse": "A/{a,}/T", "tag": "{1}.t"}, "Write {a,b}"),
        ({"browse": "A/{a*,b}/T", "tag": "{1}.t"}, "Write {a,b}"),
        ({"browse": "A/{a,b/T", "tag": "{1}.t"}, "Write {a,b}"),
        ({"browse": "A/{a,{b,c}}/T", "tag": "{1}.t"}, "Write {a,b}"),
        ({"browse": "A/*", "tag": "{1}"}, "gives no tag"),
        ({"tag": "P-1.t"}, "Give one of the two"),
        ({"node": "i=1", "browse": "A", "tag": "P-1.t"}, "Give one of the two"),
    ],
)
def test_what_cannot_be_is_refused_with_a_remedy(fields: dict[str, str], told: str) -> None:
    with pytest.raises(ValueError, match="Value error") as refused:
        node(**fields)
    assert told in str(refused.value)
