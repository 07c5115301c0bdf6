"""Failures from a CSV file: `asset,time,failure_mode`, times with an offset or in UTC. Pure."""

import csv
from collections.abc import Iterable
from datetime import UTC, datetime

from conditions.backtest.score import Failure
from conditions.errors import FailuresUnreadable
from config.clock import to_us

_NEEDED = ("asset", "time")


def read_failures(lines: Iterable[str], name: str) -> list[Failure]:
    """The failures of a CSV file called `name`. Raises `FailuresUnreadable` with file and line."""
    reader = csv.DictReader(lines)
    missing = [column for column in _NEEDED if column not in (reader.fieldnames or ())]
    if missing:
        raise FailuresUnreadable(
            f"{name}:1: there is no column {missing[0]!r}; give asset,time,failure_mode"
        )
    return [_failure(row, f"{name}:{reader.line_num}") for row in reader]


def _failure(row: dict[str, str | None], where: str) -> Failure:
    asset, time = (row.get("asset") or "").strip(), (row.get("time") or "").strip()
    try:
        moment = datetime.fromisoformat(time)
    except ValueError as error:
        raise FailuresUnreadable(
            f"{where}: {time!r} is no time; write it like 2026-11-23T10:00Z"
        ) from error
    if not asset:
        raise FailuresUnreadable(f"{where}: no asset")
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    mode = (row.get("failure_mode") or "").strip() or None
    return Failure(asset, to_us(aware), mode, where)
