"""Dockerfile and docker-compose.yml name only files, commands and variables that exist."""

import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from config.log import BatchId, ensure_stream
from config.settings import Settings
from oilcan.engines.nats_configuration import HubAddress
from oilcan.engines.nats_server import NatsEngine
from oilcan.engines.process import free_port, start
from tests.edge.gateway_line import LOG_BYTES, Server, connected, taken, until

ROOT = Path(__file__).parent.parent
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
ROLES = [name for name, service in COMPOSE["services"].items() if service.get("build")]


@pytest.mark.parametrize("role", ROLES)
def test_every_command_of_a_role_exists(role: str) -> None:
    command = COMPOSE["services"][role]["command"][0]
    result = subprocess.run(
        [".venv/bin/python", "-m", "oilcan", command, "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("role", ROLES)
def test_every_variable_of_a_role_is_a_setting(role: str) -> None:
    known = {f"OILCAN_{name.upper()}" for name in Settings.model_fields}
    assert set(COMPOSE["services"][role]["environment"]) <= known


def test_every_mounted_path_exists() -> None:
    mounts = [m for service in COMPOSE["services"].values() for m in service.get("volumes", [])]
    for mount in mounts:
        source = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", mount).split(":")[0]
        named = source in COMPOSE["volumes"]
        assert named or (ROOT / source).exists(), mount


def test_every_dependency_is_a_service() -> None:
    for service in COMPOSE["services"].values():
        assert set(service.get("depends_on", {})) <= set(COMPOSE["services"])


def test_every_copied_path_exists() -> None:
    for line in (ROOT / "Dockerfile").read_text().splitlines():
        if line.startswith("COPY"):
            *sources, _ = shlex.split(line)[1:]
            assert all((ROOT / source).exists() for source in sources), line


async def test_the_compose_log_takes_what_its_gateway_hands_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ports = {number: free_port() for number in (4222, 1883, 7422)}
    text = (ROOT / "docs/compose/nats.conf").read_text().replace("/data", str(tmp_path / "data"))
    for number, port in ports.items():
        text = text.replace(f"0.0.0.0:{number}", f"127.0.0.1:{port}")
    (tmp_path / "nats.conf").write_text(text)
    monkeypatch.setenv("OILCAN_LOG_PASSWORD", "s3cret-for-the-test")
    monkeypatch.setenv("OILCAN_GATEWAY_PASSWORD", "an0ther-for-the-test")
    command = NatsEngine(tmp_path, port=ports[4222], mqtt_port=None).command()
    process = start(command, tmp_path / "output.log")
    hub = HubAddress(f"nats://gw-1:an0ther-for-the-test@127.0.0.1:{ports[7422]}")
    gateway = Server(NatsEngine(tmp_path / "gw", port=free_port(), mqtt_port=None, hub=hub))
    try:
        await gateway.start()
        async with connected(gateway.engine.hub_url) as client:
            async with connected(
                f"nats://oilcan:s3cret-for-the-test@127.0.0.1:{ports[4222]}"
            ) as log:
                await ensure_stream(log, max_bytes=LOG_BYTES)
            await until(lambda: taken(client, BatchId("gw-1", "s", 1)))
    finally:
        gateway.kill()
        process.terminate()
        process.wait(10)
