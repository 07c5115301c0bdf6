"""Tags of metrics: by template, by name, and always such that a point can have them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.errors import PayloadError
from edge.source import check_tag
from edge.sparkplug.tags import TagRule, check_template
from edge.sparkplug.topic import NodeId

NODE = NodeId("Plant 1", "Line.1")


@pytest.mark.parametrize(
    ("rule", "device", "metric", "tag"),
    [
        (TagRule(), "P-101", "Motor/Speed", "P-101.Motor_Speed"),
        (TagRule(), "", "Supply Voltage", "Line_1.Supply_Voltage"),
        (TagRule(), "a.b", "x.y", "a_b.x.y"),
        (TagRule("{group}-{node}.{device}.{metric}"), "P", "m", "Plant_1-Line_1.P.m"),
        (TagRule(tags={"m": "P-1.load"}), "P", "m", "P-1.load"),
        (TagRule(tags={"Motor/Speed": "{device}.speed"}), "P", "Motor/Speed", "P.speed"),
    ],
)
def test_tags(rule: TagRule, device: str, metric: str, tag: str) -> None:
    assert rule.tag(NODE, device, metric) == tag


@given(st.text(), st.text(), st.text(min_size=1))
def test_any_names_make_a_tag_or_are_refused(node: str, device: str, metric: str) -> None:
    try:
        tag = TagRule().tag(NodeId("G", node), device, metric)
    except PayloadError:
        return
    assert check_tag(tag) == tag


@pytest.mark.parametrize(
    "template", ["{asset}.{metric}", "{device}.{metric", "{metric}", "a b.{metric}"]
)
def test_templates_that_make_no_tags_are_refused(template: str) -> None:
    with pytest.raises(ValueError, match=r" \| "):
        check_template(template)
