"""Recurrence rules (RFC 5545) in wall time, without a zone. Pure; dateutil expands them.

Two things are as plants mean them rather than as the RFC has them. A rule that names no day takes
that of its start, and in a month that does not have it the last day: the 31st of January leads to
the 28th of February and on to the 31st of March. And `UNTIL` without a time is a day, with all of it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import takewhile
from types import MappingProxyType

from dateutil.rrule import rrule, rrulestr

_FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
_KNOWN = (
    *("FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS"),
    *("BYHOUR", "BYMINUTE", "BYWEEKNO", "BYYEARDAY", "WKST"),
)
_NAME_A_DAY = frozenset({"BYDAY", "BYMONTHDAY", "BYWEEKNO", "BYYEARDAY"})
_MOST = 10_000


@dataclass(frozen=True, slots=True)
class Recurrence:
    """A rule that can be expanded: its parts less COUNT and UNTIL, and its first wall time.

    An `until` with a zone is a moment, one without is a wall time.
    """

    parts: Mapping[str, str]
    start: datetime
    count: int | None
    until: datetime | None


@lru_cache(maxsize=8192)
def parse(rule: str, start: datetime) -> Recurrence:
    """The rule, from a wall time on.

    Raises `ValueError` with problem and remedy (parted by ` | `) where it cannot be used.
    """
    parts = _parts(rule)
    _demand_known(parts)
    count, until = parts.pop("COUNT", None), parts.pop("UNTIL", None)
    if count is not None and until is not None:
        raise ValueError("COUNT and UNTIL stand together | Leave one of the two out")
    found = Recurrence(
        MappingProxyType(parts),
        start.replace(second=0, microsecond=0),
        _number("COUNT", count) if count is not None else None,
        _until(until) if until is not None else None,
    )
    _demand_possible(found)
    return found


def wall_times(recurrence: Recurrence, first: datetime, last: datetime) -> Iterator[datetime]:
    """The wall times of a rule in [first, last), in order."""
    for wall in takewhile(lambda wall: wall < last, _expand(recurrence, first)):
        if _is_after(wall, recurrence.until):
            return
        if wall >= first:
            yield wall


def following(recurrence: Recurrence, done: date) -> datetime | None:
    """The wall time that a floating rule comes to, counted from the day of the work before.

    `COUNT` is the chain's affair. None: the rule is over.
    """
    start = datetime.combine(done, recurrence.start.time())
    parts = _with_day(recurrence.parts, start)
    wall = _rule(parts, start).after(datetime.combine(done, time.max))
    return None if wall is None or _is_after(wall, recurrence.until) else wall


def _parts(rule: str) -> dict[str, str]:
    text = rule.strip().upper().removeprefix("RRULE:")
    pairs = [part.partition("=") for part in text.split(";") if part]
    if not pairs or not all(sign and value for _, sign, value in pairs):
        raise ValueError(
            f"{rule!r} is no recurrence rule | Write it as in FREQ=MONTHLY;INTERVAL=3 (RFC 5545)"
        )
    if len({name for name, _, _ in pairs}) < len(pairs):
        raise ValueError(f"{rule!r} says a part twice | Leave one of the two out")
    return {name: value for name, _, value in pairs}


def _demand_known(parts: Mapping[str, str]) -> None:
    frequency = parts.get("FREQ")
    if frequency not in _FREQUENCIES:
        raise ValueError(
            f"FREQ={frequency} cannot be planned | Use {', '.join(_FREQUENCIES)}; for several "
            "times a day FREQ=DAILY;BYHOUR=6,14,22"
        )
    unknown = [name for name in parts if name not in _KNOWN]
    if unknown:
        raise ValueError(f"{unknown[0]} is no part of a rule | Known are: {', '.join(_KNOWN)}")
    if "BYSETPOS" in parts and not _NAME_A_DAY & parts.keys():
        raise ValueError("BYSETPOS has nothing to pick from | Add BYDAY or BYMONTHDAY")
    _number("INTERVAL", parts.get("INTERVAL", "1"))


def _number(name: str, text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= _MOST:
        raise ValueError(f"{name}={text} is not a whole number from 1 to {_MOST} | Correct it")
    return int(text)


def _until(text: str) -> datetime:
    for form in ("%Y%m%d", "%Y%m%dT%H%M%S", "%Y%m%dT%H%M%SZ"):
        try:
            found = datetime.strptime(text, form)  # noqa: DTZ007 - a wall time, but for the last form
        except ValueError:
            continue
        if form.endswith("Z"):
            return found.replace(tzinfo=UTC)
        return datetime.combine(found, time.max) if form == "%Y%m%d" else found
    raise ValueError(f"UNTIL={text} is no date | Write the last day, as in UNTIL=20271231")


def _with_day(parts: Mapping[str, str], start: datetime) -> dict[str, str]:
    """Name the day that the start implies, else the last one of a month that does not have it."""
    found = dict(parts)
    if parts["FREQ"] not in {"MONTHLY", "YEARLY"} or _NAME_A_DAY & parts.keys():
        return found
    if parts["FREQ"] == "YEARLY":
        found |= _months_of_years(parts, start)
    found["BYMONTHDAY"] = str(start.day)
    if start.day > 28:
        times = _times(parts, "BYHOUR") * _times(parts, "BYMINUTE")
        found["BYMONTHDAY"] = ",".join(str(day) for day in range(28, start.day + 1))
        found["BYSETPOS"] = ",".join(str(-place) for place in range(times, 0, -1))
    return found


def _months_of_years(parts: Mapping[str, str], start: datetime) -> dict[str, str]:
    """`BYSETPOS` picks within one month: a yearly rule of several months is a monthly one."""
    months = parts.get("BYMONTH", str(start.month))
    if "," not in months:
        return {"BYMONTH": months}
    if parts.get("INTERVAL", "1") != "1":
        raise ValueError(
            "several months every so many years need a day | Add BYMONTHDAY, such as "
            f"BYMONTHDAY={start.day}"
        )
    return {"FREQ": "MONTHLY"}


def _times(parts: Mapping[str, str], name: str) -> int:
    return len(set(parts[name].split(","))) if name in parts else 1


def _rule(parts: Mapping[str, str], start: datetime, count: int | None = None) -> rrule:
    text = ";".join(f"{name}={value}" for name, value in parts.items())
    made = rrulestr(text if count is None else f"{text};COUNT={count}", dtstart=start)
    assert isinstance(made, rrule)  # noqa: S101 - a text of one rule makes one
    return made


def _demand_possible(recurrence: Recurrence) -> None:
    """Refuse what dateutil refuses, and what never comes.

    dateutil looks for the first day up to the year 9999. The calendar is the same every 400 years,
    so the search begins late.
    """
    start = recurrence.start
    late = start.replace(year=start.year + (9_600 - start.year) // 400 * 400)
    try:
        found = next(iter(_rule(_with_day(recurrence.parts, start), late)), None)
    except (OverflowError, IndexError, KeyError) as error:
        raise ValueError(_unreadable(error)) from error
    except ValueError as error:
        raise ValueError(str(error) if " | " in str(error) else _unreadable(error)) from error
    if found is None:
        raise ValueError("the rule has no day | Correct BYMONTH, BYMONTHDAY, BYDAY or BYSETPOS")


def _unreadable(error: Exception) -> str:
    return f"the rule cannot be read ({error}) | Write it as RFC 5545, section 3.3.10, has it"


def _is_after(wall: datetime, until: datetime | None) -> bool:
    return until is not None and until.tzinfo is None and wall > until


def _expand(recurrence: Recurrence, first: datetime) -> Iterator[datetime]:
    parts = _with_day(recurrence.parts, recurrence.start)
    if recurrence.count is not None:
        return iter(_rule(parts, recurrence.start, recurrence.count))
    return iter(_rule(parts, _near(parts, recurrence.start, first)))


def _near(parts: Mapping[str, str], start: datetime, first: datetime) -> datetime:
    """The start, moved by whole intervals to shortly before `first`: the same days follow."""
    frequency, interval = parts["FREQ"], int(parts.get("INTERVAL", "1"))
    days = {"DAILY": interval, "WEEKLY": 7 * interval}.get(frequency)
    if days is not None:
        steps = (first - start).days // days - 1
        return start + timedelta(days=days * steps) if steps > 0 else start
    months = interval if frequency == "MONTHLY" else 12 * interval
    steps = ((first.year - start.year) * 12 + first.month - start.month) // months - 1
    if steps <= 0:
        return start
    year, month = divmod(start.year * 12 + start.month - 1 + steps * months, 12)
    return start.replace(year=year, month=month + 1 if frequency == "MONTHLY" else 1, day=1)
