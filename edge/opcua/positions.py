"""How far each history has been stored, in a file that outlives the edge's process.

The file is written before a variable is watched for the first time, and then every few seconds, after
the log's fsync. What it is behind by when the process is killed is read from the history twice;
readings of one point and time are stored once.
"""

import asyncio
import json
import os
from collections.abc import Mapping
from pathlib import Path

from config.diagnostics import logger

log = logger(__name__)


class Positions:
    """The last source time of each tag in µs, in a file; without one nothing is kept."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._written: dict[str, int] = {}
        self._writing = asyncio.Lock()
        self._told = False

    def read(self) -> dict[str, int]:
        """What was written last; a file that cannot be read says nothing, and is written anew."""
        if self._file is None:
            return {}
        try:
            found = json.loads(self._file.read_text("utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            log.warning("positions cannot be read", file=str(self._file), error=str(error))
            return {}
        times = found if isinstance(found, dict) else {}
        return {tag: us for tag, us in times.items() if type(us) is int}

    async def keep(self, last_us: Mapping[str, int]) -> None:
        """Write without holding up the event loop; a full disk is told once, and costs no reading."""
        async with self._writing:
            try:
                await asyncio.to_thread(self.write, last_us)
                self._told = False
            except OSError as error:
                if not self._told:
                    log.warning("positions cannot be written", error=str(error))
                self._told = True

    def write(self, last_us: Mapping[str, int]) -> None:
        """Have the file hold these, or the ones before where the machine fails in between.

        Raises `OSError`.
        """
        if self._file is None or self._written == last_us:
            return
        now = dict(last_us)
        self._file.parent.mkdir(parents=True, exist_ok=True)
        beside = self._file.with_suffix(".new")
        with beside.open("w", encoding="utf-8") as file:
            json.dump(now, file)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self._file)
        self._written = now
