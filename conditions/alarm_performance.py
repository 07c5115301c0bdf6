"""How well the alarms serve those who answer them (ISA-18.2, EEMUA 191). Pure.

Every figure says its formula, what it was taken over, what was left out, and gives the rows behind
it. An annunciation is an alarm that was put before people: a raise that nothing held back, or the
end of what held one back. Periods are half open, [start, end); times are µs since 1970.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from conditions.event import Severity

_SECOND = 1_000_000
_HOUR = 3600 * _SECOND
INTERVAL_US = 600 * _SECOND
"""The ten minutes that rates and floods are counted by."""
FLOOD_BEGINS_ABOVE = 10
FLOOD_ENDS_BELOW = 5
CHATTERING = 3
CHATTERING_WITHIN_US = 60 * _SECOND
FLEETING_US = 10 * _SECOND
STALE_US = 24 * _HOUR
TOP = 10
WANTED_SHARES: Mapping[str, float] = MappingProxyType(
    {"low": 0.80, "medium": 0.15, "high and critical": 0.05}
)
"""EEMUA 191: of a hundred alarms, eighty low, fifteen medium, five high."""


@dataclass(frozen=True, slots=True)
class Annunciation:
    """One alarm put before people; `raised_us` is when its condition was raised."""

    event_id: int
    asset: str
    rule: str
    severity: Severity
    at_us: int
    raised_us: int
    cleared_us: int | None = None
    acknowledged_us: int | None = None

    @property
    def alarm(self) -> tuple[str, str]:
        """What alarms: a rule on an asset."""
        return self.asset, self.rule


@dataclass(frozen=True, slots=True)
class Period:
    """What is looked at: [start, end)."""

    start_us: int
    end_us: int

    def holds(self, at_us: int) -> bool:
        """Does a time lie in it?"""
        return self.start_us <= at_us < self.end_us

    @property
    def hours(self) -> float:
        """Its length."""
        return (self.end_us - self.start_us) / _HOUR


Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure; without a value there was nothing to take it over.

    `target` is the standard's, in words. `population` counts what it was taken over, `excluded`
    what was left out, by reason.
    """

    name: str
    value: float | None
    unit: str
    formula: str
    target: str
    population: int
    excluded: Mapping[str, int]
    rows: Sequence[Row]


def performance(
    annunciations: Sequence[Annunciation], period: Period, *, operators: int = 1
) -> list[Figure]:
    """Every figure of a period, of annunciations in it and of those before it that reach into it."""
    within = [one for one in annunciations if period.holds(one.at_us)]
    return [
        average_rate(within, period, operators=operators),
        peak_rate(within, period, operators=operators),
        flood_share(within, period),
        top_ten(within),
        chattering(within),
        fleeting(within),
        stale(annunciations, period),
        priorities(within),
        time_to_acknowledge(within),
    ]


def average_rate(within: Sequence[Annunciation], period: Period, *, operators: int) -> Figure:
    """Alarms an hour for each operator."""
    value = len(within) / period.hours / operators if period.hours > 0 else None
    hours = Counter((one.at_us - period.start_us) // _HOUR for one in within)
    return Figure(
        "average_rate",
        value,
        "1/h",
        f"annunciations / hours of the period ({period.hours:g}) / operators ({operators})",
        "about 6, at most 12",
        len(within),
        {},
        [
            {"start_us": period.start_us + hour * _HOUR, "alarms": count}
            for hour, count in sorted(hours.items())
        ],
    )


def peak_rate(within: Sequence[Annunciation], period: Period, *, operators: int) -> Figure:
    """The most alarms in ten minutes, for each operator."""
    worst = sorted(intervals(within, period), key=lambda row: -row["alarms"])
    return Figure(
        "peak_rate",
        worst[0]["alarms"] / operators if worst else None,
        "1/10 min",
        f"most annunciations in one of the period's intervals of 10 min / operators ({operators})",
        "at most 10",
        len(within),
        {},
        [row for row in worst[:TOP] if row["alarms"]],
    )


def flood_share(within: Sequence[Annunciation], period: Period) -> Figure:
    """The share of the time in alarm floods."""
    rows = intervals(within, period)
    flooded = [row for row in rows if row["flood"]]
    whole = sum(row["seconds"] for row in rows)
    return Figure(
        "flood_share",
        sum(row["seconds"] for row in flooded) / whole if whole else None,
        "1",
        f"time in floods / period; a flood begins with an interval of 10 min of more than "
        f"{FLOOD_BEGINS_ABOVE} annunciations and ends before one of less than {FLOOD_ENDS_BELOW}",
        "less than 1 %",
        len(within),
        {},
        flooded,
    )


def intervals(within: Sequence[Annunciation], period: Period) -> list[dict[str, Any]]:
    """The period in intervals of ten minutes from its start: `alarms` in each, and is it `flood`?

    The last one may be shorter (`seconds`): it is judged by the alarms that it has.
    """
    counts = Counter((one.at_us - period.start_us) // INTERVAL_US for one in within)
    rows: list[dict[str, Any]] = []
    flood = False
    for number, start in enumerate(range(period.start_us, period.end_us, INTERVAL_US)):
        alarms = counts[number]
        flood = alarms > FLOOD_BEGINS_ABOVE or (flood and alarms >= FLOOD_ENDS_BELOW)
        seconds = (min(start + INTERVAL_US, period.end_us) - start) / _SECOND
        rows.append({"start_us": start, "seconds": seconds, "alarms": alarms, "flood": flood})
    return rows


def top_ten(within: Sequence[Annunciation]) -> Figure:
    """The ten alarms that came most often, and their share of all."""
    counts = Counter(one.alarm for one in within)
    worst = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:TOP]
    return Figure(
        "top_ten",
        sum(count for _, count in worst) / len(within) if within else None,
        "1",
        "annunciations of the ten alarms that came most often / annunciations",
        "at most 5 % together",
        len(within),
        {},
        [
            {"asset": asset, "rule": rule, "alarms": count, "share": count / len(within)}
            for (asset, rule), count in worst
        ],
    )


def chattering(within: Sequence[Annunciation]) -> Figure:
    """Alarms that came three times or more within a minute."""
    times: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for one in within:
        times[one.alarm].append(one.at_us)
    found = {alarm: _chatters(sorted(at)) for alarm, at in times.items()}
    rows = [
        {"asset": asset, "rule": rule, "alarms": count}
        for (asset, rule), count in sorted(found.items(), key=lambda item: (-item[1], item[0]))
        if count
    ]
    return Figure(
        "chattering",
        float(len(rows)),
        "alarms",
        f"alarms annunciated {CHATTERING} times or more within 60 s; a row counts what was in such "
        "a run",
        "0",
        len(within),
        {},
        rows,
    )


def _chatters(times: Sequence[int]) -> int:
    """How many of an alarm's times, in order, lie in a run of enough of them within a minute."""
    inside: set[int] = set()
    for last in range(CHATTERING - 1, len(times)):
        first = last - CHATTERING + 1
        if times[last] - times[first] <= CHATTERING_WITHIN_US:
            inside.update(range(first, last + 1))
    return len(inside)


def fleeting(within: Sequence[Annunciation]) -> Figure:
    """Annunciations that were over before anyone could do something."""
    over = [one for one in within if one.cleared_us is not None]
    spans = [(one, (one.cleared_us or 0) - one.at_us) for one in over]
    brief = [(one, span) for one, span in spans if span < FLEETING_US]
    return Figure(
        "fleeting",
        len(brief) / len(over) if over else None,
        "1",
        f"annunciations that cleared in less than {FLEETING_US // _SECOND} s / those that cleared",
        "0",
        len(over),
        {"still active": len(within) - len(over)},
        [
            {"event_id": one.event_id, "asset": one.asset, "rule": one.rule, "s": span / _SECOND}
            for one, span in brief
        ],
    )


def stale(annunciations: Sequence[Annunciation], period: Period) -> Figure:
    """Alarms that had been active for more than a day at some moment of the period."""
    events = {one.event_id: one for one in annunciations if one.at_us < period.end_us}
    spans = {number: _active_until(one, period) - one.raised_us for number, one in events.items()}
    rows = [
        {"event_id": number, "asset": one.asset, "rule": one.rule, "h": spans[number] / _HOUR}
        for number, one in events.items()
        if spans[number] > STALE_US and (one.cleared_us is None or one.cleared_us > period.start_us)
    ]
    return Figure(
        "stale",
        float(len(rows)),
        "alarms",
        "events active for more than 24 h at a moment of the period, those raised before it too",
        "less than 5, with a plan for each",
        len(events),
        {},
        sorted(rows, key=lambda row: -row["h"]),
    )


def _active_until(one: Annunciation, period: Period) -> int:
    return period.end_us if one.cleared_us is None else min(one.cleared_us, period.end_us)


def priorities(within: Sequence[Annunciation]) -> Figure:
    """How the severities are shared out, against 80 / 15 / 5 of a hundred."""
    counts = Counter(_band(one.severity) for one in within)
    counted = len(within)
    rows = [
        {"severity": band, "alarms": counts[band], "share": counts[band] / counted, "wanted": share}
        for band, share in WANTED_SHARES.items()
        if counted
    ]
    off = [abs(counts[band] / counted - share) for band, share in WANTED_SHARES.items() if counted]
    return Figure(
        "priorities",
        max(off) if off else None,
        "1",
        "largest difference of a severity's share of the annunciations to the share wanted",
        "80 % low, 15 % medium, 5 % high and critical",
        len(within),
        {},
        rows,
    )


def _band(severity: Severity) -> str:
    return severity.label if severity < Severity.HIGH else "high and critical"


def time_to_acknowledge(within: Sequence[Annunciation]) -> Figure:
    """How long it takes until somebody has seen an alarm: the median."""
    waits = [
        (one, (one.acknowledged_us - one.at_us) / _SECOND)
        for one in within
        if one.acknowledged_us is not None and one.acknowledged_us >= one.at_us
    ]
    waits.sort(key=lambda wait: -wait[1])
    return Figure(
        "time_to_acknowledge",
        _median([seconds for _, seconds in waits]),
        "s",
        "median of the time from the annunciation to its acknowledgement",
        "",
        len(waits),
        {"not acknowledged": len(within) - len(waits)},
        [
            {"event_id": one.event_id, "asset": one.asset, "rule": one.rule, "s": seconds}
            for one, seconds in waits
        ],
    )


def _median(ordered: Sequence[float]) -> float | None:
    if not ordered:
        return None
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[middle]
    return (ordered[middle - 1] + ordered[middle]) / 2
