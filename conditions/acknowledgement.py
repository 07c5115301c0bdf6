"""Acknowledgements at the device: an operator at the panel or the control system has seen the alarm.

They come with the alarm's own changes, and count from the first change on that has them. Pure.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from conditions.change import Change
from conditions.tables import EARLIEST, LATEST
from edge.reading import SensorAlarm


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """Somebody has seen an alarm at its device; `at_us` is the source's time.

    It concerns the last event that `rule` had raised on the asset by then: one that had cleared only
    where the alarm is off (`active` is false).
    """

    rule: str
    asset_id: int
    at_us: int
    by: str
    active: bool


def taken_in(last: SensorAlarm | None, told: Sequence[SensorAlarm]) -> Iterator[SensorAlarm]:
    """The changes of one alarm that are newer than all before them; the others come too late."""
    newest = EARLIEST if last is None else last.ts
    for alarm in told:
        if newest < alarm.ts < LATEST:
            newest = alarm.ts
            yield alarm


def newly_acknowledged(
    last: SensorAlarm | None, told: Sequence[SensorAlarm]
) -> Iterator[SensorAlarm]:
    """Those changes of one alarm by which it is acknowledged, and was not, or comes anew so."""
    for alarm in taken_in(last, told):
        if alarm.acknowledged_by and _is_news(last, alarm):
            yield alarm
        last = alarm


def _is_news(last: SensorAlarm | None, alarm: SensorAlarm) -> bool:
    if last is not None and last.active == alarm.active:
        return not last.acknowledged_by
    # Servers that acknowledge by themselves what clears do not say that somebody saw it.
    return alarm.active


def in_order(
    changes: Sequence[Change], seen: Sequence[Acknowledgement]
) -> list[Change | Acknowledgement]:
    """Both by their times; what is changed and seen at one time is changed first."""
    return sorted([*changes, *seen], key=lambda one: one.at_us)
