"""`oilcan status`: what runs, what waits and what is down, from the log and the database alone."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

import psycopg
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from api.live.known_edges import known_edges
from api.live.status_board import Figures, RoleState, StatusBoard
from api.plant_counts import PlantCounts, plant_counts
from api.readiness import Engines, complaints, problems
from config.clock import from_us, now_us, to_us
from config.database import connect
from config.diagnostics import configure
from config.errors import DatabaseOutdated, DatabaseUnavailable, LogUnavailable, SettingsError
from config.log import close_log, connect_log
from config.migrate import require_schema
from config.settings import Settings
from config.status import EVERY_S, Part, watch_status
from ingest.unknown import UnknownTag, unknown_by_source, unknown_tags
from oilcan.engine_addresses import find_database_url, find_log_url
from oilcan.settings import load

# Two statuses of each process give its rates.
_LISTEN_S = 2.5 * EVERY_S
_UP = frozenset({"connected", "reading"})
_WIDE = 160
_TEXTS = frozenset({"role", "name", "state", "says"})
_COLUMNS = (
    "role",
    "name",
    "state",
    "per s",
    "came, s",
    "last, s",
    "clock off, s",
    "bad",
    "unknown tags",
    "rejected",
    "lost",
    "says",
)
_UNKNOWN_TAGS = 100
_UNKNOWN_SHOWN = 5


@dataclass(frozen=True, slots=True)
class _Kept:
    """What the database tells."""

    counts: PlantCounts
    unknown: list[UnknownTag]
    unknown_by_source: dict[tuple[str, str], int]


@dataclass(frozen=True, slots=True)
class Report:
    """What was found: `counts` is None where the database did not tell.

    `unknown` are tags without a point, those heard last first; `unknown_by_source` says how many there are
    by edge and source.
    """

    roles: list[RoleState]
    figures: Figures
    counts: PlantCounts | None
    problems: list[str]
    unknown: list[UnknownTag] = field(default_factory=list)
    unknown_by_source: dict[tuple[str, str], int] = field(default_factory=dict)


def run_status(*, as_json: bool, **options: object) -> int:
    """Print how the plant's Oilcan stands; 1 where something is down. Raises `OilcanError`."""
    settings = load(Settings, **options)
    configure("error", role="status")
    report = asyncio.run(_look(settings))
    if as_json:
        typer.echo(json.dumps(_document(report), indent=2))
    else:
        show(report, _console(), now_s=now_us() / 1e6)
    return 1 if report.problems else 0


def show(report: Report, console: Console, *, now_s: float) -> None:
    """Print a report for people."""
    counts = report.counts
    if any(role.alive for role in report.roles):
        _show_figures(report.figures, console)
    if counts is not None:
        console.print(
            f"{counts.open_events} open events, {counts.open_orders} open orders, "
            f"{counts.unknown_tags} unknown tags, {counts.dead_letters} dead letters",
            highlight=False,
        )
    if report.roles:
        console.print(_table(report, now_s))
    if counts is not None and report.unknown:
        console.print(_unknown_table(report.unknown, counts.unknown_tags, now_s))
    for problem in report.problems:
        console.print(Text(problem, style="red"))
    if not report.problems:
        console.print(Text("all is well", style="green"))


def _console() -> Console:
    """The terminal; what goes elsewhere is not squeezed into the 80 columns of one."""
    console = Console()
    return console if console.is_terminal else Console(width=_WIDE)


def _show_figures(figures: Figures, console: Console) -> None:
    lag = "?" if figures.lag_s is None else f"{figures.lag_s:.1f}"
    console.print(
        f"{figures.readings_per_s:.1f} readings/s, stored {lag} s behind, "
        f"{figures.sources_connected} of {figures.sources_total} sources connected",
        highlight=False,
    )


async def _look(settings: Settings) -> Report:
    board = StatusBoard()
    log = await _listen(settings, board)
    engines, kept = await _ask(settings, board, log=log)
    roles = board.roles()
    found = problems(engines, roles, lag_limit_s=settings.ready_lag_s) + complaints(roles)
    if kept is None:
        return Report(roles, board.figures(), None, found)
    told = kept.counts, found, kept.unknown, kept.unknown_by_source
    return Report(roles, board.figures(), *told)


async def _listen(settings: Settings, board: StatusBoard) -> bool:
    """Fill the board with what every role says within a few seconds; False: no log."""
    try:
        client = await connect_log(find_log_url(settings), name="status")
    except (LogUnavailable, SettingsError):
        return False
    try:
        await watch_status(client, board.take)
        await asyncio.sleep(_LISTEN_S)
    finally:
        await close_log(client)
    return True


async def _ask(
    settings: Settings, board: StatusBoard, *, log: bool
) -> tuple[Engines, _Kept | None]:
    """How the database stands, and what it tells; the board gets the edges that it knows."""
    try:
        connection = await connect(find_database_url(settings), autocommit=True)
    except DatabaseUnavailable:
        return Engines(database=False, schema=False, log=log), None
    try:
        await require_schema(connection)
        board.remember("edge", await known_edges(connection, from_us(now_us())))
        unknown = await unknown_tags(connection, limit=_UNKNOWN_TAGS)
        by_source = await unknown_by_source(connection)
        kept = _Kept(await plant_counts(connection), unknown, by_source)
        return Engines(database=True, schema=True, log=log), kept
    except DatabaseOutdated:
        return Engines(database=True, schema=False, log=log), None
    except psycopg.OperationalError:
        return Engines(database=False, schema=False, log=log), None
    finally:
        await connection.close()


def _table(report: Report, now_s: float) -> Table:
    """Roles with their parts and these ones' devices; columns that hold nothing are left out."""
    unknown = report.unknown_by_source
    rows = [cells for role in report.roles for cells in _rows_of(role, unknown, now_s)]
    table = Table(box=None, pad_edge=False, header_style="bold")
    told = [place for place in range(len(_COLUMNS)) if any(str(cells[place]) for cells in rows)]
    for place in told:
        name = _COLUMNS[place]
        text = name in _TEXTS
        table.add_column(name, justify="left" if text else "right", overflow="fold")
    for cells in rows:
        table.add_row(*(cells[place] for place in told))
    return table


def _rows_of(
    role: RoleState, unknown_by_source: dict[tuple[str, str], int], now_s: float
) -> Iterator[list[str | Text]]:
    said = role.status
    rate = role.rates.get("readings_total", role.rates.get("rows_total"))
    own: list[str | Text] = [said.role, said.name, _state(role), _number(rate)]
    own += [""] * (len(_COLUMNS) - len(own) - 1)
    yield [*own, Text(said.message)]
    for name, part in sorted(said.parts.items()):
        per_s = role.part_rates.get(name, {}).get("readings_total")
        unknown = unknown_by_source.get((said.name, name)) if said.role == "edge" else None
        yield _cells(name, part, per_s, now_s, unknown=unknown)
        for device, one in sorted(part.devices.items()):
            yield _cells(f"  {device}", one, None, now_s)


def _unknown_table(unknown: list[UnknownTag], total: int, now_s: float) -> Table:
    """The tags without a point that were heard last."""
    more = f", {total} in all" if total > _UNKNOWN_SHOWN else ""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(f"tags without a point{more}")
    table.add_column("from edge")
    table.add_column("source")
    for name in ("readings", "last, s"):
        table.add_column(name, justify="right")
    for tag in unknown[:_UNKNOWN_SHOWN]:
        age_s = _age_s(to_us(tag.last_ts) / 1e6, now_s)
        table.add_row(
            Text(tag.tag), Text(tag.edge), Text(tag.source or "-"), str(tag.count), _number(age_s)
        )
    return table


def _cells(
    name: str, part: Part, per_s: float | None, now_s: float, *, unknown: int | None = None
) -> list[str | Text]:
    told = part.metrics
    return [
        "",
        name,
        Text(part.state, style="green" if part.state in _UP else "red"),
        _number(per_s),
        _number(_age_s(told.get("last_received_timestamp_seconds"), now_s)),
        _number(_age_s(told.get("last_reading_timestamp_seconds"), now_s)),
        _number(told.get("clock_offset_seconds")),
        _count(told.get("bad_total")),
        _count(unknown),
        _count(told.get("rejected_total")),
        _count(told.get("reconnects_total", told.get("losses_total"))),
        Text(part.message),
    ]


def _state(role: RoleState) -> Text:
    if not role.alive:
        return Text("silent", style="red")
    return Text("well", style="green") if role.status.healthy else Text("unwell", style="red")


def _age_s(then_s: float | None, now_s: float) -> float | None:
    return None if then_s is None else max(0.0, now_s - then_s)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"


def _count(value: float | None) -> str:
    return "" if value is None else f"{value:.0f}"


def _document(report: Report) -> dict[str, Any]:
    roles = [
        {
            **asdict(role.status),
            "alive": role.alive,
            "rates": dict(role.rates),
            "part_rates": {name: dict(rates) for name, rates in role.part_rates.items()},
        }
        for role in report.roles
    ]
    return {
        "problems": report.problems,
        "figures": asdict(report.figures),
        "counts": None if report.counts is None else asdict(report.counts),
        "roles": roles,
        "unknown_tags": [
            {
                **asdict(tag),
                "first_ts": tag.first_ts.isoformat(),
                "last_ts": tag.last_ts.isoformat(),
            }
            for tag in report.unknown
        ],
    }
