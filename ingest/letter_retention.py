"""How long dead letters are kept: what may still be stored longest, what only tells least."""

from config.database import Connection
from config.diagnostics import logger
from ingest import dead_letter_store
from ingest.chunks import DAY_US
from ingest.settings import IngestSettings

log = logger(__name__)


async def keep_letters(
    connection: Connection, settings: IngestSettings, *, now_us: int, retention_days: int
) -> None:
    """Drop dead letters past their time, and of each source the payloads beyond its share.

    Rows that wait to be stored stay as long as readings do: after that no retry could store them.
    """
    async with connection.transaction():
        old = await dead_letter_store.delete_old_letters(
            connection,
            rows_before_us=now_us - retention_days * DAY_US,
            others_before_us=now_us - settings.dead_letter_days * DAY_US,
        )
        beyond = await dead_letter_store.delete_payloads_beyond(
            connection, per_source=settings.dead_letter_payloads
        )
    if old or beyond:
        log.info("dead letters dropped", past_their_time=old, beyond_their_share=beyond)
