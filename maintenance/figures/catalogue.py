"""Every figure by its name, and how one, all, or one month by month are taken."""

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType

from config.database import Connection
from maintenance.errors import NotFound
from maintenance.figures import (
    backlog_queries,
    compliance_queries,
    cost_queries,
    people_queries,
    reliability_queries,
    time_queries,
)
from maintenance.figures.figure import Definition, Measured, Period, Scope, steps

Measure = Callable[[Connection, Scope, Period], Awaitable[Measured]]

_FIGURES: tuple[tuple[Definition, Measure], ...] = (
    (
        Definition(
            "failures",
            "Failures",
            "1",
            "unplanned downtimes that began in the period",
            better="lower",
        ),
        reliability_queries.failures,
    ),
    (
        Definition(
            "mtbf",
            "Mean time between failures",
            "h",
            "operating time / failures; operating time = time in the register and in state "
            "operating, less downtime, open downtime counted to the period's end",
            better="higher",
        ),
        reliability_queries.mtbf,
    ),
    (
        Definition(
            "mttr",
            "Mean time to repair",
            "h",
            "time in progress, holds left out / corrective orders completed in the period",
            better="lower",
        ),
        reliability_queries.mttr,
    ),
    (
        Definition(
            "mean_downtime",
            "Mean downtime",
            "h",
            "time from failure to restoration / unplanned downtimes that ended in the period, "
            "each with its whole length",
            better="lower",
        ),
        reliability_queries.mean_downtime,
    ),
    (
        Definition(
            "availability",
            "Operational availability",
            "share",
            "1 - downtime, planned and unplanned / time in the register, both clipped to the period",
            better="higher",
        ),
        reliability_queries.availability,
    ),
    (
        Definition(
            "inherent_availability",
            "Inherent availability",
            "share",
            "1 - unplanned downtime / time in the register, both clipped to the period",
            better="higher",
        ),
        reliability_queries.inherent_availability,
    ),
    (
        Definition(
            "pm_compliance",
            "Preventive work done in time",
            "share",
            "occurrences done within their tolerance / occurrences due in the period; "
            "what was never done counts against",
            better="higher",
        ),
        compliance_queries.pm_compliance,
    ),
    (
        Definition(
            "schedule_compliance",
            "Schedule kept",
            "share",
            "orders done in their week / orders in the schedules frozen for weeks that began in "
            "the period",
            better="higher",
        ),
        compliance_queries.schedule_compliance,
    ),
    (
        Definition(
            "sla_compliance",
            "Service levels met",
            "share",
            "clocks met / clocks decided in the period, response and resolution each; a clock is "
            "decided when its target passes or it ends",
            better="higher",
        ),
        compliance_queries.sla_compliance,
    ),
    (
        Definition(
            "backlog",
            "Backlog",
            "weeks",
            "planned hours of approved orders that are open now / hours that people can give a "
            "week, over the four weeks from the period's end",
            better="lower",
        ),
        backlog_queries.backlog,
    ),
    (
        Definition(
            "first_response",
            "First response",
            "h",
            "mean time from an order's making to the first work on it, of those begun in the period",
            better="lower",
        ),
        time_queries.first_response,
    ),
    (
        Definition(
            "resolution",
            "Resolution",
            "h",
            "mean time from an order's making to its completion, of those completed in the period",
            better="lower",
        ),
        time_queries.resolution,
    ),
    (
        Definition(
            "reopened",
            "Came back",
            "share",
            "orders that were reopened at least once / orders completed in the period",
            better="lower",
        ),
        compliance_queries.reopened,
    ),
    (
        Definition(
            "satisfaction",
            "Satisfaction",
            "of 5",
            "sum of the ratings that requesters gave in the period, 1 to 5 each / their number; "
            "what was done and not rated is left out",
            better="higher",
        ),
        people_queries.satisfaction,
    ),
    (
        Definition(
            "wrench_time",
            "Wrench time",
            "share",
            "hours recorded on orders / hours that the same people had by their calendars, less "
            "absences; both clipped to the period",
            better="higher",
        ),
        people_queries.wrench_time,
    ),
    (
        Definition(
            "cost",
            "Cost",
            "currency",
            "labour + materials + services booked on orders in the period, reversals taken off",
            better="lower",
        ),
        cost_queries.cost,
    ),
)

DEFINITIONS: Mapping[str, Definition] = MappingProxyType({one.name: one for one, _ in _FIGURES})
"""Figure's name -> what it is, in the order in which they are shown."""

_MEASURES: Mapping[str, Measure] = MappingProxyType({one.name: how for one, how in _FIGURES})


async def take(connection: Connection, name: str, scope: Scope, period: Period) -> Measured:
    """One figure of a period. Raises `NotFound`."""
    if name not in _MEASURES:
        raise NotFound("figure", name)
    return await _MEASURES[name](connection, scope, period)


async def trend(
    connection: Connection, name: str, scope: Scope, period: Period
) -> list[tuple[Period, Measured]]:
    """One figure for each month of a period, the first and last as long as they are in it.

    Raises `NotFound`.
    """
    return [(part, await take(connection, name, scope, part)) for part in steps(period)]
