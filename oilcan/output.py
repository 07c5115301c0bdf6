"""Where the processes that we run write to: files that are set aside when they grow too large."""

import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

KEPT = 3
_TAIL_BYTES = 4096
# structlog's levels; PostgreSQL's and NATS's own words for what cannot go on. What ends a process is
# not here: its last line is told with its end.
_ERROR = re.compile(rb"\[(error|critical)\b|\bPANIC: |\[FTL\]")


class RotatingFile:
    """A file that is appended to; at `max_bytes` it becomes `.1`, that one `.2`, and so on."""

    def __init__(self, path: Path, *, max_bytes: int) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._max_bytes = max_bytes
        self._file = path.open("ab", buffering=0)

    def write(self, data: bytes) -> None:
        """Append `data`, in a new file if the present one would grow too large.

        What a full disk refuses is let go: a process is not to end for want of a place to talk.
        """
        with suppress(OSError):
            if self._file.tell() + len(data) > self._max_bytes:
                self._set_aside()
            self._file.write(data)

    def close(self) -> None:
        self._file.close()

    def _set_aside(self) -> None:
        for number in range(KEPT, 0, -1):
            younger = self._numbered(number - 1)
            if younger.exists():
                younger.replace(self._numbered(number))
        fresh = self._path.open("ab", buffering=0)
        self._file.close()
        self._file = fresh

    def _numbered(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}") if number else self._path


class Output:
    """What one process says: kept in a file, its errors also passed on, its last words at hand.

    `hear` is given every line.
    """

    def __init__(
        self,
        file: RotatingFile,
        *,
        show: Callable[[str], None],
        hear: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._file = file
        self._show = show
        self._hear = hear
        self._tail = b""
        self._unfinished = b""

    def take(self, data: bytes) -> None:
        """Take in what was read, at whatever boundary."""
        self._file.write(data)
        self._tail = (self._tail + data)[-_TAIL_BYTES:]
        *lines, self._unfinished = (self._unfinished + data).split(b"\n")
        self._unfinished = self._unfinished[-_TAIL_BYTES:]
        for line in lines:
            self._hear(line.decode(errors="replace"))
            if is_error(line):
                self._show(line.decode(errors="replace"))

    def last_line(self) -> str:
        """The last line that says something, without the frame of an exception group."""
        lines = self._tail.decode(errors="replace").split("\n")
        said = (line.strip(" |+-") for line in reversed(lines))
        return next((line for line in said if line), "")

    def close(self) -> None:
        self._file.close()


def is_error(line: bytes) -> bool:
    """Does a line report an error, whoever wrote it?"""
    return _ERROR.search(line) is not None
