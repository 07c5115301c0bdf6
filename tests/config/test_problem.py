"""A problem in a text is shown with the line that has it, and a mark under the place."""

from config.problem import Excerpt, Place, Problem


def test_the_place_is_marked_under_its_line() -> None:
    assert str(Excerpt("temp + p > 85", 7, 8)) == "temp + p > 85\n       ^"
    assert str(Excerpt("temp + press > 85", 7, 12)) == "temp + press > 85\n       ~~~~~"


def test_of_several_lines_the_one_with_the_mistake_is_shown() -> None:
    assert str(Excerpt("vib > 3\n and tmp > 5\n", 13, 16)) == " and tmp > 5\n     ~~~"


def test_a_place_behind_the_end_is_marked_there() -> None:
    assert str(Excerpt("vib >", 5, 6)) == "vib >\n     ^"


def test_a_problem_is_explained_with_its_excerpt() -> None:
    place = Place("f.yaml", 3, 1)
    assert Problem(place, "odd", "Mend it").explain() == "f.yaml:3:1: odd. Mend it"
    told = Problem(place, "odd", "Mend it", Excerpt("a > b", 4, 5)).explain()
    assert told == "f.yaml:3:1: odd. Mend it\n    a > b\n        ^"
