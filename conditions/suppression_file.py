"""Suppressions as rule files say them."""

from datetime import date, time
from types import MappingProxyType

from conditions.rule_shape import SuppressionShape, WindowShape
from conditions.suppression import DateWindow, Suppression, SuppressionKind, WeeklyWindow

_DAYS = MappingProxyType(
    {name: day for day, name in enumerate(("mon", "tue", "wed", "thu", "fri", "sat", "sun"))}
)


def read_suppression(shape: SuppressionShape) -> Suppression:
    """What an entry under `suppress:` means."""
    if shape.parent is not None:
        rule = "" if shape.parent is True else shape.parent
        return Suppression(SuppressionKind.PARENT, rule=rule)
    if shape.asset_state is not None:
        return Suppression(SuppressionKind.ASSET_STATE, states=frozenset(shape.asset_state))
    return Suppression(SuppressionKind.WINDOW, window=_window(shape.window or WindowShape()))


def _window(shape: WindowShape) -> WeeklyWindow | DateWindow:
    if shape.first is not None and shape.last is not None:
        return DateWindow(date.fromisoformat(shape.first), date.fromisoformat(shape.last))
    return WeeklyWindow(
        frozenset(_DAYS[day] for day in shape.days or _DAYS),
        time.fromisoformat(shape.start),
        time.fromisoformat(shape.end),
    )
