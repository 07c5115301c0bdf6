"""Names of mails that made nothing are forgotten by the clock."""

from datetime import timedelta

from config.clock import ClockUs, from_us
from config.database import Connection
from config.settings import Settings
from maintenance.requests.mail import store

# As long as what happened is kept: read again after that, such a mail makes nothing again.
_KEEP_IGNORED = timedelta(days=90)


async def forget_ignored_mails(connection: Connection, _: Settings, clock: ClockUs) -> None:
    """Forget which programs' mails were read 90 days ago; what led to a request stays known."""
    await store.forget_ignored(connection, before=from_us(clock()) - _KEEP_IGNORED)
