"""Numbers, units, times and ages in the words and signs that people read."""

import math
from datetime import datetime, timedelta
from types import MappingProxyType
from zoneinfo import ZoneInfo

from config.clock import from_us

_DIGITS = 4
_DONE = MappingProxyType(
    {
        "create": "created",
        "attach": "another event joined",
        "cool_down": "an event was held back",
        "suppress": "an event was noted during the work",
        "escalate": "became more urgent",
        "edit": "changed",
        "set_parent": "belongs elsewhere",
        "report_failure": "failure reported",
        "sign": "signed",
        "enter_time": "time entered",
        "reverse_time": "time taken back",
        "start_timer": "timer started",
        "stop_timer": "timer stopped",
        "require_permit": "permit required",
        "issue_permit": "permit issued",
        "close_permit": "permit handed back",
        "withdraw_permit": "permit withdrawn",
        "apply_isolation": "isolation applied",
        "verify_isolation": "isolation verified",
        "remove_isolation": "isolation removed",
        "assign": "assigned",
        "comment": "remark",
        "acknowledge": "acknowledged",
        "shelve": "shelved",
        "unshelve": "taken from its shelf",
        "shelf_expired": "the time of its shelf was over",
        "silence": "silenced",
        "annunciate": "annunciated again",
        "take_out_of_service": "taken out of service",
        "return_to_service": "returned to service",
        "end_suppression": "suppression ended",
    }
)
_AGES = ((86_400, "d"), (3_600, "h"), (60, "min"))


def format_number(value: float | None, resolution: float | None = None) -> str:
    """A value to its resolution, or to four digits; a dash where there is none."""
    if value is None or not math.isfinite(value):
        return "\N{EN DASH}"
    decimals = _decimals_of(resolution) if resolution else _decimals_for(value)
    text = f"{value:.{decimals}f}"
    # Not "-0.0".
    return text.lstrip("-") if float(text) == 0 else text.replace("-", "\N{MINUS SIGN}")


def _decimals_of(resolution: float) -> int:
    return min(6, max(0, -math.floor(math.log10(resolution) + 1e-9)))


def _decimals_for(value: float) -> int:
    if value == 0 or value == round(value):
        return 0
    return min(6, max(0, _DIGITS - 1 - math.floor(math.log10(abs(value)))))


def format_time(moment: datetime, zone: str) -> str:
    """Date and time in a zone, with the zone's own short name."""
    return moment.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M:%S %Z")


def format_clock(moment: datetime, zone: str) -> str:
    """Day and time to the minute in a zone: `Mon 14:30`."""
    return moment.astimezone(ZoneInfo(zone)).strftime("%a %H:%M")


def format_moment(seconds: float, zone: str) -> str:
    """A time in seconds since 1970, in a zone."""
    return format_time(from_us(round(seconds * 1e6)), zone)


def format_age(moment: datetime, now: datetime) -> str:
    """How long ago, in the largest unit that fits: `3 min`."""
    seconds = (now - moment).total_seconds()
    return format_span(max(timedelta(), timedelta(seconds=seconds)))


def format_since(seconds: float, now: datetime) -> str:
    """How long ago a time in seconds since 1970 was."""
    return format_age(from_us(round(seconds * 1e6)), now)


def format_span(span: timedelta) -> str:
    """A length of time in the largest unit that fits."""
    seconds = span.total_seconds()
    for size, name in _AGES:
        if seconds >= size:
            return f"{int(seconds // size)} {name}"
    return f"{int(seconds)} s"


def format_rate(per_s: float) -> str:
    """A rate without false precision."""
    return f"{per_s:.1f}" if per_s < 10 else f"{per_s:,.0f}".replace(",", "\u202f")


def words(code: str) -> str:
    """A code as words: `in_progress` -> `in progress`."""
    return code.replace("_", " ").replace("-", " ")


def done(action: str) -> str:
    """What an action of the audit trail did."""
    return _DONE.get(action, words(action))
