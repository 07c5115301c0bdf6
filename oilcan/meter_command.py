"""The commands on meters: `oilcan meter list|show|correct|replace|withdraw`."""

import json
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from api.bodies.meter import FactBody, MeterBody
from api.meter_view import gather_meter
from config.clock import from_us, now_us
from config.database import Connection
from config.errors import SettingsError
from ingest.meter.fact import Fact, NewFact
from ingest.meter_service import record_fact, withdraw_fact
from ingest.meters import DayUsage, daily_usage
from ingest.point import Point, PointKind
from ingest.points import load_points, points_of_tags
from oilcan.session import who, with_database


def run_list(asset: str | None, *, as_json: bool, **options: object) -> None:
    """Print every meter, or those of an asset. Raises `OilcanError`."""

    async def look(connection: Connection) -> list[MeterBody]:
        now = from_us(now_us())
        return [
            await gather_meter(connection, point, now)
            for point in await load_points(connection)
            if point.kind is PointKind.COUNTER and asset in (None, point.asset)
        ]

    found = with_database(options, look)
    if as_json:
        typer.echo(json.dumps([meter.model_dump(mode="json") for meter in found], indent=2))
    elif found:
        Console().print(_table(found))
    else:
        typer.echo("no meter: points of `kind: counter` have one")


def run_show(tag: str, *, days: int, as_json: bool, **options: object) -> None:
    """Print one meter with the usage of its last days. Raises `OilcanError`."""

    async def look(connection: Connection) -> tuple[MeterBody, list[DayUsage]]:
        point = await _point(connection, tag)
        meter = await gather_meter(connection, point, from_us(now_us()))
        first = meter.day - timedelta(days=days - 1)
        return meter, await daily_usage(connection, point.id, first, meter.day)

    meter, usage = with_database(options, look)
    if as_json:
        typer.echo(meter.model_dump_json(indent=2))
        return
    for line in told(meter, usage):
        typer.echo(line)


def run_record(tag: str, fact: NewFact, **options: object) -> None:
    """Record a fact of a meter, and say where the meter stands then. Raises `OilcanError`."""

    async def record(connection: Connection, point: Point) -> Fact:
        return await record_fact(connection, point.id, fact, actor=who(), now_us=now_us())

    _change(tag, record, options)


def run_withdraw(tag: str, fact_id: int, *, reason: str, **options: object) -> None:
    """Take a fact back, and say where the meter stands then. Raises `OilcanError`."""

    async def withdraw(connection: Connection, point: Point) -> Fact:
        return await withdraw_fact(connection, point.id, fact_id, reason=reason, actor=who())

    _change(tag, withdraw, options)


def told(meter: MeterBody, usage: list[DayUsage]) -> Iterator[str]:
    """A meter in lines for a person."""
    yield f"{meter.tag}: {_amount(meter.life_to_date)} {meter.unit} to date"
    seen = f", seen {_time(meter.seen_at)}" if meter.seen_at else ""
    yield f"  shows {_amount(meter.counts)}{seen}; {_amount(meter.average)} a day"
    if meter.in_doubt is not None:
        yield f"  in doubt: {_amount(meter.in_doubt)}; the next reading will tell"
    for day in usage:
        corrected = f", corrected by {_amount(day.corrected)}" if day.corrected else ""
        yield f"  {day.day}  {_amount(day.usage)}{corrected}"
    for notice in meter.notices:
        before, after = _amount(notice.before), _amount(notice.after)
        yield f"  notice: {notice.kind} {_time(notice.at)}, from {before} to {after}"
    for fact in meter.facts:
        yield f"  fact {fact.id}: {_of_fact(fact)}"


def _of_fact(fact: FactBody) -> str:
    parts = {
        "amount": fact.amount,
        "ended at": fact.end_count,
        "began at": fact.start_count,
        "of fact": fact.withdraws,
    }
    numbers = [f"{name} {_amount(value)}" for name, value in parts.items() if value is not None]
    taken_back = f" (taken back by fact {fact.withdrawn_by})" if fact.withdrawn_by else ""
    said = f"{fact.kind} {_time(fact.at)}, {', '.join(numbers)}"
    return f"{said}: {fact.reason} [{fact.actor}]{taken_back}"


def _change(
    tag: str,
    command: Callable[[Connection, Point], Awaitable[Fact]],
    options: dict[str, Any],
) -> None:
    async def work(connection: Connection) -> tuple[Fact, MeterBody]:
        point = await _point(connection, tag)
        async with connection.transaction():
            fact = await command(connection, point)
        return fact, await gather_meter(connection, point, from_us(now_us()))

    fact, meter = with_database(options, work)
    typer.echo(f"fact {fact.id} is recorded")
    typer.echo(f"{meter.tag}: {_amount(meter.life_to_date)} {meter.unit} to date")


async def _point(connection: Connection, tag: str) -> Point:
    found = await points_of_tags(connection, [tag])
    if tag not in found:
        raise SettingsError(f"there is no point {tag!r}")
    return found[tag]


def _table(meters: list[MeterBody]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("meter")
    for name in ("to date", "today", "a day", "shows"):
        table.add_column(name, justify="right")
    for name in ("unit", "seen", "look at"):
        table.add_column(name)
    for meter in meters:
        amounts = (meter.life_to_date, meter.today, meter.average, meter.counts)
        table.add_row(
            meter.tag,
            *map(_amount, amounts),
            meter.unit,
            _time(meter.seen_at) if meter.seen_at else "",
            _concerns(meter),
        )
    return table


def _concerns(meter: MeterBody) -> str:
    kinds = [notice.kind.value for notice in meter.notices]
    doubt = ["in doubt"] if meter.in_doubt is not None else []
    return ", ".join([*doubt, *dict.fromkeys(kinds)])


def _amount(value: float | None) -> str:
    return "?" if value is None else f"{value:,.10g}"


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%MZ}"
