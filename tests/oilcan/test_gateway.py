"""What a gateway is told is checked before anything starts, and its login is never shown."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from config.errors import SettingsError
from config.settings import Settings
from oilcan.gateway import run_gateway
from oilcan.machine import plan_machine
from oilcan.settings import EngineSettings, GatewaySettings, load

_PLANT = Path(__file__).parent.parent / "acceptance" / "gateway"


@pytest.mark.parametrize("hub", ["hub:7422", "nats://hub", "http://u:secret@hub:7422", "nats://:7"])
def test_a_hub_without_scheme_or_port_is_refused_without_its_login(hub: str) -> None:
    with pytest.raises(SettingsError, match=r"--hub=.* write nats://USER") as caught:
        load(GatewaySettings, hub=hub)
    assert "secret" not in str(caught.value)


async def test_a_gateway_with_another_log_is_refused(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, log_url="nats://hub:4222")
    with pytest.raises(SettingsError, match="a gateway has a log of its own"):
        await run_gateway(_PLANT, settings, GatewaySettings(hub="nats://g:p@hub:7422"))


def test_gateways_may_come_only_where_a_port_is_given(tmp_path: Path) -> None:
    ports = {"http": 1, "log": 2, "mqtt": 3}
    settings = Settings(home=tmp_path, log_url="", database_url="")
    alone = plan_machine(settings, EngineSettings(), ports=ports)
    hub = plan_machine(settings, EngineSettings(), ports={**ports, "gateways": 7422})
    assert alone.nats is not None
    assert alone.nats.gateways is None
    assert hub.nats is not None
    assert hub.nats.gateways is not None
    assert hub.nats.gateways.port == 7422


def test_a_certificate_without_its_key_is_refused(tmp_path: Path) -> None:
    engines = EngineSettings(gateway_certificate=tmp_path / "c.pem")
    ports = {"http": 1, "log": 2, "mqtt": 3, "gateways": 4}
    with pytest.raises(SettingsError, match="go together"):
        plan_machine(Settings(home=tmp_path, log_url=""), engines, ports=ports)


def test_a_taken_broker_port_stops_the_start_with_its_variable(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = subprocess.run(
            [sys.executable, "-P", "-m", "oilcan", "edge", "run", str(_PLANT)],
            env={
                "PYTHONPATH": str(Path.cwd()),
                "PATH": "/usr/bin:/bin",
                "OILCAN_HOME": str(tmp_path),
                "OILCAN_HUB": "nats://gateway:secret@127.0.0.1:9",
                "OILCAN_LOCAL_MQTT_PORT": str(port),
                "OILCAN_TEST_MODBUS_PORT": "1",
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    assert ended.returncode == 1
    assert "OILCAN_LOCAL_MQTT_PORT" in ended.stderr
    assert "secret" not in ended.stdout + ended.stderr
