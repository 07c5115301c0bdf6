"""A plant's database, backed up, destroyed, and there again."""

import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from config.database import SELECT_TABLE_LEVEL, Connection, Level, connect, find_level
from ingest.chunks import DAY_US, ensure_days
from maintenance.attachments.attachment import NewAttachment, Subject, SubjectKind
from maintenance.attachments.folder import FileFolder
from maintenance.attachments.queries import attachments_of
from maintenance.attachments.service import attach
from oilcan.backup import service
from oilcan.backup.archive import Manifest
from oilcan.errors import BackupDamaged, BackupFailed, RestoreRefused

pytestmark = pytest.mark.store

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def write_backup(url: str, file: Path) -> Manifest:
    """A backup of a plant whose files stand beside it."""
    return service.write_backup(url, file, files=FileFolder(file.parent))


def restore_backup(url: str, file: Path, *, replace: bool) -> Manifest:
    """The way back, into a folder of its own."""
    return service.restore_backup(
        url, file, files=FileFolder(file.parent / "restored"), replace=replace
    )


@pytest.fixture
async def plant(connection: Connection) -> None:
    """An asset, a point, and readings of three days."""
    await connection.execute("INSERT INTO site (code, name) VALUES ('S', 'Site')")
    await connection.execute("INSERT INTO asset_class (code, name) VALUES ('pump', 'Pump')")
    await connection.execute(
        "INSERT INTO asset (tag, name, class_id, site_id)"
        " SELECT 'P-101', 'Pümpe', c.id, s.id FROM site s, asset_class c"
    )
    await connection.execute(
        "INSERT INTO point (tag, asset_id, role, unit)"
        " SELECT 'P-101.temp', id, 'temp', 'degC' FROM asset"
    )
    day = int(NOON.timestamp()) * 1_000_000 // DAY_US
    await ensure_days(connection, range(day, day + 3))
    await connection.execute(
        "INSERT INTO reading SELECT p.id, %s + n * interval '1 minute', n / 3.0, 0"
        " FROM point p, generate_series(0, 2879) n",
        [NOON],
    )


@pytest.fixture
def other_url(database_url: str) -> Iterator[str]:
    """A database name that nobody has; what a test leaves there is removed."""
    name = f"oilcan_other_{uuid4().hex[:12]}"
    yield make_conninfo(database_url, dbname=name)
    with psycopg.connect(database_url, autocommit=True) as server:
        server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")  # type: ignore[arg-type]


def content(url: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url, options="-c timezone=UTC") as connection:
        sql = (
            "SELECT a.name, p.tag, r.ts, r.value FROM reading r JOIN point p ON p.id = r.point_id"
            " JOIN asset a ON a.id = p.asset_id ORDER BY r.ts"
        )
        return list(connection.execute(sql))


@pytest.mark.usefixtures("plant")
async def test_a_destroyed_database_comes_back_as_it_was(
    connection: Connection, database_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "plant.oilcan"
    before = content(database_url)
    manifest = write_backup(database_url, file)
    assert (manifest.rows["reading"], manifest.rows["asset"]) == (2880, 1)
    await connection.execute("DROP SCHEMA public CASCADE")
    await connection.execute("CREATE SCHEMA public")
    await connection.close()
    restored = restore_backup(database_url, file, replace=True)
    assert content(database_url) == before
    with psycopg.connect(database_url) as again:
        row = again.execute(SELECT_TABLE_LEVEL).fetchone()
        assert row is not None
        assert restored.level == manifest.level == row[0]
    with psycopg.connect(database_url, autocommit=True) as again:
        again.execute(
            "INSERT INTO reading SELECT id, %s, 1, 0 FROM point",
            [NOON + timedelta(hours=1, seconds=1)],
        )
        [(left,)] = again.execute(
            "SELECT count(*) FROM pg_database WHERE datname LIKE current_database() || '\\_re%'"
        )
        assert left == 0


@pytest.mark.usefixtures("plant")
def test_a_backup_goes_into_a_database_that_is_not_there_yet(
    database_url: str, other_url: str, tmp_path: Path
) -> None:
    write_backup(database_url, tmp_path / "a")
    restore_backup(other_url, tmp_path / "a", replace=False)
    assert content(other_url) == content(database_url)


@pytest.mark.usefixtures("plant")
async def test_a_full_database_is_given_up_only_when_that_is_said(
    connection: Connection, database_url: str, tmp_path: Path
) -> None:
    write_backup(database_url, tmp_path / "a")
    await connection.close()
    with pytest.raises(RestoreRefused, match="--replace"):
        restore_backup(database_url, tmp_path / "a", replace=False)


@pytest.mark.usefixtures("plant", "connection")
def test_a_database_in_use_is_not_replaced(database_url: str, tmp_path: Path) -> None:
    write_backup(database_url, tmp_path / "a")
    with (
        psycopg.connect(database_url, application_name="somebody"),
        pytest.raises(RestoreRefused, match="somebody"),
    ):
        restore_backup(database_url, tmp_path / "a", replace=True)


@pytest.fixture
async def good(connection: Connection, plant: None, database_url: str, tmp_path: Path) -> Path:
    """A backup of the plant; nobody is connected to the database any more."""
    write_backup(database_url, tmp_path / "good")
    await connection.close()
    return tmp_path / "good"


def test_a_backup_that_was_cut_off_is_refused(database_url: str, good: Path) -> None:
    whole = good.read_bytes()
    good.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BackupDamaged, match="good"):
        restore_backup(database_url, good, replace=True)


def test_one_wrong_byte_is_found_and_the_database_stays(database_url: str, good: Path) -> None:
    before = content(database_url)
    data = bytearray(good.read_bytes())
    data[len(data) // 3] ^= 1
    good.write_bytes(data)
    with pytest.raises((BackupDamaged, BackupFailed)):
        restore_backup(database_url, good, replace=True)
    assert content(database_url) == before


def test_a_backup_of_a_newer_program_is_refused(
    database_url: str, good: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = content(database_url)
    monkeypatch.setattr("oilcan.backup.service.load_migrations", lambda level: [])
    with pytest.raises(RestoreRefused, match="newer than this one"):
        restore_backup(database_url, good, replace=True)
    assert content(database_url) == before


def test_missing_rows_are_found_and_the_database_stays(database_url: str, good: Path) -> None:
    before = content(database_url)
    text = _manifest_of(good).replace('"reading": 2880', '"reading": 2881')
    _rewrite(good, text)
    with pytest.raises(BackupFailed, match="reading: 2880 rows instead of 2881"):
        restore_backup(database_url, good, replace=True)
    assert content(database_url) == before


@pytest.mark.parametrize("content_of", [b"", b"no backup at all"])
def test_what_is_no_backup_is_refused(database_url: str, tmp_path: Path, content_of: bytes) -> None:
    file = tmp_path / "a"
    file.write_bytes(content_of)
    with pytest.raises(BackupDamaged, match="no backup"):
        restore_backup(database_url, file, replace=False)


def test_a_backup_of_nothing_is_refused(empty_database_url: str, tmp_path: Path) -> None:
    with pytest.raises(BackupFailed, match="nothing to back up"):
        write_backup(empty_database_url, tmp_path / "a")
    assert not (tmp_path / "a").exists()


def test_a_backup_that_cannot_be_written_leaves_nothing(database_url: str, tmp_path: Path) -> None:
    with pytest.raises(BackupFailed, match="missing"):
        write_backup(database_url, tmp_path / "missing" / "a")


def _manifest_of(file: Path) -> str:
    with zipfile.ZipFile(file) as archive:
        return archive.read("manifest.json").decode()


def _rewrite(file: Path, manifest: str) -> None:
    with zipfile.ZipFile(file) as archive:
        dump = archive.read("database.dump")
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("database.dump", dump)
        archive.writestr("manifest.json", manifest)


@pytest.mark.usefixtures("plant")
async def test_a_columnstore_is_not_restored_where_none_can_be(
    connection: Connection, database_url: str, other_url: str, tmp_path: Path
) -> None:
    if await find_level(connection) is Level.PARTITIONS:
        pytest.skip("the server has no TimescaleDB")
    # What makes level 3 is that no index is unique; the rest of it needs the other edition.
    await connection.execute("DROP INDEX reading_point_ts")
    file = tmp_path / "plant.oilcan"
    assert write_backup(database_url, file).level == Level.COLUMNSTORE
    with pytest.raises(RestoreRefused, match="Community edition"):
        restore_backup(other_url, file, replace=False)


@pytest.fixture
async def photo(connection: Connection, tmp_path: Path) -> str:
    """The digest of a photo of an asset."""
    folder = FileFolder(tmp_path)
    new = NewAttachment(Subject(SubjectKind.ASSET, 1), "leak.jpg")
    received = folder.receive_bytes([b"a photo"], name="leak.jpg")
    return (await attach(connection, folder, received, new, actor="kim", at=NOON)).sha256


@pytest.mark.usefixtures("plant")
async def test_documents_and_photos_come_along(
    connection: Connection, database_url: str, other_url: str, tmp_path: Path, photo: str
) -> None:
    assert write_backup(database_url, tmp_path / "a").files == 1
    restore_backup(other_url, tmp_path / "a", replace=False)
    assert FileFolder(tmp_path / "restored").existing(photo).read_bytes() == b"a photo"
    async with await connect(other_url) as restored:
        [found] = await attachments_of(restored, Subject(SubjectKind.ASSET, 1))
    assert found.sha256 == photo


@pytest.mark.usefixtures("plant")
def test_a_photo_that_is_not_there_is_told_and_the_rest_is_backed_up(
    database_url: str, tmp_path: Path, photo: str
) -> None:
    FileFolder(tmp_path).discard(photo)
    manifest = write_backup(database_url, tmp_path / "a")
    assert (manifest.files, manifest.files_missing) == (0, 1)


@pytest.mark.usefixtures("plant")
def test_a_photo_that_is_another_one_is_not_restored(
    database_url: str, other_url: str, tmp_path: Path, photo: str
) -> None:
    FileFolder(tmp_path).path(photo).write_bytes(b"another")
    write_backup(database_url, tmp_path / "a")
    with pytest.raises(BackupDamaged, match=photo):
        restore_backup(other_url, tmp_path / "a", replace=False)
    with psycopg.connect(database_url) as server:
        name = conninfo_to_dict(other_url)["dbname"]
        found = server.execute("SELECT FROM pg_database WHERE datname = %s", [name]).fetchone()
    assert found is None
