"""Back a database up into one file, and restore it: whole and proved, or not at all."""

import time
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict

from config.clock import now
from config.database import Level
from config.migrate import load_migrations
from maintenance.attachments.folder import FileFolder
from oilcan.backup import database
from oilcan.backup.archive import (
    Manifest,
    kept_files,
    pour_dump,
    read_manifest,
    write_archive,
)
from oilcan.backup.tools import dumping, restoring, with_database
from oilcan.errors import BackupDamaged, BackupFailed, RestoreRefused

_MAINTENANCE = "postgres"
_LEDGER = "schema_migration"
_LOOKS, _BETWEEN_S = 30, 0.1
# A file was taken at the limit of its time.
_ANY_SIZE = 1 << 62

TIMESCALE_CREATE = "CREATE EXTENSION timescaledb"
TIMESCALE_PRE_RESTORE = "SELECT timescaledb_pre_restore()"
TIMESCALE_POST_RESTORE = "SELECT timescaledb_post_restore()"


def write_backup(url: str, path: Path, *, files: FileFolder) -> Manifest:
    """Write a backup of one instant, while everything runs; the file appears when it is whole.

    Documents and photos come along: they are never changed, and stay a day after their last link.

    Raises `BackupFailed`, `DatabaseUnavailable`.
    """
    part = path.with_name(f"{path.name}.part")
    try:
        with database.session(url) as connection, connection.transaction():
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            row = connection.execute("SELECT pg_export_snapshot()").fetchone()
            assert row is not None  # noqa: S101 - a function always gives a row
            with dumping(url, str(row[0])) as dump:
                kept = [files.path(digest) for digest in database.linked_files(connection)]
                manifest = write_archive(part, dump, _describe(connection), files=kept)
        part.replace(path)
    except OSError as error:
        raise BackupFailed(f"{path}: {error.strerror or error}") from error
    finally:
        part.unlink(missing_ok=True)
    return manifest


def restore_backup(url: str, path: Path, *, files: FileFolder, replace: bool) -> Manifest:
    """Restore a backup beside, count its rows, and put it in the place of the database.

    Documents and photos are put to those that are there before the database takes its place.

    The database has to be empty, or `replace` has to be said; nobody may be connected to it. Until
    the last step the old one stays as it is. Raises `BackupDamaged`, `RestoreRefused`,
    `BackupFailed`, `DatabaseUnavailable`.
    """
    manifest = read_manifest(path)
    name = str(conninfo_to_dict(url)["dbname"])
    fresh, old = f"{name}_restoring", f"{name}_replaced"
    with database.session(with_database(url, _MAINTENANCE)) as server:
        if database.exists(server, name):
            _refuse_unless_free(server, url, name, replace=replace)
        try:
            database.make(server, fresh)
            _fill(with_database(url, fresh), path, manifest)
            _put_files(path, files)
            database.drop(server, old)
            database.swap(server, name=name, fresh=fresh, old=old)
            database.drop(server, old)
        except psycopg.Error as error:
            raise BackupFailed(f"{path}: it could not be restored: {error}") from error
        finally:
            database.drop(server, fresh)
    return manifest


def _describe(connection: database.Session) -> Manifest:
    level = database.table_level(connection)
    if level is None or _LEDGER not in database.tables(connection):
        raise BackupFailed("there is nothing to back up: the database is empty")
    version_of_timescale = database.timescale_version(connection)
    server = f"PostgreSQL {connection.info.server_version // 10_000}"
    if version_of_timescale:
        server += f", TimescaleDB {version_of_timescale}"
    return Manifest(
        created_at=now().isoformat(timespec="seconds"),
        oilcan=version("oilcan"),
        server=server,
        level=level.value,
        migrations=database.migrations(connection),
        rows=database.count_rows(connection),
    )


def _refuse_unless_free(server: database.Session, url: str, name: str, *, replace: bool) -> None:
    with database.session(url) as connection:
        rows = database.count_rows(connection)
    if any(rows[table] for table in rows.keys() - {_LEDGER}) and not replace:
        raise RestoreRefused(
            f"the database {name} is not empty: say --replace to give it up, or restore into an"
            " empty one"
        )
    connected = _connected(server, name)
    if connected:
        raise RestoreRefused(f"stop first what is connected to {name}: {', '.join(connected)}")


def _connected(server: database.Session, name: str) -> list[str]:
    """Who stays connected: a session that has just ended, ours too, is listed for a moment."""
    for _ in range(_LOOKS):
        if not database.others(server, name):
            return []
        time.sleep(_BETWEEN_S)
    return database.others(server, name)


def _fill(url: str, path: Path, manifest: Manifest) -> None:
    """Restore the dump into an empty database, and see that every row is there."""
    _refuse_newer(manifest)
    timescale = "TimescaleDB" in manifest.server
    with database.session(url) as connection:
        if timescale:
            _prepare_timescale(connection, manifest)
    with restoring(url) as sink:
        pour_dump(path, sink, manifest)
    with database.session(url) as connection:
        if timescale:
            connection.execute(TIMESCALE_POST_RESTORE)
        connection.execute("ANALYZE")
        _compare(manifest, database.table_level(connection), database.count_rows(connection))


def _put_files(path: Path, files: FileFolder) -> None:
    """Every kept file in its place, each proved by its digest. Raises `BackupDamaged`."""
    for digest, content in kept_files(path):
        received = files.receive_bytes(content, name=digest, most=_ANY_SIZE)
        try:
            if received.content.sha256 != digest:
                raise BackupDamaged(f"{path}: the file {digest} is not what was written")
            files.keep(received)
        finally:
            received.drop()


def _prepare_timescale(connection: database.Session, manifest: Manifest) -> None:
    wanted = manifest.server.rpartition(" ")[2]
    try:
        connection.execute(TIMESCALE_CREATE)
    except psycopg.Error as error:
        raise RestoreRefused(
            f"the backup is of {manifest.server}, and this server has no TimescaleDB: {error}"
        ) from error
    found = database.timescale_version(connection)
    if found != wanted:
        raise RestoreRefused(
            f"the backup is of TimescaleDB {wanted}, this server has {found}: install {wanted},"
            " restore, then update the extension"
        )
    if manifest.level == Level.COLUMNSTORE and not database.has_columnstore(connection):
        raise RestoreRefused(
            f"the backup has a columnstore (level 3), which the Apache edition of TimescaleDB {found}"
            " on this server cannot read: restore into one of the Community edition"
        )
    connection.execute(TIMESCALE_PRE_RESTORE)


def _refuse_newer(manifest: Manifest) -> None:
    ours = {item.number for item in load_migrations(Level(manifest.level))}
    newer = sorted(set(manifest.migrations) - ours)
    if newer:
        raise RestoreRefused(
            f"the backup is of Oilcan {manifest.oilcan}, which is newer than this one: its schema"
            f" has migration {newer[0]:04}"
        )


def _compare(manifest: Manifest, level: Level | None, found: Mapping[str, int]) -> None:
    wrong = [
        f"{table}: {found.get(table, 0)} rows instead of {rows}"
        for table, rows in manifest.rows.items()
        if found.get(table) != rows
    ]
    if level != manifest.level:
        wrong.append(f"the tables are of level {level}, not {manifest.level}")
    if wrong:
        raise BackupFailed(f"not everything was restored: {'; '.join(wrong)}")
