"""PostgreSQL's own programs, run on a database."""

import os
import sys
from pathlib import Path

import pytest

from oilcan.backup.tools import restoring
from oilcan.errors import BackupFailed


def test_a_password_is_not_on_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "pg_restore"
    program.write_text(
        f"#!{sys.executable}\nimport os, sys\n"
        "sys.exit(f'{sys.argv} password={os.environ.get(\"PGPASSWORD\")}')\n"
    )
    program.chmod(0o755)
    monkeypatch.setattr("oilcan.backup.tools.binaries", lambda: tmp_path)
    url = "postgresql://oilcan:s3cr3t@db.plant/oilcan"
    with pytest.raises(BackupFailed) as failed, restoring(url):
        pass
    words, _, password = str(failed.value).partition("password=")
    assert "s3cr3t" not in words
    assert "host=db.plant" in words
    assert password == "s3cr3t"
    assert "PGPASSWORD" not in os.environ
