"""Rings of parents are found, each once."""

from hypothesis import given
from hypothesis import strategies as st

from maintenance.register.tree import rings


def test_a_ring_is_given_once_without_the_way_into_it() -> None:
    assert list(rings({"a": "b", "b": "c", "c": "d", "d": "b"})) == [["b", "c", "d"]]


def test_two_rings_are_two() -> None:
    assert list(rings({"a": "a", "b": "c", "c": "b"})) == [["a"], ["b", "c"]]


@given(st.dictionaries(st.integers(0, 12), st.integers(0, 12)))
def test_the_members_of_rings_are_those_that_come_back_to_themselves(
    parents: dict[int, int],
) -> None:
    def returns(start: int) -> bool:
        key: int | None = parents.get(start)
        for _ in parents:
            if key is None or key == start:
                break
            key = parents.get(key)
        return key == start

    members = [key for ring in rings(parents) for key in ring]
    assert sorted(members) == sorted(key for key in parents if returns(key))
