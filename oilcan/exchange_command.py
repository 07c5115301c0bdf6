"""`oilcan import readings` and `oilcan export readings`: files in, files out, with a bar."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from config.clock import from_us, now_us, to_us
from config.database import connect
from config.errors import SettingsError
from config.migrate import require_schema
from config.settings import Settings
from ingest.chunks import DAY_US
from ingest.exporting import export_readings
from ingest.importing.layout import Reading
from ingest.importing.service import Imported, Mode, Plan, import_file
from ingest.point import Point
from ingest.points import load_points
from ingest.settings import load_ingest_settings
from ingest.sorting import Span
from oilcan.engine_addresses import find_database_url
from oilcan.moments import moment
from oilcan.settings import load


@dataclass(frozen=True, slots=True)
class Selection:
    """Which readings are exported: of all points, or of some; times as they were typed."""

    tags: Sequence[str] = ()
    assets: Sequence[str] = ()
    start: str | None = None
    end: str | None = None


def run_import(
    files: Sequence[Path], reading: Reading, *, mode: Mode, rejects: Path | None, **options: object
) -> int:
    """Import files one after the other; returns 1 where anything was rejected. Raises `OilcanError`."""
    settings = load(Settings, **options)
    url = find_database_url(settings)
    span = _span(settings)
    console, rejected = Console(), 0
    for file in files:
        aside = rejects or file.with_name(f"{file.name}.rejects.csv")
        with _bar(console, file.name) as (progress, task):
            imported = asyncio.run(
                import_file(
                    url,
                    Plan(file, reading, aside, span),
                    mode=mode,
                    on_bytes=lambda read, size: progress.update(task, completed=read, total=size),
                )
            )
        for line in told(imported, mode):
            typer.echo(line)
        rejected += imported.progress.rejected
    return 1 if rejected else 0


def told(imported: Imported, mode: Mode) -> Iterator[str]:
    """What came of a file, in a few lines."""
    progress = imported.progress
    if imported.again:
        yield f"{imported.path}: imported before, on {progress.finished_at:%Y-%m-%d}; nothing to do"
        return
    verb = "would store up to" if mode is Mode.DRY_RUN else "stored"
    yield f"{imported.path}: {verb} {progress.stored:,} readings of {_counted(imported.points)}"
    if imported.bounds:
        first, last = (from_us(us).isoformat(sep=" ") for us in imported.bounds)
        yield f"  from {first} to {last}"
    if progress.known:
        yield f"  {progress.known:,} were there already"
    if imported.rejects:
        yield f"  {progress.rejected:,} rejected, with the reason: {imported.rejects}"


def run_export(file: Path, selection: Selection, **options: object) -> None:
    """Export readings into a file and say how many. Raises `OilcanError`."""
    url = find_database_url(load(Settings, **options))
    with _bar(Console(), file.name) as (progress, task):
        rows, points = asyncio.run(_export(url, file, selection, progress, task))
    typer.echo(f"{file}: {rows:,} readings of {_counted(points)}")


async def _export(
    url: str, file: Path, selection: Selection, progress: Progress, task: TaskID
) -> tuple[int, int]:
    start = _time("--from", selection.start, 0)
    end = _time("--to", selection.end, now_us() + DAY_US)
    async with await connect(url, autocommit=True) as connection:
        await require_schema(connection)
        points = chosen(await load_points(connection), selection)
        progress.update(task, total=len(points))
        exported = await export_readings(
            connection,
            file,
            points,
            start_us=start,
            end_us=end,
            on_point=lambda: progress.advance(task),
        )
    return exported.rows, exported.points


def chosen(points: Iterable[Point], selection: Selection) -> list[Point]:
    """The points that a selection means. Raises `SettingsError` for a name that no point has."""
    points = list(points)
    by_tag = {point.tag: point for point in points}
    assets = {point.asset for point in points}
    for names, known, what in (
        (selection.tags, by_tag, "point"),
        (selection.assets, assets, "asset with points"),
    ):
        missing = [name for name in names if name not in known]
        if missing:
            raise SettingsError(f"there is no {what} {missing[0]!r}")
    if not selection.tags and not selection.assets:
        return points
    return [p for p in points if p.tag in selection.tags or p.asset in selection.assets]


def tags_of(pairs: Iterable[str]) -> Mapping[str, str]:
    """NAME=TAG pairs as a mapping. Raises `SettingsError`."""
    parted = [pair.rpartition("=") for pair in pairs]
    for pair, (name, _, tag) in zip(pairs, parted, strict=True):
        if not name or not tag:
            raise SettingsError(f"--map {pair!r}: it has to be NAME=TAG, like 'Temp 1=P-101.temp'")
    return {name: tag for name, _, tag in parted}


def zone_of(name: str | None) -> str | None:
    """The name of a time zone that exists. Raises `SettingsError`."""
    if name is not None:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise SettingsError(
                f"--time-zone {name!r}: there is no such zone; one is Europe/Berlin"
            ) from error
    return name


def _counted(points: int) -> str:
    return f"{points:,} point{'' if points == 1 else 's'}"


def _span(settings: Settings) -> Span:
    """Times that may be stored: what the ingest worker takes too."""
    now = now_us()
    ahead = round(load_ingest_settings().future_limit_s * 1e6)
    return Span(now - settings.retention_days * DAY_US, now + ahead)


def _time(option: str, text: str | None, otherwise: int) -> int:
    if text is None:
        return otherwise
    return to_us(moment(option, text))


@contextmanager
def _bar(console: Console, name: str) -> Iterator[tuple[Progress, TaskID]]:
    """A bar that goes away at the end; nothing where nobody looks."""
    columns = TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn()
    hidden = not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=hidden) as progress:
        yield progress, progress.add_task(name, total=None)
