"""The embedded PostgreSQL: where it keeps its data, and how it starts, stops and comes back."""

import os
import shutil
import signal
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from config.errors import EngineError
from oilcan.engines.postgres import PostgresEngine
from oilcan.engines.process import start

_PATIENCE_S = 20.0


@pytest.fixture(scope="module")
def initialised(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of an engine that has run once, to copy: making one takes a second."""
    home = tmp_path_factory.mktemp("initialised")
    with serving(PostgresEngine(home, durable=False)):
        pass
    return home


@pytest.fixture
def home(initialised: Path, tmp_path: Path) -> Path:
    """A home of the test's own, below a folder that is closed to others."""
    tmp_path.chmod(0o700)
    return copied(initialised, tmp_path / "home")


def copied(initialised: Path, home: Path) -> Path:
    home.mkdir(parents=True)
    shutil.copytree(initialised / "postgres", home / "postgres")
    owner = (initialised / "postgres").stat()
    for path in (home / "postgres", *(home / "postgres").rglob("*")):
        os.chown(path, owner.st_uid, owner.st_gid)
    return home


@contextmanager
def serving(engine: PostgresEngine) -> Iterator[int]:
    """Run an engine; gives its process id."""
    engine.prepare()
    process = start(engine.command(), engine.home / "postgres.log")
    try:
        wait_until(engine.ready)
        yield process.pid
    finally:
        process.send_signal(engine.stop_signal)
        process.wait(_PATIENCE_S)


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def answer(engine: PostgresEngine) -> object:
    with psycopg.connect(engine.url) as connection:
        row = connection.execute("SELECT 42").fetchone()
    return row[0] if row else None


def test_it_serves_our_database_behind_a_closed_folder(home: Path):
    engine = PostgresEngine(home, durable=False)
    with serving(engine):
        assert answer(engine) == 42


def test_it_serves_from_a_home_whose_path_is_too_long_for_a_socket(
    initialised: Path, tmp_path: Path
):
    engine = PostgresEngine(copied(initialised, tmp_path / ("long" * 25)), durable=False)
    assert not engine.socket_folder.is_relative_to(engine.home)
    with serving(engine):
        assert answer(engine) == 42
    shutil.rmtree(engine.socket_folder)


def test_it_is_not_ready_after_it_has_stopped(home: Path):
    engine = PostgresEngine(home, durable=False)
    with serving(engine):
        assert engine.ready()
    assert not engine.ready()


def test_data_and_socket_are_closed_to_others(home: Path):
    engine = PostgresEngine(home, durable=False)
    engine.prepare()
    for folder in (engine.data, engine.socket_folder):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_it_starts_again_over_what_a_kill_left(home: Path):
    engine = PostgresEngine(home)
    with serving(engine) as pid:
        with psycopg.connect(engine.url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
        os.kill(pid, signal.SIGKILL)
    with restarted(engine), psycopg.connect(engine.url) as connection:
        assert connection.execute("SELECT number FROM kept").fetchall() == [(7,)]


@contextmanager
def restarted(engine: PostgresEngine) -> Iterator[None]:
    """Start until it stays: backends of a killed server hold its memory for a moment."""
    engine.prepare()
    process = start(engine.command(), engine.home / "postgres.log")

    def ready() -> bool:
        nonlocal process
        if process.poll() is not None:
            process = start(engine.command(), engine.home / "postgres.log")
        return engine.ready()

    try:
        wait_until(ready)
        yield
    finally:
        process.send_signal(engine.stop_signal)
        process.wait(_PATIENCE_S)


def test_a_first_start_that_was_cut_short_begins_again(tmp_path: Path):
    draft = tmp_path / "postgres.new"
    draft.mkdir()
    (draft / "PG_VERSION").write_text("18\n")
    engine = PostgresEngine(tmp_path, durable=False)
    engine.prepare()
    assert (engine.data / "global" / "pg_control").exists()
    assert not draft.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a folder that is another's")
def test_its_socket_has_a_short_path_where_that_of_temporary_files_is_long_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    long = tmp_path / ("long" * 25)
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    assert len(str(PostgresEngine(long).socket_folder)) <= 85


def test_a_socket_folder_that_another_user_laid_out_is_not_used(tmp_path: Path):
    engine = PostgresEngine(tmp_path / ("long" * 25))
    engine.socket_folder.mkdir()
    os.chown(engine.socket_folder, 12_345, 12_345)
    try:
        with pytest.raises(EngineError, match="not ours"):
            engine.prepare()
    finally:
        engine.socket_folder.rmdir()


def test_a_socket_folder_that_is_a_link_is_not_used(tmp_path: Path):
    engine = PostgresEngine(tmp_path / ("long" * 25))
    engine.socket_folder.symlink_to(tempfile.gettempdir())
    try:
        with pytest.raises(EngineError, match="not ours"):
            engine.prepare()
    finally:
        engine.socket_folder.unlink()
