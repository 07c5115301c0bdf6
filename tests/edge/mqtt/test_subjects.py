"""Topics and the log's subjects are one another's names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.mqtt.subjects import subjects_of, topic_of

LEVELS = st.text(st.characters(codec="utf-8", exclude_characters="+#/\0 >*"), max_size=4)


@pytest.mark.parametrize(
    ("topic", "subject"),
    [
        ("plant/P-1/load", "plant.P-1.load"),
        ("/plant", "/.plant"),
        ("plant/", "plant./"),
        ("plant//load", "plant./.load"),
        ("plant/P.1/load", "plant.P//1.load"),
    ],
)
def test_a_topic_is_published_as_the_servers_subject(topic: str, subject: str) -> None:
    assert subjects_of([topic]) == [subject]
    assert topic_of(subject) == topic


@given(st.lists(LEVELS, min_size=1, max_size=4).map("/".join).filter(bool))
def test_every_topic_comes_back(topic: str) -> None:
    [subject] = subjects_of([topic])
    assert topic_of(subject) == topic


def test_wildcards_keep_their_meaning() -> None:
    assert subjects_of(["plant/+/load", "line/#"]) == ["plant.*.load", "line", "line.>"]
