"""The process of the maintenance role: acts on changes of conditions as soon as they are written,
and does by the clock what is due (`maintenance.jobs`).

NOTIFY wakes it, polling stands behind. The work needs the database alone; the log carries the
status and the readings that people take, which wait for it: its loss stops no work.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field

import psycopg

from config.clock import ClockUs, now_us
from config.database import Connection, connect, listen
from config.errors import DatabaseOutdated, DatabaseUnavailable, LogUnavailable
from config.log import close_log, connect_log
from config.migrate import require_schema
from config.retry import keep_running
from config.settings import Settings
from config.status import EVERY_S, Status, send_status
from config.tasks import run_together
from maintenance.automation.worker import deliver, follow_outbox
from maintenance.events.service import Handled, handle_condition_changes
from maintenance.jobs import JOBS, Job, run_job
from maintenance.orders import queries
from maintenance.requests.mail.polling import MailboxHealth, follow_mailbox
from maintenance.rounds.manual_edge import follow_manual_readings

_CHANNEL = "condition_outbox"
_POLL_S = 1.0
_TICK_S = 0.5


@dataclass(slots=True)
class Progress:
    """What this process has done since it started, and how it is."""

    events_handled: int = 0
    orders: int = 0
    waiting: int = 0
    trouble: str = "not connected yet"
    mailboxes: dict[str, MailboxHealth] = field(default_factory=dict)

    def add(self, handled: Handled) -> None:
        """Count a group of changes in."""
        self.events_handled += handled.changes
        self.orders += handled.orders

    def status(self, ts: int) -> Status:
        """The role's status message."""
        return Status(
            role="maintenance",
            name="maintenance",
            ts=ts,
            healthy=not self.trouble,
            message=self.trouble,
            metrics={
                "events_handled_total": float(self.events_handled),
                "orders_total": float(self.orders),
                "waiting": float(self.waiting),
            },
            parts={name: health.part() for name, health in self.mailboxes.items()},
        )


async def run(*, database_url: str, log_url: str, settings: Settings) -> None:
    """Run the maintenance role until cancelled; the loss of database or log is waited out."""
    progress = Progress()
    loops = {
        "conditions to work orders": lambda: follow_conditions(database_url, progress),
        "jobs of maintenance": lambda: follow_clock(database_url, settings=settings),
        "automation": lambda: follow_outbox(
            database_url, address=settings.public_url, answers=settings.mail_answers
        ),
        "messages": lambda: deliver(database_url),
    }
    if settings.mail_host:
        mailbox = progress.mailboxes["mailbox"] = MailboxHealth()
        loops["requests by e-mail"] = lambda: follow_mailbox(
            database_url, settings=settings, health=mailbox
        )
    on_database = [
        keep_running(
            _noting_trouble(progress, loop),
            name=name,
            heals=(DatabaseUnavailable, DatabaseOutdated),
        )
        for name, loop in loops.items()
    ]
    readings = keep_running(
        lambda: follow_manual_readings(database_url, log_url, partitions=settings.partitions),
        name="readings that people take",
        heals=(DatabaseUnavailable, DatabaseOutdated, LogUnavailable),
    )
    status = keep_running(
        lambda: tell_status(log_url, progress), name="status", heals=(LogUnavailable,)
    )
    await run_together([*on_database, readings, status])


async def follow_conditions(
    database_url: str, progress: Progress, *, poll_s: float = _POLL_S
) -> None:
    """Act on changes as they come, and look for them every `poll_s` seconds.

    Raises `DatabaseUnavailable`, `DatabaseOutdated`.
    """
    connection = await connect(database_url, autocommit=True)
    try:
        await require_schema(connection)
        woken = listen(database_url, _CHANNEL, timeout_s=poll_s)
        async with aclosing(woken):
            async for _ in woken:
                await _drain(connection, progress)
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable(f"the database was lost: {error}") from error
    finally:
        await connection.close()


async def follow_clock(
    database_url: str, *, settings: Settings, jobs: tuple[Job, ...] = JOBS, clock: ClockUs = now_us
) -> None:
    """Run each job when it is due, one after the other.

    Raises `DatabaseUnavailable`, `DatabaseOutdated`.
    """
    connection = await connect(database_url, autocommit=True)
    due = dict.fromkeys((job.name for job in jobs), 0)
    try:
        await require_schema(connection)
        while True:
            for job in jobs:
                if clock() >= due[job.name]:
                    due[job.name] = clock() + round(job.every_s * 1_000_000)
                    await run_job(job, connection, settings=settings, clock=clock)
            await asyncio.sleep(_TICK_S)
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable(f"the database was lost: {error}") from error
    finally:
        await connection.close()


async def tell_status(log_url: str, progress: Progress) -> None:
    """Send the status each second. Raises `LogUnavailable` if the log is not there at first."""
    client = await connect_log(log_url, name="maintenance")
    try:
        while True:
            await send_status(client, progress.status(now_us()))
            await asyncio.sleep(EVERY_S)
    finally:
        await close_log(client)


async def _drain(connection: Connection, progress: Progress) -> None:
    """Act on all that waits, group by group."""
    while (handled := await handle_condition_changes(connection)).changes:
        progress.add(handled)
    progress.waiting = await queries.count_waiting(connection)
    progress.trouble = ""


def _noting_trouble(
    progress: Progress, task: Callable[[], Awaitable[None]]
) -> Callable[[], Awaitable[None]]:
    async def noting() -> None:
        try:
            await task()
        except (DatabaseUnavailable, DatabaseOutdated) as error:
            progress.trouble = str(error)
            raise

    return noting
