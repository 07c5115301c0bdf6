"""Topic patterns match as MQTT says, and give names to levels."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.client import topic_matches_sub

from edge.mqtt.topics import PatternError, covers, fill, parse_pattern, template_names, widest

levels = st.sampled_from(["a", "b", "", "$s"])
topics = st.lists(levels, min_size=1, max_size=4).map("/".join)
filters = st.builds(
    lambda some, last: "/".join([*some, *last]),
    st.lists(st.one_of(levels, st.just("+")), min_size=1, max_size=4),
    st.sampled_from([[], ["#"]]),
).filter(bool)


def test_a_match_gives_each_name_its_level() -> None:
    pattern = parse_pattern("plant/{asset}/alarm/{code}")
    assert pattern.filter == "plant/+/alarm/+"
    assert pattern.match("plant/C-301/alarm/HOT") == {"asset": "C-301", "code": "HOT"}
    assert pattern.match("plant/C-301/HOT") is None


@given(filters, topics)
def test_a_pattern_matches_what_the_library_says(text: str, topic: str) -> None:
    assert (parse_pattern(text).match(topic) is not None) == topic_matches_sub(text, topic)


@given(filters, filters, topics)
def test_a_covering_filter_matches_all_of_the_covered(wide: str, narrow: str, topic: str) -> None:
    if covers(wide, narrow) and topic_matches_sub(narrow, topic):
        assert topic_matches_sub(wide, topic)


def test_covered_and_repeated_filters_are_not_subscribed() -> None:
    assert widest(["a/+", "a/b", "c", "a/+", "a/b/c"]) == ["a/+", "c", "a/b/c"]


@pytest.mark.parametrize("text", ["", "a/#/b", "a/b+", "{a}/{a}", "{A}/b", "a/x{b}", "a/\n"])
def test_a_wrong_pattern_says_what_would_be_right(text: str) -> None:
    with pytest.raises(PatternError, match=r" \| "):
        parse_pattern(text)


def test_a_template_is_filled_from_names() -> None:
    assert template_names("{asset}.{n}") == ("asset", "n")
    assert fill("{asset}.{n}", {"asset": "C-1", "n": "v"}) == "C-1.v"
    with pytest.raises(PatternError, match="stray brace"):
        template_names("{asset.n}")
