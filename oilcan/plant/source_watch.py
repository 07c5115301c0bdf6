"""The sources of a plant folder, read again when a file in it changed."""

from pathlib import Path

from edge.source_file import Source
from oilcan.plant.documents import load_edge_sources

Fingerprint = tuple[tuple[str, int, int, int], ...]


class SourceWatch:
    """Knows how the folder stood when it was last read."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen: Fingerprint = ()

    def read(self) -> list[Source]:
        """The sources at present. Raises `DocumentError`."""
        # Looked at before it is read: what is written meanwhile is seen the next time.
        self._seen = _fingerprint(self._folder)
        return load_edge_sources(self._folder)

    def changed(self) -> list[Source] | None:
        """The sources where any file changed since the last reading, else None.

        Raises `DocumentError`, once for each change.
        """
        return None if _fingerprint(self._folder) == self._seen else self.read()


def _fingerprint(folder: Path) -> Fingerprint:
    """Name, time of writing, size and identity of every plant file."""
    found: list[tuple[str, int, int, int]] = []
    for file in sorted(folder.rglob("*.yaml")):
        try:
            about = file.stat()
        except OSError:
            # It went while we looked, or nobody may read it: reading will tell.
            found.append((str(file), 0, 0, 0))
        else:
            found.append((str(file), about.st_mtime_ns, about.st_size, about.st_ino))
    return tuple(found)
