"""`oilcan rules backtest|diff|sweep`: rules over history, on the machine that one sits at."""

import asyncio
import getpass
import json
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from api.backtests.request import BacktestRequest, FailureGiven, Kind, RuleChoice, Sweep
from api.backtests.result import BacktestResult
from api.backtests.run import run_new
from conditions.backtest.failure_file import read_failures
from conditions.errors import BacktestCancelled, BacktestRefused
from conditions.rule import Rule
from config.clock import from_us, now_us
from config.database import connect
from config.errors import SettingsError
from config.migrate import require_schema
from config.settings import Settings
from config.tasks import end_tasks
from oilcan.backtest_report import print_result
from oilcan.engine_addresses import find_database_url
from oilcan.plant.folder import load_plant
from oilcan.settings import load

_YEAR_US = 365 * 86_400_000_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was typed: rules by name (of a folder, or stored), the range, what it is held against."""

    plant: Path | None = None
    rules: Sequence[str] = ()
    assets: Sequence[str] = ()
    start: str | None = None
    end: str | None = None
    params: Sequence[str] = ()
    failures: Path | None = None
    horizon: dict[str, str] = field(default_factory=dict)
    against: Sequence[str] = ()
    sweep: tuple[str, str] | None = None


def run_backtest(wanted: Wanted, kind: Kind, *, as_json: bool, **options: object) -> None:
    """Run what was asked, keep it, and print what came of it. Raises `OilcanError`."""
    url = find_database_url(load(Settings, **options))
    console = Console(stderr=as_json)
    with _bar(console) as progress:
        backtest_id, result = asyncio.run(_run(url, request_of(wanted, kind), progress))
    if as_json:
        typer.echo(json.dumps(result.model_dump(mode="json"), indent=2))
    else:
        print_result(result, Console(highlight=False))
        typer.echo(f"kept as backtest {backtest_id}")


def request_of(wanted: Wanted, kind: Kind) -> BacktestRequest:
    """The request that the words mean. Raises `SettingsError`, `BacktestRefused`, `DocumentError`."""
    end = _time("--to", wanted.end) if wanted.end else from_us(now_us())
    start = _time("--from", wanted.start) if wanted.start else from_us(now_us() - _YEAR_US)
    asked: dict[str, Any] = {
        "kind": kind,
        "assets": list(wanted.assets) or None,
        "start": start,
        "end": end,
        "params": dict(_pair("--param", text) for text in wanted.params),
        "failures": _failures(wanted.failures),
        "against": [_choice(name) for name in wanted.against],
        "sweep": _sweep(wanted.sweep) if wanted.sweep else None,
        **wanted.horizon,
    }
    if wanted.plant:
        rules = _of_folder(wanted.plant, wanted.rules)
        asked["definitions"] = [dict(rule.definition) for rule in rules]
    else:
        asked["rules"] = [_choice(name) for name in wanted.rules]
    try:
        return BacktestRequest.model_validate(asked)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise SettingsError(f"{where}: {first['msg'].partition(' | ')[0]}") from error


def _of_folder(folder: Path, names: Sequence[str]) -> list[Rule]:
    """The rules of a folder, or those that are named. Raises `BacktestRefused`."""
    rules = load_plant(folder).rules
    found = [rule for rule in rules if not names or {rule.name, rule.id} & set(names)]
    missing = set(names) - {name for rule in found for name in (rule.name, rule.id)}
    if missing:
        known = ", ".join(sorted(rule.name for rule in rules)[:12])
        raise BacktestRefused(f"there is no rule {min(missing)!r}; there are: {known}")
    return found


def _choice(name: str) -> RuleChoice:
    """`class/rule`, or `class/rule@3` for a version."""
    rule, _, version = name.partition("@")
    if version and not version.isdecimal():
        raise SettingsError(f"{name!r}: write the version as a number, like {rule}@3")
    return RuleChoice(rule=rule, version=int(version) if version else None)


def _failures(file: Path | None) -> list[FailureGiven] | None:
    if file is None:
        return None
    with file.open(encoding="utf-8-sig", newline="") as lines:
        return [
            FailureGiven(asset=one.asset, time=from_us(one.at_us), failure_mode=one.failure_mode)
            for one in read_failures(lines, file.name)
        ]


def _sweep(words: tuple[str, str]) -> Sweep:
    """A parameter and `4,4.5,5` or `4:5:0.5`."""
    parameter, text = words
    try:
        if ":" in text:
            first, last, step = (float(part) for part in text.split(":"))
            count = round((last - first) / step) + 1
            values = [round(first + step * number, 12) for number in range(max(0, count))]
        else:
            values = [float(part) for part in text.split(",")]
        return Sweep(parameter=parameter, values=values)
    except (ValueError, ZeroDivisionError, OverflowError) as error:
        raise SettingsError(
            f"--values {text!r}: write them like 4,4.5,5 or as first:last:step, 50 at most"
        ) from error


def _pair(option: str, text: str) -> tuple[str, float]:
    name, _, value = text.partition("=")
    try:
        return name, float(value)
    except ValueError as error:
        raise SettingsError(f"{option} {text!r}: it has to be NAME=NUMBER") from error


def _time(option: str, text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise SettingsError(f"{option} {text!r}: it has to be like 2026-11-23T10:00Z") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


async def _run(url: str, asked: BacktestRequest, progress: Progress) -> tuple[int, BacktestResult]:
    """Keep the request and run it here; broken off by the user, it is kept as cancelled."""
    async with await connect(url, autocommit=True) as connection:
        await require_schema(connection)
    bar = progress.add_task("history", total=1.0, readings=0)

    def show(share: float, readings: int) -> None:
        progress.update(bar, completed=share, readings=readings)

    work = asyncio.create_task(run_new(url, asked, by=getpass.getuser(), on_progress=show))
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGINT, work.cancel)
    try:
        return await work
    except asyncio.CancelledError:
        raise BacktestCancelled("the backtest was broken off") from None
    finally:
        loop.remove_signal_handler(signal.SIGINT)
        await end_tasks([work])


@contextmanager
def _bar(console: Console) -> Iterator[Progress]:
    """A bar that goes away at the end; nothing where nobody looks."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[readings]:,} readings"),
        TimeRemainingColumn(),
    )
    hidden = not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=hidden) as progress:
        yield progress
