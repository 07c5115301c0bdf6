"""Sparkplug B as a topic of an MQTT source: its sample, its options, and what is refused."""

from pathlib import Path

import pytest

from config.documents import Document, parse_document
from edge.mqtt.source import MqttSource, SparkplugTopic
from edge.source_file import load_sources, source_tags

FOLDER = Path(__file__).parents[3] / "edge" / "sparkplug"


def sample() -> Document:
    return parse_document((FOLDER / "sample.yaml").read_text("utf-8"), "sample.yaml")


def test_the_sample_loads_and_shows_every_option() -> None:
    (source,), problems = load_sources([sample()])
    assert problems == []
    assert isinstance(source, MqttSource)
    assert source.topics[0].model_fields_set == set(SparkplugTopic.model_fields)
    assert source.host_id == "oilcan"


def test_the_readme_tells_every_option() -> None:
    readme = (FOLDER / "README.md").read_text("utf-8")
    names = [field.alias or name for name, field in SparkplugTopic.model_fields.items()]
    assert [name for name in names if f"`{name}`" not in readme] == []


def test_tags_without_names_are_known_beforehand() -> None:
    assert [(tag.tag, tag.place.line) for tag in source_tags([sample()])] == [
        ("L-1.supply_voltage", 13)
    ]


@pytest.mark.parametrize(
    ("topic", "message"),
    [
        ("filter: 'plant/#'", "is no Sparkplug B filter. Write spBv1.0/# or part of it"),
        ("filter: 'spBv1.0/{group}/#'", "is no Sparkplug B filter"),
        ("tag: 'P-1.speed'", "gives every metric one tag. Put {metric} into it"),
        ("tag: '{asset}.{metric}'", "has a name in braces that metrics do not give"),
        ("tags: {speed: speed}", "is not a tag"),
        ("host_id: a/b", "host_id"),
        ("host_id: a}, {payload: sparkplug_b, host_id: b", "two topics have a host_id"),
        ("reorder_timeout: soon", "soon"),
    ],
)
def test_what_is_refused(topic: str, message: str) -> None:
    text = (
        "sources: [{type: mqtt, name: a, connect: 'mqtt://h', "
        f"topics: [{{payload: sparkplug_b, {topic}}}]}}]"
    )
    sources, problems = load_sources([parse_document(text, "s.yaml")])
    assert sources == []
    assert message in str(problems[0])
