"""The plant's files agree with the machines that they describe."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from conditions.rule_file import load_rules
from config.documents import Document, load_document
from edge.modbus.source import ModbusSource
from edge.mqtt.source import MqttSource
from edge.opcua.source import OpcuaSource
from edge.source_file import Source, load_sources, source_tags
from oilcan.demo.inventory import MACHINES
from oilcan.demo.modbus_server import REGISTERS
from oilcan.demo.opcua_server import ALARM_CODE, NAMESPACE, OBJECT, VARIABLES
from oilcan.demo.simulation import Simulation

PLANT = Path(__file__).parents[3] / "oilcan" / "demo" / "plant"


@pytest.fixture
def documents(monkeypatch: pytest.MonkeyPatch) -> list[Document]:
    for name in ("OILCAN_DEMO_MODBUS_PORT", "OILCAN_DEMO_OPCUA_PORT", "OILCAN_MQTT_PORT"):
        monkeypatch.setenv(name, "5020")
    return [load_document(file, relative_to=PLANT) for file in sorted(PLANT.rglob("*.yaml"))]


@pytest.fixture
def sources(documents: list[Document]) -> dict[str, Source]:
    found, problems = load_sources(documents)
    assert problems == []
    return {source.name: source for source in found}


def points(documents: list[Document]) -> Iterator[str]:
    for document in documents:
        for asset in document.data.get("assets", []):
            yield from (f"{asset['tag']}.{role}" for role in asset.get("points", {}))


def test_sources_are_those_of_the_machines(sources: dict[str, Source]) -> None:
    told = {machine.source: machine.protocol for machine in MACHINES}
    assert {name: source.type for name, source in sources.items()} == told


def test_every_measured_signal_has_a_point_and_every_point_is_measured(
    documents: list[Document],
) -> None:
    measured = Simulation(1).measure()
    shown = {f"{asset}.{role}" for asset, roles in measured.items() for role in roles}
    assert set(points(documents)) == shown


def test_every_tag_of_a_source_has_a_point(documents: list[Document]) -> None:
    assert {one.tag for one in source_tags(documents)} <= set(points(documents))


def test_the_register_map_is_that_of_the_pump_controller(sources: dict[str, Source]) -> None:
    pump = sources["pump-house"]
    assert isinstance(pump, ModbusSource)
    read = {
        role: (point.at, round(1.0 / point.scale, 6))
        for role, point in pump.devices[0].points.items()
    }
    assert read == {role: (one.at, one.factor) for role, one in REGISTERS.items()}


def test_the_nodes_are_those_of_the_compressor_controller(sources: dict[str, Source]) -> None:
    compressor = sources["air-plc"]
    assert isinstance(compressor, OpcuaSource)
    assert {node.tag: node.node for node in compressor.nodes} == {
        f"C-201.{role}": f"nsu={NAMESPACE};s={name}" for role, name in VARIABLES.items()
    }
    assert [alarm.node for alarm in compressor.alarms] == [f"nsu={NAMESPACE};s={OBJECT}"]


def test_the_conveyor_is_read_from_the_embedded_broker(sources: dict[str, Source]) -> None:
    conveyor = sources["conveying"]
    assert isinstance(conveyor, MqttSource)
    assert conveyor.address.port == 5020


def test_every_rule_is_in_order_and_asks_for_work(documents: list[Document]) -> None:
    roles = {
        one["code"]: {role: told["unit"] for role, told in one["roles"].items()}
        for document in documents
        for one in document.data.get("asset_classes", [])
    }
    rules, problems = load_rules(documents, roles)
    assert problems == []
    assert len(rules) == 6
    assert all(rule.work_order is not None for rule in rules)
    assert ALARM_CODE in {rule.alarm for rule in rules}
