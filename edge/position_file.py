"""Where the forwarder stands in the gateway's own log, kept in a small file that is whole or old."""

import json
import os
from pathlib import Path

from config.log import Position


def load_position(file: Path) -> Position:
    """The position that was saved last; the log's start where there is none that can be read."""
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
        return Position(str(kept["stream"]), int(kept["sequence"]))
    except (OSError, ValueError, KeyError, TypeError):
        return Position()


def save_position(file: Path, position: Position) -> None:
    """Put a position in place of the old one; it is on disk on return. Raises `OSError`."""
    draft = file.with_suffix(".new")
    kept = {"stream": position.stream, "sequence": position.sequence}
    with draft.open("w", encoding="utf-8") as opened:
        json.dump(kept, opened)
        opened.flush()
        os.fsync(opened.fileno())
    draft.replace(file)
    _sync_folder(file.parent)


def _sync_folder(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
