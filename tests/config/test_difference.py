"""The difference between what is wanted and what is stored."""

from collections.abc import Mapping
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from config.difference import Change, ChangeKind, FieldChange, Stored, compare


@dataclass(frozen=True)
class Wheel:
    spokes: int
    tyre: str | None = None


@dataclass(frozen=True)
class Cart:
    wheels: Mapping[str, Wheel]


def test_a_new_one_is_added() -> None:
    difference = compare("wheel", {"a": Wheel(3)}, {})
    assert difference.changes == (Change(ChangeKind.ADDED, "wheel", "a"),)
    assert difference.write == (Wheel(3),)


def test_a_changed_one_says_what_changed() -> None:
    difference = compare("wheel", {"a": Wheel(4, "x")}, {"a": Stored(Wheel(3), retired=False)})
    (change,) = difference.changes
    assert change.kind is ChangeKind.CHANGED
    assert change.fields == (FieldChange("spokes", 3, 4), FieldChange("tyre", None, "x"))


def test_a_change_deep_inside_is_named_by_its_way() -> None:
    old, new = Cart({"left": Wheel(3)}), Cart({"left": Wheel(4), "right": Wheel(5)})
    (change,) = compare("cart", {"c": new}, {"c": Stored(old, retired=False)}).changes
    assert change.fields == (
        FieldChange("wheels.left.spokes", 3, 4),
        FieldChange("wheels.right", None, Wheel(5)),
    )


def test_the_same_one_is_not_written() -> None:
    difference = compare("wheel", {"a": Wheel(3)}, {"a": Stored(Wheel(3), retired=False)})
    assert (difference.changes, difference.write, difference.unchanged) == ((), (), 1)


def test_one_that_is_wanted_no_more_is_retired_once() -> None:
    stored = {"a": Stored(Wheel(3), retired=False), "b": Stored(Wheel(3), retired=True)}
    assert compare("wheel", {}, stored).retire == ("a",)


def test_a_retired_one_that_is_wanted_again_is_revived_with_its_changes() -> None:
    difference = compare("wheel", {"a": Wheel(4)}, {"a": Stored(Wheel(3), retired=True)})
    assert difference.changes == (
        Change(ChangeKind.REVIVED, "wheel", "a", (FieldChange("spokes", 3, 4),)),
    )
    assert difference.write == (Wheel(4),)


WHEELS = st.builds(Wheel, st.integers(0, 2), st.sampled_from([None, "x"]))
KEYS = st.sampled_from("abcde")


@given(
    st.dictionaries(KEYS, WHEELS),
    st.dictionaries(KEYS, st.builds(Stored, WHEELS, st.booleans())),
)
def test_what_was_written_and_retired_leaves_no_difference(
    wanted: dict[str, Wheel], stored: dict[str, Stored[Wheel]]
) -> None:
    difference = compare("wheel", wanted, stored)
    after = dict(stored)
    for change in difference.changes:
        if change.kind is ChangeKind.RETIRED:
            after[change.key] = Stored(stored[change.key].definition, retired=True)
        else:
            after[change.key] = Stored(wanted[change.key], retired=False)
    again = compare("wheel", wanted, after)
    assert (again.changes, again.unchanged) == ((), len(wanted))
