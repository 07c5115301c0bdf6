"""The sources as their files have them at present: read again when these change."""

import asyncio
from collections.abc import Callable, Sequence

from config.diagnostics import logger
from config.errors import DocumentError
from edge.source_file import Source

log = logger(__name__)

Load = Callable[[], Sequence[Source] | None]
"""Reads the files: their sources, or None where nothing changed since the last time.

Raises `DocumentError`, once for each change.
"""


class Definitions:
    """What to collect from. Files that are wrong change nothing, which is said once."""

    def __init__(self, sources: Sequence[Source], load: Load) -> None:
        self.sources = tuple(sources)
        self.problem = ""
        """What is wrong with the files at present, or nothing."""
        self._load = load

    async def refresh(self) -> bool:
        """Read the files again where they changed. Did the sources?"""
        try:
            found = await asyncio.to_thread(self._load)
        except DocumentError as error:
            self._refuse(error)
            return False
        if found is None:
            return False
        if self.problem:
            log.info("plant files are right again")
            self.problem = ""
        changed = self.sources != tuple(found)
        self.sources = tuple(found)
        return changed

    def _refuse(self, error: DocumentError) -> None:
        first = error.problems[0]
        more = f" (and {len(error.problems) - 1} more)" if len(error.problems) > 1 else ""
        self.problem = f"plant files are wrong, the sources stay as they were: {first}{more}"
        log.warning("plant files are wrong, sources stay as they were", error=str(error))
