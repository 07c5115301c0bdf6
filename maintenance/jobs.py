"""What the maintenance role does by the clock, each job every so many seconds.

A job is safe to run twice, and in two processes at once: what it does is unique in the database.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import psycopg

from config.clock import ClockUs, now_us
from config.database import Connection
from config.diagnostics import logger
from config.errors import OilcanError
from config.settings import Settings
from maintenance.attachments.job import discard_files
from maintenance.automation.worker import forget_old
from maintenance.events.service import raise_what_work_left
from maintenance.knowledge.service import index_orders
from maintenance.plans.clockwork import follow_meters, follow_orders, plan_ahead
from maintenance.procurement.jobs import expire, reorder_parts
from maintenance.requests.mail.job import forget_ignored_mails
from maintenance.rounds.service import report_missed
from maintenance.sla.service import keep_service_levels

log = logger(__name__)

Run = Callable[[Connection, Settings, ClockUs], Awaitable[None]]
"""Does what is due by the clock; opens its own transactions on the connection (autocommit)."""


@dataclass(frozen=True, slots=True)
class Job:
    """`name` says in messages what failed; `every_s` is how often it is looked at, in seconds."""

    name: str
    every_s: float
    run: Run


async def see_to_what_work_left(
    connection: Connection, _: Settings, clock: ClockUs = now_us
) -> None:
    """Alarms that were noted on work at their asset get an order once it has ended."""
    while await raise_what_work_left(connection, clock=clock):
        pass


JOBS: tuple[Job, ...] = (
    Job("what was told long ago is forgotten", 3600, forget_old),
    Job("ignored mails are forgotten", 3600, forget_ignored_mails),
    Job("files without a link are discarded", 3600, discard_files),
    Job("service levels", 5.0, keep_service_levels),
    Job("alarms that work left behind", 5.0, see_to_what_work_left),
    Job("missed stops of rounds", 5.0, report_missed),
    Job("words of finished orders", 10.0, index_orders),
    Job("reservations expire", 30.0, expire),
    Job("parts are ordered again", 60.0, reorder_parts),
    Job("plan ahead", 10.0, plan_ahead),
    Job("forecast meters", 600.0, follow_meters),
    Job("follow orders of plans", 5.0, follow_orders),
)
"""In this order."""


async def run_job(job: Job, connection: Connection, *, settings: Settings, clock: ClockUs) -> None:
    """Run a job once. One that fails is told in the log, and has its turn again when it is due."""
    try:
        await job.run(connection, settings, clock)
    except psycopg.OperationalError:
        raise
    except (OilcanError, psycopg.Error, ValueError, LookupError, OSError) as error:
        log.exception("a job of maintenance failed", job=job.name, error=repr(error))
