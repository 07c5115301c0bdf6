"""The command `oilcan`, as a person at a shell meets it."""

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from api.access.service import authenticate
from config.database import Connection, connect
from config.settings import Settings
from oilcan.settings import load


def oilcan(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "oilcan", *words],
        capture_output=True,
        text=True,
        env={**os.environ, "TERM": "dumb", **variables},
        check=False,
    )


def imported_by(*words: str) -> set[str]:
    """Top-level modules that a command imports."""
    script = f"""
import sys
sys.argv = ["oilcan", *{words!r}]
from oilcan.command_line import main
try:
    main()
except SystemExit:
    print("imported", *{{name.partition(".")[0] for name in sys.modules}})
"""
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return set(result.stdout.splitlines()[-1].split())


@pytest.mark.parametrize("words", [["--version"], ["version"]])
def test_it_tells_its_version(words: list[str]):
    assert oilcan(*words).stdout.strip() == version("oilcan")


def test_help_names_every_command():
    told = oilcan("--help").stdout
    for command in ("up", "demo", "edge", "ingest", "conditions", "maintenance", "serve"):
        assert f" {command} " in told


def test_help_comes_without_the_heavy_packages():
    heavy = {"numpy", "numba", "pandas", "pyarrow", "psycopg", "fastapi", "pydantic", "nats"}
    assert not imported_by("--help") & heavy


def test_an_error_is_a_message_and_no_traceback(tmp_path: Path):
    result = oilcan("migrate", OILCAN_DATABASE_URL="postgresql://127.0.0.1:1/nothing")
    assert result.returncode == 1
    assert "cannot be reached" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_wrong_option_is_named_as_it_was_given(tmp_path: Path):
    result = oilcan("serve", "--home", str(tmp_path), "--http-port", "70000")
    assert result.returncode == 1
    assert "--http-port=70000" in result.stderr


def test_a_wrong_variable_is_named_as_it_was_given():
    result = oilcan("migrate", OILCAN_PARTITIONS="none")
    assert result.returncode == 1
    assert "OILCAN_PARTITIONS='none'" in result.stderr


def test_a_plant_folder_that_does_not_exist_is_refused(tmp_path: Path):
    assert oilcan("check", str(tmp_path / "nowhere")).returncode == 2


def test_a_role_without_a_log_is_told_what_to_do(tmp_path: Path):
    result = oilcan("ingest", OILCAN_HOME=str(tmp_path), OILCAN_LOG_URL="")
    assert result.returncode == 1
    assert "set OILCAN_LOG_URL, or start `oilcan up`" in result.stderr


def test_an_option_stands_over_its_variable(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OILCAN_HTTP_PORT", "1111")
    assert load(Settings, http_port=2222).http_port == 2222
    assert load(Settings, http_port=None).http_port == 1111


def test_migrate_says_what_it_applied_and_then_that_nothing_is_missing(empty_database_url: str):
    first = oilcan("migrate", "--database-url", empty_database_url)
    second = oilcan("migrate", "--database-url", empty_database_url)
    assert "applied 0001_register" in first.stdout
    assert second.stdout == "the schema is up to date\n"


async def test_a_key_works_from_its_making_to_its_revocation(
    database_url: str, connection: Connection
):
    made = oilcan("key", "create", "power BI", "--role", "planner", "--database-url", database_url)
    key = made.stdout.strip()
    caller = await authenticate(connection, key)
    listed = oilcan("key", "list", "--database-url", database_url).stdout
    assert caller.role == "planner"
    assert "power BI" in listed
    assert key not in listed
    prefix = listed.split()[0]
    assert oilcan("key", "revoke", prefix, "--database-url", database_url).returncode == 0
    assert "revoked" in oilcan("key", "list", "--database-url", database_url).stdout


async def test_a_person_is_added_with_a_password_that_signs_in(database_url: str):
    from api.access.service import sign_in

    made = oilcan("person", "add", "maria", "--database-url", database_url).stdout
    password = made.split("password: ")[1].strip()
    opened = await connect(database_url)
    assert await sign_in(opened, login="maria", password=password)
    await opened.close()


def test_a_second_person_of_the_same_login_is_refused(database_url: str):
    oilcan("person", "add", "maria", "--database-url", database_url)
    again = oilcan("person", "add", "maria", "--database-url", database_url)
    assert again.returncode == 1
    assert "maria" in again.stderr
