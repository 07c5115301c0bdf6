"""What `oilcan up` runs, worked out before anything starts."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import oilcan
from config.settings import Settings
from oilcan.machine import (
    Machine,
    engine_program,
    environment_of,
    oilcan_command,
    plan_machine,
    role_programs,
)
from oilcan.settings import EngineSettings

_PORTS = {"http": 8081, "log": 4223, "mqtt": 1884}


def machine(home: Path = Path("/nowhere"), **settings: Any) -> Machine:
    return plan_machine(Settings(home=home, **settings), EngineSettings(), ports=_PORTS)


def test_engines_are_ours_unless_settings_name_others():
    ours = machine(database_url="", log_url="")
    theirs = machine(database_url="postgresql://db/oilcan", log_url="nats://hub:4222")
    assert ours.postgres
    assert ours.nats
    assert (theirs.postgres, theirs.nats) == (None, None)
    assert theirs.database_url == "postgresql://db/oilcan"
    assert theirs.log_url == "nats://hub:4222"


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8081"),
        ("0.0.0.0", "http://127.0.0.1:8081"),  # noqa: S104 - given, not listened on
        ("::", "http://[::1]:8081"),
        ("oilcan.plant.example", "http://oilcan.plant.example:8081"),
    ],
)
def test_address_of_the_pages_is_one_that_can_be_opened(host: str, url: str):
    assert machine(http_host=host).http_url == url


def test_the_engines_store_has_room_for_the_log_and_the_broker():
    nats = machine(log_max_bytes=100 * 1024**3).nats
    assert nats
    assert nats.max_file_bytes > 100 * 1024**3


def test_a_machine_without_a_plant_folder_collects_nothing():
    assert [program.name for program in role_programs(machine())] == [
        "ingest",
        "conditions",
        "maintenance",
        "serve",
    ]


def test_roles_are_told_the_chosen_ports_and_the_settings(tmp_path: Path):
    told = environment_of(machine(tmp_path, http_port=0, edge="gateway-1"))
    assert told["OILCAN_HTTP_PORT"] == "8081"
    assert told["OILCAN_MQTT_PORT"] == "1884"
    assert told["OILCAN_EDGE"] == "gateway-1"
    assert told["OILCAN_HOME"] == str(tmp_path)


def test_roles_run_our_own_code_whatever_lies_in_the_folder_that_we_were_called_in(
    tmp_path: Path,
):
    (tmp_path / "oilcan.py").write_text("raise SystemExit('the wrong one')")
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "__init__.py").write_text("raise SystemExit('the wrong one')")
    script = "import oilcan, config.errors; print(oilcan.__file__)"
    command = [*oilcan_command()[:2], "-c", script]
    found = subprocess.run(
        command,
        cwd=tmp_path,
        env=environment_of(machine(tmp_path)),
        capture_output=True,
        text=True,
        check=True,
    )
    assert command[0] == sys.executable
    assert found.stdout.strip() == oilcan.__file__


def test_postgres_is_given_time_to_write_its_checkpoint(tmp_path: Path):
    ours = machine(tmp_path)
    assert ours.postgres
    assert ours.nats
    assert engine_program(ours.postgres).grace_s > engine_program(ours.nats).grace_s


def test_secrets_of_roles_stay_out_of_their_command_lines(tmp_path: Path):
    ours = machine(tmp_path, log_url="nats://oilcan:secret@hub:4222")
    for program in role_programs(ours):
        assert "secret" not in " ".join(program.command)
        assert "secret" in program.environment["OILCAN_LOG_URL"]


def test_variables_of_our_own_environment_reach_the_roles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("BROKER_PASSWORD", "b")
    assert environment_of(machine(tmp_path))["BROKER_PASSWORD"] == os.environ["BROKER_PASSWORD"]
