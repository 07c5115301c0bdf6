"""The loops of automation: what happened to the rules, and messages on their way."""

import asyncio
from contextlib import aclosing
from datetime import timedelta

import httpx
import psycopg

from config.clock import ClockUs, from_us, now_us
from config.database import Connection, connect, listen
from config.diagnostics import logger
from config.errors import DatabaseUnavailable
from config.migrate import require_schema
from config.settings import Settings
from maintenance.automation import queries, store
from maintenance.automation.answers import answer_mails, answers_by
from maintenance.automation.delivery import settle
from maintenance.automation.routing import gather_digests, look_again, route
from maintenance.automation.sender import TIMEOUT_S, send

_CHANNEL = "work_order"
_POLL_S = 1.0
_AT_ONCE = 8
# An attempt ends within its timeout; what was claimed longer ago has nobody any more.
_ABANDONED = timedelta(seconds=TIMEOUT_S * 6)
_KEEP_HAPPENINGS = timedelta(days=90)
_KEEP_MESSAGES = timedelta(days=400)

log = logger(__name__)


async def follow_outbox(
    database_url: str, *, address: str = "", answers: str = "", poll_s: float = _POLL_S
) -> None:
    """Show what happens to the rules as it comes, and look for it every `poll_s` seconds.

    Mails are answered by the channel `answers`; none: they are not.

    Raises `DatabaseUnavailable`, `DatabaseOutdated`.
    """
    connection = await connect(database_url, autocommit=True)
    try:
        await require_schema(connection)
        channels = await queries.channels(connection)
        if answers and answers_by(channels.get(answers), address) is None:
            log.warning("mails are not answered: no such channel of people", channel=answers)
        async with aclosing(listen(database_url, _CHANNEL, timeout_s=poll_s)) as woken:
            async for _ in woken:
                while answers and await answer_mails(connection, answers, address=address):
                    pass
                while await route(connection, address=address, answers=answers):
                    pass
                await look_again(connection)
                await gather_digests(connection)
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable(f"the database was lost: {error}") from error
    finally:
        await connection.close()


async def deliver(database_url: str, *, poll_s: float = _POLL_S, clock: ClockUs = now_us) -> None:
    """Send messages that are due, a few at once, for ever.

    Raises `DatabaseUnavailable`, `DatabaseOutdated`.
    """
    connection = await connect(database_url, autocommit=True)
    try:
        await require_schema(connection)
        async with httpx.AsyncClient(timeout=TIMEOUT_S, follow_redirects=False) as http:
            while True:
                at = from_us(clock())
                await store.take_up_abandoned(connection, before=at - _ABANDONED, at=at)
                if not await deliver_due(connection, http, clock=clock):
                    await asyncio.sleep(poll_s)
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable(f"the database was lost: {error}") from error
    finally:
        await connection.close()


async def deliver_due(
    connection: Connection, http: httpx.AsyncClient, *, clock: ClockUs = now_us
) -> int:
    """Send what is due, a few at once; gives how many attempts were made."""
    claimed = await store.claim(connection, at=from_us(clock()), limit=_AT_ONCE)
    outcomes = await asyncio.gather(
        *(send(message, http=http, at=from_us(clock())) for message in claimed)
    )
    at = from_us(clock())
    for message, outcome in zip(claimed, outcomes, strict=True):
        if outcome.error:
            log.warning("message not sent", id=str(message["id"]), error=outcome.error)
        if outcome.gone:
            await store.disable_channel(connection, message["channel_id"], why=outcome.error, at=at)
        settled = settle(outcome, attempts=message["attempts"], at=at)
        await store.settle(connection, message["id"], settled, error=outcome.error, at=at)
    return len(claimed)


async def forget_old(connection: Connection, _: Settings, clock: ClockUs) -> None:
    """Forget what happened 90 days ago, and messages that were settled 400 days ago."""
    at = from_us(clock())
    await store.forget(connection, happened=at - _KEEP_HAPPENINGS, settled=at - _KEEP_MESSAGES)
