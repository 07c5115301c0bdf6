"""The folder of kept files: each under its own digest, put there whole or not at all."""

import asyncio
import hashlib
import os
import tempfile
from collections.abc import AsyncIterable, Iterable
from dataclasses import dataclass
from pathlib import Path

from maintenance.attachments.attachment import MOST_BYTES, Content
from maintenance.attachments.media_type import LONGEST_SIGNATURE, media_type
from maintenance.errors import FileEmpty, FileMissing, FileTooLarge

FILES = "files"
"""Name of the folder below OILCAN_HOME."""

_ARRIVING = "arriving"


@dataclass(frozen=True, slots=True)
class Received:
    """A file that has come in whole and waits beside the folder to be kept."""

    content: Content
    path: Path

    def drop(self) -> None:
        """Forget it, unless it was kept meanwhile."""
        self.path.unlink(missing_ok=True)


class FileFolder:
    """Files below `home`, named by the digest of their content (`files/ab/ab12…`)."""

    def __init__(self, home: Path) -> None:
        self._root = home / FILES

    def path(self, sha256: str) -> Path:
        """Where a file stands, or would stand."""
        return self._root / sha256[:2] / sha256

    def existing(self, sha256: str) -> Path:
        """Where a file stands. Raises `FileMissing`."""
        path = self.path(sha256)
        if not path.is_file():
            raise FileMissing(sha256)
        return path

    async def receive(
        self, chunks: AsyncIterable[bytes], *, name: str, most: int = MOST_BYTES
    ) -> Received:
        """Take a file in as it comes. Raises `FileTooLarge` past `most` bytes, `FileEmpty`."""
        arriving = self._arriving(most)
        try:
            async for chunk in chunks:
                arriving.write(chunk)
            return await asyncio.to_thread(arriving.finish, name)
        except BaseException:
            arriving.give_up()
            raise

    def receive_bytes(
        self, data: Iterable[bytes], *, name: str, most: int = MOST_BYTES
    ) -> Received:
        """The same for what is in memory already, such as a part of an e-mail."""
        arriving = self._arriving(most)
        try:
            for chunk in data:
                arriving.write(chunk)
            return arriving.finish(name)
        except BaseException:
            arriving.give_up()
            raise

    def keep(self, received: Received) -> None:
        """Put a received file in its place; one of the same content stays as it is."""
        path = self.path(received.content.sha256)
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            received.drop()
        else:
            received.path.replace(path)
            _sync(path.parent)

    def discard(self, sha256: str) -> None:
        """Delete a file, if it is there."""
        self.path(sha256).unlink(missing_ok=True)

    def _arriving(self, most: int) -> "_Arriving":
        folder = self._root / _ARRIVING
        folder.mkdir(parents=True, exist_ok=True)
        return _Arriving(folder, most)


class _Arriving:
    """A file that is being written, its digest and size with it."""

    def __init__(self, folder: Path, most: int) -> None:
        descriptor, name = tempfile.mkstemp(dir=folder)
        self._file = os.fdopen(descriptor, "wb")
        self._path = Path(name)
        self._most = most
        self._digest = hashlib.sha256()
        self._size = 0
        self._start = b""

    def write(self, chunk: bytes) -> None:
        self._size += len(chunk)
        if self._size > self._most:
            raise FileTooLarge(self._most)
        if len(self._start) < LONGEST_SIGNATURE:
            self._start += chunk[:LONGEST_SIGNATURE]
        self._digest.update(chunk)
        self._file.write(chunk)

    def finish(self, name: str) -> Received:
        if not self._size:
            raise FileEmpty
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        found = Content(self._digest.hexdigest(), self._size, media_type(self._start, name))
        return Received(found, self._path)

    def give_up(self) -> None:
        self._file.close()
        self._path.unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    """Have the file's new name on disk too, not only its content."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
