"""What `oilcan edge` does beside running: look at the sources of a plant folder, and try one."""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from config.diagnostics import configure
from config.errors import DocumentError
from config.suggestion import did_you_mean
from edge.modbus.plan_report import render_plan
from edge.modbus.source import ModbusSource
from edge.reading import Reason, split_quality
from edge.rejected import Rejected
from edge.source_file import Source, SourceTag, source_tags
from edge.trial import Trial, try_source
from edge.worker import quiet_libraries, trial_collector_of
from oilcan.plant.documents import load_edge_sources, read_documents

_REJECTED = 20
_SHOWN = 60


def run_check(folder: Path) -> int:
    """Print every problem of the sources, or how many there are; returns the exit code."""
    try:
        sources = load_edge_sources(folder)
    except DocumentError as error:
        for problem in error.problems:
            typer.echo(problem)
        return 1
    typer.echo(f"no problems: {', '.join(_named(sources)) or 'no sources'}")
    return 0


def run_plan(folder: Path) -> int:
    """Print the requests of each Modbus source; returns the exit code. Raises `DocumentError`."""
    for source in load_edge_sources(folder):
        typer.echo(f"{source.name} ({source.type})")
        if isinstance(source, ModbusSource):
            typer.echo(render_plan(source))
        else:
            typer.echo("nothing is asked for: what changes is sent to us")
        typer.echo()
    return 0


def run_try(folder: Path, name: str, *, seconds: float) -> int:
    """Connect to one source, print what it gives; returns the exit code. Raises `DocumentError`."""
    sources = {source.name: source for source in load_edge_sources(folder)}
    if name not in sources:
        typer.echo(f"there is no source {name}. {did_you_mean(name, tuple(sources))}", err=True)
        return 1
    # What it would warn of is in the tables, or told at the end.
    configure("error", role="edge")
    quiet_libraries()
    collector = trial_collector_of(sources[name])
    trial = asyncio.run(try_source(collector, seconds=seconds))
    named = [tag for tag in source_tags(read_documents(folder).documents) if tag.source == name]
    show(trial, named, Console())
    if part := collector.health().part().message:
        typer.echo(part)
    if trial.error:
        typer.echo(f"{name}: {trial.error}", err=True)
    return 1 if trial.error else 0


def show(trial: Trial, named: Iterable[SourceTag], console: Console) -> None:
    """Print what a source gave as tables; points that are named and did not come are there too.

    What could not be read stands below with its reason, the first 20 of it.
    """
    units = {tag.tag: tag.unit or "" for tag in named}
    readings = Table("tag", "value", "unit", "quality", "time (UTC)", "received", "readings")
    for tag in sorted({*units, *trial.latest}):
        ts, value, quality = trial.latest.get(tag, (0, 0.0, 0))
        count = trial.readings[tag]
        cells = ("", "nothing came", "", "")
        if count:
            later = _later(trial.received_us.get(tag, ts) - ts)
            cells = (f"{value:g}", _quality(quality), _time(ts), later)
        row = tag, cells[0], units.get(tag, ""), *cells[1:], str(count)
        readings.add_row(*map(Text, row))
    if readings.row_count:
        console.print(readings)
    else:
        console.print("no readings")
    if trial.alarms:
        console.print(_alarm_table(trial))
    if trial.rejected:
        console.print(_rejected_table(trial.rejected))
    if (more := len(trial.rejected) - _REJECTED) > 0:
        console.print(f"and {more} more that cannot be read")


def _alarm_table(trial: Trial) -> Table:
    table = Table("asset", "alarm", "state", "severity", "message", "time (UTC)")
    for alarm in trial.alarms:
        state = "active" if alarm.active else "inactive"
        state += ", acknowledged" if alarm.acknowledged_by else ""
        row = alarm.asset, alarm.code, state, str(alarm.severity), alarm.message, _time(alarm.ts)
        table.add_row(*map(Text, row))
    return table


def _rejected_table(rejected: Sequence[Rejected]) -> Table:
    table = Table("from", "cannot be read because", "payload", "time (UTC)")
    for one in rejected[:_REJECTED]:
        row = one.address, one.problem, _payload(one.payload), _time(one.received_us)
        table.add_row(*map(Text, row))
    return table


def _payload(payload: bytes) -> str:
    """The beginning of a payload: as text where it is one, else in hexadecimal."""
    text = payload.decode("utf-8", "replace")
    if not text.isprintable() or "\ufffd" in text:
        text = payload[:_SHOWN].hex(" ")
    return f"{text[:_SHOWN]}..." if len(text) > _SHOWN else text


def _quality(code: int) -> str:
    quality, reason = split_quality(code)
    if reason == Reason.NONE:
        return quality.name.lower()
    told = reason.name.lower() if isinstance(reason, Reason) else str(reason)
    return f"{quality.name.lower()} ({told})"


def _later(us: int) -> str:
    """How long after its own time a reading came; a source whose clock is ahead is before it."""
    return f"{us / 1e6:+.1f} s"


def _time(us: int) -> str:
    try:
        return datetime.fromtimestamp(us / 1e6, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
    except (ValueError, OverflowError, OSError):
        return f"{us} us"


def _named(sources: Iterable[Source]) -> list[str]:
    return [f"{source.name} ({source.type})" for source in sources]
