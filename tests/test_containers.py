"""Dockerfile and docker-compose.yml name only files, commands and variables that exist."""

import re
import shlex
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from config.settings import Settings
from oilcan.engines.nats_server import NatsEngine
from oilcan.engines.process import free_port, start

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


def test_the_compose_log_starts_and_greets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = NatsEngine(tmp_path, port=free_port(), mqtt_port=free_port())
    engine.prepare()
    text = (ROOT / "docs/compose/nats.conf").read_text()
    text = text.replace("0.0.0.0:4222", f"127.0.0.1:{engine.port}")
    text = text.replace("0.0.0.0:1883", f"127.0.0.1:{engine.mqtt_port}")
    text = text.replace("0.0.0.0:7422", f"127.0.0.1:{free_port()}")
    (tmp_path / "nats.conf").write_text(text.replace("/data", str(tmp_path / "data")))
    monkeypatch.setenv("OILCAN_LOG_PASSWORD", "s3cret-for-the-test")
    monkeypatch.setenv("OILCAN_GATEWAY_PASSWORD", "an0ther-for-the-test")
    process = start(engine.command(), tmp_path / "output.log")
    try:
        deadline = time.monotonic() + 10
        while not engine.ready():
            assert process.poll() is None, (tmp_path / "output.log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.05)
    finally:
        process.terminate()
        process.wait(10)
