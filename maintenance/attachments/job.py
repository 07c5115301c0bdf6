"""Files that nothing links any more are deleted by the clock."""

from config.clock import ClockUs, from_us
from config.database import Connection
from config.settings import Settings
from maintenance.attachments.folder import FileFolder
from maintenance.attachments.service import discard_unlinked


async def discard_files(connection: Connection, settings: Settings, clock: ClockUs) -> None:
    """Delete what has had no link for a day, some at a time until nothing is left."""
    folder = FileFolder(settings.home)
    while await discard_unlinked(connection, folder, at=from_us(clock())):
        pass
