"""Looks into the mailbox every so often: reads what waits, and only then marks it as read.

A mail is marked after the transaction that took it has committed. A process that dies in between
reads it once more, and finds it known.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import psycopg

from config.clock import ClockUs, now_us
from config.database import Connection, connect
from config.diagnostics import logger
from config.errors import DatabaseUnavailable
from config.migrate import require_schema
from config.settings import Settings
from config.status import Part
from maintenance.attachments.folder import FileFolder
from maintenance.errors import MailboxUnavailable
from maintenance.requests.mail.judgement import Welcome, parse_senders
from maintenance.requests.mail.kept import Outcome
from maintenance.requests.mail.mailbox import Address, Mailbox, Security
from maintenance.requests.mail.queries import count_kept
from maintenance.requests.mail.service import Intake, keep_aside, take_in

_AT_ONCE = 200
"""Mails of one look; the rest waits for the next, so that the status goes on."""

_T = TypeVar("_T")

log = logger(__name__)


@dataclass(slots=True)
class MailboxHealth:
    """How the mailbox is, and what was read from it since the process started."""

    trouble: str = "not looked into yet"
    polled_us: int = 0
    requests: int = 0
    comments: int = 0
    ignored: int = 0
    kept: int = 0

    def part(self) -> Part:
        """The part of the role's status."""
        waits = f"mails kept aside: {self.kept}, see /kept-mails" if self.kept else ""
        return Part(
            state="failed" if self.trouble else "connected",
            message=self.trouble or waits,
            metrics={
                "mailbox_polled_timestamp_seconds": self.polled_us / 1e6,
                "mail_requests_total": float(self.requests),
                "mail_comments_total": float(self.comments),
                "mail_ignored_total": float(self.ignored),
                "mail_kept_aside": float(self.kept),
            },
        )

    def count(self, outcome: Outcome) -> None:
        """Note what came of a mail."""
        self.requests += outcome is Outcome.REQUEST
        self.comments += outcome is Outcome.COMMENT
        self.ignored += outcome is Outcome.IGNORED


def intake_of(settings: Settings) -> Intake:
    """Where files go and who may write, as the settings say."""
    own = settings.mail_address or settings.mail_user
    welcome = Welcome(parse_senders(settings.mail_senders), own.lower())
    return Intake(FileFolder(settings.home), welcome, settings.attachment_max_bytes)


async def follow_mailbox(
    database_url: str, *, settings: Settings, health: MailboxHealth, clock: ClockUs = now_us
) -> None:
    """Look into the mailbox for ever.

    A mailbox that cannot be reached is told in `health` and tried again at the next look. Raises
    `DatabaseUnavailable`, `DatabaseOutdated`.
    """
    connection = await connect(database_url, autocommit=True)
    try:
        await require_schema(connection)
        while True:
            await _look(connection, settings, health, clock)
            await asyncio.sleep(settings.mail_every_s)
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable(f"the database was lost: {error}") from error
    finally:
        await connection.close()


async def _look(
    connection: Connection, settings: Settings, health: MailboxHealth, clock: ClockUs
) -> None:
    try:
        await look(connection, settings, health, clock)
    except (MailboxUnavailable, OSError) as error:
        if not health.trouble:
            log.warning("the mailbox cannot be read", error=str(error))
        health.trouble = str(error)
        return
    if health.trouble:
        log.info("the mailbox is read", host=settings.mail_host)
    health.trouble = ""
    health.polled_us = clock()


async def look(
    connection: Connection, settings: Settings, health: MailboxHealth, clock: ClockUs = now_us
) -> None:
    """Read what waits in the mailbox, oldest first. Raises `MailboxUnavailable`, `OSError`."""
    mailbox = Mailbox(await asyncio.to_thread(_address, settings))
    intake = intake_of(settings)
    try:
        await _in_thread(mailbox, mailbox.open)
        for uid in (await _in_thread(mailbox, mailbox.waiting))[:_AT_ONCE]:
            outcome = await _read(connection, mailbox, uid, settings, intake, clock)
            await _in_thread(mailbox, partial(mailbox.settle, uid))
            health.count(outcome)
        await _in_thread(mailbox, mailbox.close)
    finally:
        mailbox.cut()
        health.kept = await count_kept(connection)


async def _read(
    connection: Connection,
    mailbox: Mailbox,
    uid: int,
    settings: Settings,
    intake: Intake,
    clock: ClockUs,
) -> Outcome:
    size = await _in_thread(mailbox, lambda: mailbox.size(uid))
    if size is not None and size > settings.mail_max_bytes:
        head = await _in_thread(mailbox, lambda: mailbox.head(uid))
        reason = f"it is too large: {size / 1024**2:.1f} MiB"
        kept = await keep_aside(
            connection, head or b"", reason=reason, whole_size=size, clock=clock
        )
        return kept.outcome
    raw = await _in_thread(mailbox, lambda: mailbox.whole(uid))
    if raw is None:
        # Somebody has taken it away since the folder was searched.
        return Outcome.KNOWN
    return (await take_in(connection, raw, intake=intake, clock=clock)).outcome


async def _in_thread(mailbox: Mailbox, ask: Callable[[], _T]) -> _T:
    """Ask in a thread; whoever cancels does not wait for a server that is silent."""
    try:
        return await asyncio.to_thread(ask)
    except asyncio.CancelledError:
        mailbox.cut()
        raise


def _address(settings: Settings) -> Address:
    file = settings.mail_password_file
    return Address(
        host=settings.mail_host,
        port=settings.mail_port,
        user=settings.mail_user,
        password=file.read_text("utf-8").partition("\n")[0].strip() if file else "",
        security=Security(settings.mail_security),
        authority=settings.mail_ca,
        folder=settings.mail_folder,
        done=settings.mail_done_folder,
    )
