"""`oilcan backup` and `oilcan restore`; they start the embedded PostgreSQL where it does not run."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

from config.clock import monotonic
from config.errors import EngineError
from config.settings import Settings
from maintenance.attachments.folder import FileFolder
from oilcan.backup.archive import Manifest
from oilcan.backup.service import restore_backup, write_backup
from oilcan.engines.postgres import PostgresEngine
from oilcan.engines.process import start
from oilcan.home import held
from oilcan.settings import load

_START_S = 60.0


def run_backup(file: Path, **options: object) -> None:
    """Write a backup and say what is in it. Raises `OilcanError`."""
    settings = load(Settings, **options)
    files = FileFolder(settings.home.resolve())
    if settings.database_url:
        manifest = write_backup(settings.database_url, file, files=files)
    else:
        engine = PostgresEngine(settings.home.resolve())
        if not engine.data.exists():
            raise EngineError(f"there is no database in {engine.home}: give its home with --home")
        if engine.ready():
            manifest = write_backup(engine.url, file, files=files)
        else:
            with held(engine.home), running(engine):
                manifest = write_backup(engine.url, file, files=files)
    typer.echo(f"{file}: {manifest.bytes:,} bytes, {_told(manifest)}")


def run_restore(file: Path, *, replace: bool, **options: object) -> None:
    """Restore a backup and say what is there now. Raises `OilcanError`."""
    settings = load(Settings, **options)
    files = FileFolder(settings.home.resolve())
    if settings.database_url:
        manifest = restore_backup(settings.database_url, file, files=files, replace=replace)
    else:
        engine = PostgresEngine(settings.home.resolve())
        with held(engine.home), running(engine):
            manifest = restore_backup(engine.url, file, files=files, replace=replace)
    typer.echo(f"restored from {file}: {_told(manifest)}")


def _told(manifest: Manifest) -> str:
    """The figures by which a planner knows the plant again."""
    shown = {"asset": "assets", "work_order": "work orders", "reading": "readings"}
    counts = [f"{manifest.rows.get(table, 0):,} {words}" for table, words in shown.items()]
    counts.append(f"{manifest.files:,} documents and photos")
    if manifest.files_missing:
        counts.append(f"{manifest.files_missing:,} more whose content is MISSING")
    return f"{', '.join(counts)} as of {manifest.created_at}"


@contextmanager
def running(engine: PostgresEngine) -> Iterator[None]:
    """Run the embedded PostgreSQL until the end of the block. Raises `EngineError`."""
    engine.prepare()
    output = engine.home / "logs" / f"{engine.name}.log"
    process = start(engine.command(), output)
    try:
        give_up = monotonic() + _START_S
        while not engine.ready():
            if process.poll() is not None or monotonic() > give_up:
                raise EngineError(f"PostgreSQL does not start: see {output}")
            time.sleep(0.05)
        yield
    finally:
        process.send_signal(engine.stop_signal)
        process.wait(_START_S)
