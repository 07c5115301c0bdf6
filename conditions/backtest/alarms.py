"""Rules on devices' alarms replayed over the alarms' history, on the engine that runs live. Pure.

Such a rule reads nothing but its alarm, so that the readings of the asset need not be put between.
"""

from collections.abc import Sequence
from dataclasses import replace

from conditions.binding import Plant
from conditions.change import Change
from conditions.engine import Engine, Tick
from edge.reading import SensorAlarm

_AT_ONCE = 1_000


def codes_of(plant: Plant) -> list[str]:
    """The alarms that a plant's rules are on."""
    return sorted({one.rule.alarm for one in plant.rules if one.rule.alarm is not None})


def replay_alarms(
    plant: Plant, alarms: Sequence[SensorAlarm], *, start_us: int, end_us: int
) -> list[Change]:
    """Changes of events that were raised from `start_us` on; `alarms` are in the order of time.

    `alarms` are those of `codes_of`: one without a rule would raise the event that it has live.
    """
    rules = [one for one in plant.rules if one.rule.alarm is not None]
    engine = Engine(replace(plant, rules=rules, points=()), lateness_us=0, evidence=False)
    found: list[Change] = []
    for first in range(0, len(alarms), _AT_ONCE):
        found += engine.feed([tuple(alarms[first : first + _AT_ONCE])])
    found += engine.feed([Tick(end_us)])
    return [change for change in found if change.raised_us >= start_us]
