"""The commands on plans: `oilcan plans list|calendar|load|generate|pause|resume|skip`."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.table import Table

from api.bodies.maintenance_plan import LoadBody, PlanBody
from config.clock import from_us, now_us
from config.database import Connection
from maintenance.plans.generation import generate
from maintenance.plans.load import CraftWeek
from maintenance.plans.load_forecast import load_forecast
from maintenance.plans.queries import Entry, PlanView, calendar_of, find_plans, get_plan
from maintenance.plans.service import Ahead, Said, pause_plan, resume_plan, skip_occurrence
from maintenance.register.queries import list_sites
from oilcan.session import who, with_database

_ALL = 100_000


def run_list(asset: str | None, *, as_json: bool, **options: object) -> None:
    """Print every plan, or those of an asset. Raises `OilcanError`."""

    async def look(connection: Connection) -> list[PlanView]:
        return await find_plans(connection, asset=asset, limit=_ALL)

    found = with_database(options, look)
    if as_json:
        bodies = [PlanBody.of(plan).model_dump(mode="json") for plan in found]
        typer.echo(json.dumps(bodies, indent=2))
    elif found:
        Console().print(_plans(found))
    else:
        typer.echo("no plan: write some under `maintenance_plans:` and apply them")


def run_calendar(code: str | None, *, year: int | None, as_json: bool, **options: object) -> None:
    """Print what is due in a year, in the time of each site. Raises `OilcanError`."""

    async def look(connection: Connection) -> tuple[list[Entry], dict[str, str]]:
        if code is not None:
            await get_plan(connection, code)
        first, last = _year(year)
        zones = {site.code: site.time_zone for site in await list_sites(connection)}
        return await calendar_of(connection, code, first=first, last=last), zones

    found, zones = with_database(options, look)
    if as_json:
        typer.echo(json.dumps([asdict(entry) for entry in found], indent=2, default=str))
        return
    for line in told(found, zones):
        typer.echo(line)


def run_load(site: str | None, *, as_json: bool, **options: object) -> None:
    """Print the load of the next year. Raises `OilcanError`."""

    async def look(connection: Connection) -> list[CraftWeek]:
        return await load_forecast(connection, first=from_us(now_us()).date(), site=site)

    found = with_database(options, look)
    if as_json:
        bodies = [LoadBody.of(week).model_dump(mode="json") for week in found]
        typer.echo(json.dumps(bodies, indent=2))
    else:
        Console().print(_load(found))


def run_generate(**options: object) -> None:
    """Work out what plans have ahead. Raises `OilcanError`."""

    async def work(connection: Connection) -> tuple[int, dict[str, str]]:
        views = await find_plans(connection, limit=_ALL)
        done = await generate(connection, ids=[view.id for view in views])
        return done.plans, done.troubles

    count, troubles = with_database(options, work)
    typer.echo(f"{count} plans are generated")
    for code, trouble in sorted(troubles.items()):
        typer.echo(f"  {code}: {trouble}")


def run_pause(code: str, reason: str, **options: object) -> None:
    """Pause a plan. Raises `OilcanError`."""
    with_database(
        options, lambda connection: pause_plan(connection, code, actor=who(), reason=reason)
    )
    typer.echo(f"{code} is paused")


def run_resume(code: str, **options: object) -> None:
    """Let a plan go on. Raises `OilcanError`."""
    with_database(options, lambda connection: resume_plan(connection, code, actor=who()))
    typer.echo(f"{code} goes on")


def run_skip(code: str, number: int, reason: str, **options: object) -> None:
    """Leave out one piece of work. Raises `OilcanError`."""
    ahead, said = Ahead(code, number), Said(who(), reason)
    with_database(options, lambda connection: skip_occurrence(connection, ahead, said))
    typer.echo(f"occurrence {number} of {code} is skipped")


def told(entries: Sequence[Entry], zones: dict[str, str]) -> Iterator[str]:
    """A calendar in lines for a person, by month."""
    if not entries:
        yield "nothing is due"
    local = [
        (entry.due_at.astimezone(ZoneInfo(zones.get(entry.site, "UTC"))), entry)
        for entry in entries
    ]
    for month, lines in groupby(local, key=lambda each: f"{each[0]:%B %Y}"):
        yield month
        for at, entry in lines:
            number = f" #{entry.occurrence}" if entry.occurrence else ""
            order = f" {entry.work_order}" if entry.work_order else ""
            reason = f": {entry.reason}" if entry.reason else ""
            what = f"{entry.asset} {entry.plan}{number}"
            yield f"  {at:%a %d %H:%M}  {what}  {entry.state}{order}{reason}"


def _year(year: int | None) -> tuple[datetime, datetime]:
    if year is None:
        now = from_us(now_us())
        return now, now + timedelta(days=366)
    # Sites are up to 14 hours from UTC: a year of theirs.
    return datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)


def _plans(plans: Sequence[PlanView]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("plan", "name"):
        table.add_column(name)
    for name in ("assets", "open"):
        table.add_column(name, justify="right")
    for name in ("next", "look at"):
        table.add_column(name)
    for plan in plans:
        due = f"{plan.next_due_at:%Y-%m-%d}" if plan.next_due_at else ""
        paused = f"paused: {plan.pause_reason}" if plan.paused_at else ""
        table.add_row(
            plan.code, plan.name, str(plan.assets), str(plan.open), due, paused or plan.trouble
        )
    return table


def _load(weeks: Sequence[CraftWeek]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("week", "craft"):
        table.add_column(name)
    for name in ("pieces", "hours", "capacity", "load"):
        table.add_column(name, justify="right")
    for week in weeks:
        if week.pieces:
            share = "" if week.share is None else f"{week.share:.0%}"
            hours, capacity = week.minutes / 60, week.capacity_minutes / 60
            cells = (str(week.pieces), f"{hours:.1f}", f"{capacity:.0f}", share)
            table.add_row(f"{week.week}", week.craft or "(none named)", *cells)
    return table
