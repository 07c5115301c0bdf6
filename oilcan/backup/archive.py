"""The file of a backup: a ZIP archive with PostgreSQL's own dump, kept files, and a manifest.

The manifest proves the dump; a kept file is proved by its name, which is the digest of its content.
"""

import hashlib
import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Protocol

from oilcan.errors import BackupDamaged

_DUMP, _MANIFEST = "database.dump", "manifest.json"
_FILES = "files/"
_CHUNK = 1024**2
_FORM = 1


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds: taken when, of what, with how many rows in each table and kept files.

    `files_missing` have a row in the database, and their content was not there to be taken.
    """

    created_at: str
    oilcan: str
    server: str
    level: int
    migrations: Mapping[int, str]
    rows: Mapping[str, int]
    bytes: int = 0
    sha256: str = ""
    files: int = 0
    files_missing: int = 0


class Sink(Protocol):
    """Takes bytes."""

    def write(self, data: bytes, /) -> object:
        """Take some."""
        ...


def write_archive(
    path: Path, dump: IO[bytes], manifest: Manifest, *, files: Sequence[Path] = ()
) -> Manifest:
    """Write a backup from the dump's bytes and kept files; the manifest that it got."""
    digest, size = hashlib.sha256(), 0
    there = [file for file in files if file.is_file()]
    # Stored as it is: the dump is packed already.
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        with archive.open(_DUMP, "w", force_zip64=True) as entry:
            while data := dump.read(_CHUNK):
                digest.update(data)
                size += len(data)
                entry.write(data)
        for file in there:
            archive.write(file, f"{_FILES}{file.name}")
        found = {
            "bytes": size,
            "sha256": digest.hexdigest(),
            "files": len(there),
            "files_missing": len(files) - len(there),
        }
        whole = Manifest(**{**asdict(manifest), **found})
        archive.writestr(_MANIFEST, json.dumps({"form": _FORM, **asdict(whole)}, indent=2))
    return whole


def read_manifest(path: Path) -> Manifest:
    """What a backup says of itself. Raises `BackupDamaged`."""
    with _opened(path) as archive:
        try:
            said = json.loads(archive.read(_MANIFEST))
            form = said.pop("form")
            if form != _FORM:
                raise BackupDamaged(f"{path}: a form of backup that this program does not know")
            said["migrations"] = {int(key): value for key, value in said["migrations"].items()}
            return Manifest(**said)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise BackupDamaged(f"{path}: it is no backup of Oilcan") from error


def pour_dump(path: Path, sink: Sink, manifest: Manifest) -> None:
    """Write the dump's bytes into a sink. Raises `BackupDamaged` where they are not what they were."""
    digest = hashlib.sha256()
    with _opened(path) as archive:
        try:
            with archive.open(_DUMP) as entry:
                while data := entry.read(_CHUNK):
                    digest.update(data)
                    sink.write(data)
        except (KeyError, zipfile.BadZipFile, EOFError) as error:
            raise BackupDamaged(f"{path}: {error}") from error
    if digest.hexdigest() != manifest.sha256:
        raise BackupDamaged(f"{path}: its content is not what was written")


def kept_files(path: Path) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Digest and content of every kept file, to be read in turn. Raises `BackupDamaged`."""
    with _opened(path) as archive:
        for name in archive.namelist():
            if name.startswith(_FILES):
                yield name.removeprefix(_FILES), _content(path, archive, name)


def _content(path: Path, archive: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    try:
        with archive.open(name) as entry:
            while data := entry.read(_CHUNK):
                yield data
    except (zipfile.BadZipFile, EOFError) as error:
        raise BackupDamaged(f"{path}: {error}") from error


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except OSError as error:
        raise BackupDamaged(f"{path}: {error.strerror or error}") from error
    except zipfile.BadZipFile as error:
        raise BackupDamaged(f"{path}: it is no backup, or was cut off: {error}") from error
