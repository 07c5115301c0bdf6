"""`oilcan backup` and `oilcan restore` on the embedded database of a home."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import psycopg

from config.migrate import migrate
from oilcan.backup.command import running
from oilcan.engines.postgres import PostgresEngine


def oilcan(*words: str, home: Path) -> subprocess.CompletedProcess[str]:
    given = {name: value for name, value in os.environ.items() if not name.startswith("OILCAN_")}
    return subprocess.run(
        [sys.executable, "-m", "oilcan", *words, "--home", str(home)],
        capture_output=True,
        text=True,
        env={**given, "TERM": "dumb"},
        check=False,
    )


def test_a_backup_moves_a_plant_to_another_home(tmp_path: Path) -> None:
    old, new = (PostgresEngine(tmp_path / name, durable=False) for name in ("old", "new"))
    file = tmp_path / "plant.oilcan"
    with running(old):
        asyncio.run(migrate(old.url))
        with psycopg.connect(old.url) as connection:
            connection.execute("INSERT INTO site (code, name) VALUES ('S', 'Site')")
        while_it_runs = oilcan("backup", str(tmp_path / "live"), home=old.home)
        assert while_it_runs.returncode == 0, while_it_runs.stderr
    backup = oilcan("backup", str(file), home=old.home)
    assert "0 assets, 0 work orders, 0 readings, 0 documents and photos as of" in backup.stdout
    restored = oilcan("restore", str(file), home=new.home)
    assert restored.returncode == 0, restored.stderr
    again = oilcan("restore", str(file), home=new.home)
    assert (again.returncode, again.stdout) == (1, "")
    assert "--replace" in again.stderr
    with running(new), psycopg.connect(new.url) as connection:
        assert connection.execute("SELECT code FROM site").fetchall() == [("S",)]


def test_what_cannot_be_done_is_said_in_words(tmp_path: Path) -> None:
    nothing = oilcan("backup", str(tmp_path / "a"), home=tmp_path / "home")
    assert (nothing.returncode, nothing.stdout) == (1, "")
    assert "there is no database" in nothing.stderr
