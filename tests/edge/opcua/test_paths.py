"""Browse paths and the tags they give."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.opcua.paths import is_template, match, tag_of
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
    ],
)
def test_a_star_stands_for_any_part_of_one_name(
    name: str, browse_name: str, stands_for: tuple[str, ...] | None
) -> None:
    assert match(name, browse_name) == stands_for


@given(st.text())
def test_without_a_star_a_name_is_itself_alone(name: str) -> None:
    assert match(name.replace("*", ""), name.replace("*", "")) == ()


@given(st.text(alphabet=st.characters(exclude_characters="*")), st.text())
def test_whatever_a_server_calls_a_node_nothing_crashes(name: str, browse_name: str) -> None:
    found = match(f"{name}*", browse_name)
    assert (found is not None) == browse_name.startswith(name)


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
        ({"browse": "**/T", "tag": "P-1.t"}, "one * for each level"),
        ({"browse": "A/*", "tag": "{1}"}, "gives no tag"),
        ({"tag": "P-1.t"}, "Give one of the two"),
        ({"node": "i=1", "browse": "A", "tag": "P-1.t"}, "Give one of the two"),
    ],
)
def test_what_cannot_be_is_refused_with_a_remedy(fields: dict[str, str], told: str) -> None:
    with pytest.raises(ValueError, match="Value error") as refused:
        node(**fields)
    assert told in str(refused.value)
