"""The file of what an import could not take: a CSV file in the long layout, to correct and import."""

import csv
import io
import os
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from ingest.importing.chunk import Reject

_COLUMNS = ["time", "tag", "value", "quality", "line", "problem"]


class RejectFile:
    """Made with its first reject; what a broken run wrote beyond `length` is cut off."""

    def __init__(self, path: Path, *, length: int = 0) -> None:
        self.path = path
        self.length = length
        self._file: BinaryIO | None = None

    def write(self, rejects: Iterable[Reject]) -> None:
        """Add rejects; on return they are on the disk."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerows([r.time, r.tag, r.value, r.quality, r.line, r.problem] for r in rejects)
        if not text.tell():
            return
        file = self._opened()
        file.write(text.getvalue().encode("utf-8", "replace"))
        file.flush()
        os.fsync(file.fileno())
        self.length = file.tell()

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()

    def _opened(self) -> BinaryIO:
        if self._file is None:
            self._file = self.path.open("ab")
            self._file.truncate(self.length)
            self._file.seek(self.length)
            if not self.length:
                self._file.write(",".join(_COLUMNS).encode() + b"\n")
        return self._file
