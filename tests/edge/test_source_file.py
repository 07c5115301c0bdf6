"""Source files: samples load, every option is documented, and each mistake is told at its place."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from config.documents import Document, load_document, parse_document
from edge.filter import Deadband, Report
from edge.modbus.source import ModbusSource
from edge.mqtt.entries import JsonTopic
from edge.mqtt.source import MqttSource
from edge.opcua.source import OpcuaSource
from edge.source_file import load_sources, source_assets, source_tags
from edge.worker import collector_of

EDGE = Path(__file__).parents[2] / "edge"
PROTOCOLS = ["modbus", "opcua", "mqtt"]
MODELS = {"modbus": ModbusSource, "opcua": OpcuaSource, "mqtt": MqttSource}


def sample(protocol: str) -> Document:
    return load_document(EDGE / protocol / "sample.yaml", relative_to=EDGE)


def document(text: str, name: str = "s.yaml") -> Document:
    return parse_document(text, name, environment={})


def fields(model: type[BaseModel]) -> Iterator[tuple[str, Any]]:
    """Every option of a model and of the models inside it."""
    for name, field in model.model_fields.items():
        yield field.alias or name, field
        for inner in models_in(field.annotation):
            yield from fields(inner)


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from models_in(argument)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_sample_loads_and_has_its_collector(protocol: str) -> None:
    sources, problems = load_sources([sample(protocol)])
    assert problems == []
    assert {source.type for source in sources} == {protocol}
    assert [collector_of(source).name for source in sources] == [s.name for s in sources]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_option_has_a_description_an_example_and_a_place_in_the_readme(protocol: str) -> None:
    readme = (EDGE / protocol / "README.md").read_text(encoding="utf-8")
    options = dict(fields(MODELS[protocol]))
    assert [name for name, field in options.items() if not field.description] == []
    assert [name for name, field in options.items() if not field.examples] == []
    assert [name for name in options if f"`{name}`" not in readme] == []


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_sample_shows_every_option(protocol: str) -> None:
    text = (EDGE / protocol / "sample.yaml").read_text(encoding="utf-8")
    names = {name for name, _ in fields(MODELS[protocol])}
    # Alarm topics take both from the topic; the other way is in their own test.
    names -= {"asset", "code"} if protocol == "mqtt" else set()
    assert [name for name in sorted(names) if not re.search(rf"\b{name}:", text)] == []


def test_a_profile_serves_devices_of_other_documents() -> None:
    profiles = document("profiles: {p: {points: {x: {at: 1, unit: bar}}}}", "profiles.yaml")
    sources = document(
        "sources: [{type: modbus, name: a, connect: 'tcp://h', "
        "devices: [{unit: 1, asset: P-1, profile: p}, {unit: 2, asset: P-2, profile: p}]}]"
    )
    loaded, problems = load_sources([sources, profiles])
    assert problems == []
    assert isinstance(loaded[0], ModbusSource)
    assert [device.points["x"].at for device in loaded[0].devices] == [1, 1]
    tags = source_tags([sources, profiles])
    assert [(tag.tag, tag.unit, tag.place.line) for tag in tags] == [
        ("P-1.x", "bar", 1),
        ("P-2.x", "bar", 1),
    ]


def test_tags_and_assets_that_are_named_have_their_places() -> None:
    tags = source_tags([sample("mqtt")])
    assert [(tag.tag, str(tag.place)) for tag in tags] == [
        ("C-301.speed", "mqtt/sample.yaml:29:50")
    ]
    assets = source_assets([sample("opcua")])
    assert [(asset.asset, asset.place.line) for asset in assets] == [("K-201", 16), ("K-201", 17)]


MQTT = "sources: [{type: mqtt, name: a, connect: 'mqtt://h', topics: [%s]}]"
BROKER = MQTT[:-2] % "{filter: a, payload: plain, tag: A.x}" + ", %s}]"
MODBUS = "sources: [{type: modbus, name: a, connect: 'tcp://h', devices: [%s]}]"
OPCUA = "sources: [{type: opcua, name: a, connect: 'opc.tcp://h', %s}]"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sources: 5", "sources is not a list. Make it so"),
        ("sources: [5]", "type None, which is none. Write `type:` modbus, opcua, mqtt"),
        ("sources: [{type: profinet}]", "'profinet', which is none"),
        (MODBUS % "{asset: P-1, profile: p}", "there is no profile p. Add it under `profiles:`"),
        (MODBUS % "{asset: P-1}", "device has no points. Give `profile:` or `points:`"),
        (MODBUS % "{asset: P.1, points: {x: {at: 1}}}", "not an asset's tag"),
        (MODBUS % "{asset: P, points: {x: {at: 70000}}}", "at is 70000"),
        (MODBUS % "{asset: P, points: {x: {at: 65535, type: int32}}}", "past register 65535"),
        (MODBUS % "{asset: P, points: {x: {at: 1, type: float32, bit: 1}}}", "`bit` does not fit"),
        (MODBUS % "{asset: P, registers: coil, points: {x: {at: 1, type: int16}}}", "Use type bit"),
        (MODBUS % "{asset: P, points: {x: {at: 1, typ: int16}}}", "typ is not known here"),
        (MODBUS % "{asset: P, points: {x: {at: 1, deadband: -1}}}", "-1 is not a deadband. Write"),
        (OPCUA % "nodes: [{node: i=1, tag: A.x, heartbeat: 9s}]", "Add `deadband:`, 0 sends each"),
        ("profiles: {p: {points: {}}}", "profile p has no points"),
        (OPCUA % "nodes: [{node: 'ns=2;s=x', tag: A.x}]", "the index `ns=` may change"),
        (OPCUA % "nodes: [{node: 'nsu=u;s=x', tag: Ax}]", "Write ASSET.point"),
        (OPCUA % "publish_every: 5", "5 is not a duration. Write a number and a unit"),
        (MQTT % "{filter: 'a/{b}', payload: plain}", "uses {asset}, {point}"),
        (MQTT % "{filter: 'a/#/b', payload: plain, tag: A.x}", "# stands before the end"),
        (MQTT % "{filter: a, payload: xml}", "payload"),
        (MQTT % "{filter: $share/g, payload: plain, tag: A.x}", "Write $share/group/plant/#"),
        (BROKER % "tls: {}", "Write mqtts:// in `connect`"),
        (BROKER % "receive_maximum: 9", "Add `version: 5`"),
        (BROKER % "version: 4", "version"),
        (MQTT % "{filter: a, payload: json, tag: A.x, value: v}", "'v' is not a path"),
        (MQTT % "{filter: a, payload: json, tag: A.x, value: '$.v', each: '$.m'}", "End it in [*]"),
    ],
)
def test_a_mistake_is_told_with_its_remedy(text: str, message: str) -> None:
    loaded, problems = load_sources([document(text)])
    assert loaded == []
    assert [str(problem) for problem in problems if message in str(problem)] != []


def test_a_name_or_tag_that_is_given_twice_is_told() -> None:
    one = OPCUA % "nodes: [{node: 'i=1', tag: A.x}]"
    _, problems = load_sources([document(one, "1.yaml"), document(one, "2.yaml")])
    assert [problem.place.file for problem in problems] == ["2.yaml", "2.yaml"]
    assert "source a is read twice, here and at 1.yaml:1" in problems[0].message
    assert "tag A.x is read twice" in problems[1].message


def test_a_password_stands_in_no_message() -> None:
    text = "sources: [{type: mqtt, name: a, connect: 'mqtts://u:geheim@h', topics: []}]"
    _, problems = load_sources([document(text)])
    assert problems != []
    assert "geheim" not in "\n".join(map(str, problems))


def test_an_alarm_topic_may_name_asset_and_code_itself() -> None:
    text = MQTT % "{filter: 'belt/stop', payload: alarm, asset: C-1, code: STOP}"
    assert [asset.asset for asset in source_assets([document(text)])] == ["C-1"]


def test_json_times_are_milliseconds_unless_they_say_otherwise() -> None:
    topic = JsonTopic.model_validate({"filter": "a", "payload": "json", "tag": "A.x", "value": "$"})
    assert topic.time_unit == "ms"


def test_a_deadband_is_of_a_register_a_node_or_a_topic_and_its_points() -> None:
    profile = document("profiles: {p: {points: {x: {at: 1, deadband: 0.5}, y: {at: 2}}}}")
    device = document(MODBUS % "{asset: P-1, profile: p}")
    node = document(OPCUA % "nodes: [{node: i=1, tag: A.x, deadband: 1%, heartbeat: 9s}]")
    (modbus, opcua), _ = load_sources([profile, device, node])
    assert isinstance(modbus, ModbusSource)
    assert modbus.reports == {"P-1.x": Report(Deadband(0.5), 60_000_000)}
    assert isinstance(opcua, OpcuaSource)
    assert opcua.reports == {"A.x": Report(Deadband(share=0.01), 9_000_000)}
