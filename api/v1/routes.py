"""Every router of version 1, and what all of their routes may answer."""

from fastapi import APIRouter

from api.errors import CrossSiteRequest, NotAuthenticated, NotPermitted
from api.problems import documented
from api.v1 import (
    alarms,
    asset_edits,
    asset_history,
    asset_records,
    assets,
    assignment,
    attachments,
    automation,
    backtests,
    calendars,
    dead_letters,
    events,
    figures,
    job_plans,
    latest,
    meters,
    order_steps,
    orders,
    people,
    performance,
    pipeline,
    points,
    readings,
    register,
    rounds,
    rule_versions,
    rules,
    service_levels,
    stream,
    writes,
)
from config.errors import DatabaseUnavailable

EVERYWHERE = documented(NotAuthenticated, NotPermitted, CrossSiteRequest, DatabaseUnavailable)

ROUTERS: tuple[APIRouter, ...] = (
    assets.router,
    asset_edits.router,
    asset_history.router,
    asset_records.router,
    attachments.router,
    register.router,
    points.router,
    readings.router,
    latest.router,
    meters.router,
    writes.router,
    rules.router,
    rule_versions.router,
    backtests.router,
    events.router,
    alarms.router,
    performance.router,
    orders.router,
    automation.router,
    figures.router,
    order_steps.router,
    job_plans.router,
    rounds.router,
    calendars.router,
    people.router,
    assignment.router,
    service_levels.router,
    pipeline.router,
    dead_letters.router,
    stream.router,
)
