"""A misspelt word is told the right one."""

from config.suggestion import did_you_mean


def test_the_nearest_word_is_named() -> None:
    assert did_you_mean("criticalty", ["name", "criticality"]) == "Did you mean 'criticality'?"


def test_a_word_that_differs_in_case_alone_is_preferred() -> None:
    assert did_you_mean("degc", ["deg", "degC"]) == "Did you mean 'degC'?"


def test_without_a_near_word_the_known_ones_are_listed() -> None:
    assert did_you_mean("zzz", ["b", "a"]) == "Known are: a, b"


def test_a_long_list_is_cut() -> None:
    assert did_you_mean("zzz", map(str, range(99))).endswith(", ...")


def test_where_nothing_is_known_the_given_remedy_stands() -> None:
    assert did_you_mean("x", [], otherwise="Add one") == "Add one"
