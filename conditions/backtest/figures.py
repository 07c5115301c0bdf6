"""What events amount to: how many, how long, how restless. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from conditions.backtest.replay import Event

CHATTER_US = 3_600_000_000
"""A raise within an hour after the event before it cleared is chatter."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Events of a rule, or of all.

    `alarm_us` is the time from raise to clearing, added up over assets (an event that is open at
    the end counts up to there). `chatter` counts raises of a rule on an asset that come within an
    hour after its last event cleared.
    """

    events: int
    open: int
    assets: int
    alarm_us: int
    longest_us: int
    chatter: int


def figures_of(events: Sequence[Event], *, end_us: int) -> Figures:
    """The figures of some events, sorted by raise."""
    spans = [(event.cleared_us or end_us) - event.raised_us for event in events]
    return Figures(
        events=len(events),
        open=sum(event.cleared_us is None for event in events),
        assets=len({event.asset for event in events}),
        alarm_us=sum(spans),
        longest_us=max(spans, default=0),
        chatter=_chatter(events),
    )


def _chatter(events: Sequence[Event]) -> int:
    last: dict[tuple[str, str], int] = {}
    found = 0
    for event in events:
        key = (event.rule, event.asset)
        found += key in last and event.raised_us - last[key] <= CHATTER_US
        if event.cleared_us is not None:
            last[key] = event.cleared_us
    return found
