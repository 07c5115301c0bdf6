"""A log whose disk was full: its server does not try to write again by itself, so it is started anew."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from config.diagnostics import logger
from config.tasks import end_tasks
from oilcan.child import Child

ROOM_BYTES = 64 * 1024**2
"""Free bytes from which on it is worth a try."""
_LOOK_S = 2.0
_COMPLAINT = "no space left on device"

log = logger(__name__)


class FullDisk:
    """Whether the server of a folder has said that it could not write."""

    def __init__(self, folder: Path) -> None:
        self.complained = False
        self._folder = folder

    def hear(self, line: str) -> None:
        """Take in a line of the server."""
        if _COMPLAINT in line and not self.complained:
            self.complained = True
            log.warning("the log's disk is full, nothing is confirmed", folder=str(self._folder))

    def has_room(self, pid: int) -> bool:
        """Is there room where the server writes? It may have file systems of its own."""
        seen = Path(f"/proc/{pid}/root{self._folder}")
        try:
            disk = os.statvfs(seen if seen.exists() else self._folder)
        except OSError:
            return False
        return disk.f_bavail * disk.f_frsize >= ROOM_BYTES


@asynccontextmanager
async def watched(disk: FullDisk, child: Child) -> AsyncIterator[None]:
    """Have the server end, to be started anew, once there is room again; until the block's end."""
    task = asyncio.create_task(_watch(disk, child))
    try:
        yield
    finally:
        await end_tasks([task])


async def _watch(disk: FullDisk, child: Child) -> None:
    while True:
        await asyncio.sleep(_LOOK_S)
        pid = child.pid
        if disk.complained and pid is not None and await asyncio.to_thread(disk.has_room, pid):
            disk.complained = False
            log.info("there is room again, the log's server is started anew")
            child.end()
