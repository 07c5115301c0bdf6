"""The life of one event beside the state of its condition: what is told, and when. Pure.

The terms are those of ISA-18.2 and OPC UA Part 9. A condition is evaluated all along; shelving,
suppression and taking out of service only keep its event from being annunciated:

    annunciated --something silences it--> silent --nothing silences it any more--> annunciated
                                                                      (told again, once)

What others were told last is kept with the event (`told`), so that every change is told once: a
change of severity only while it is annunciated, the clearing whenever they know of the event.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from conditions.event import ChangeKind, Severity, Silence


@dataclass(frozen=True, slots=True)
class Life:
    """An event as it stands: its condition, what silences it, and what others know of it."""

    active: bool
    severity: Severity
    silences: frozenset[Silence] = frozenset()
    told: Severity | None = None
    latch: bool = False
    latched: bool = False
    """Cleared, and waiting for a person to reset it."""
    acknowledged: bool = False

    @property
    def annunciated(self) -> bool:
        """Is it before people at present?"""
        return self.active and not self.silences

    @property
    def open(self) -> bool:
        """Does its condition hold, or does it wait for a reset?"""
        return self.active or self.latched


@dataclass(frozen=True, slots=True)
class Step:
    """An event after a change, and what others are to be told of it, if anything."""

    life: Life
    told: ChangeKind | None = None


def raised(severity: Severity, silences: Iterable[Silence] = (), *, latch: bool = False) -> Step:
    """A new event."""
    life = Life(True, severity, frozenset(silences), latch=latch)
    return _annunciate(life) if life.annunciated else Step(life)


def changed(life: Life, kind: ChangeKind, severity: Severity) -> Step:
    """The kernel's change of an event that is active.

    An event that gets worse than what was acknowledged has to be acknowledged again.
    """
    if not life.active:
        return Step(life)
    if kind is ChangeKind.CLEARED:
        return _cleared(life)
    worse = severity > life.severity
    after = replace(life, severity=severity, acknowledged=life.acknowledged and not worse)
    if not after.annunciated or after.told == severity:
        return Step(after)
    return Step(replace(after, told=severity), kind)


def silenced(life: Life, silences: Iterable[Silence]) -> Step:
    """What silences the event is this from now on.

    An active event that nothing silences any more is annunciated anew, and has to be acknowledged.
    """
    after = replace(life, silences=frozenset(silences))
    if not after.annunciated or not life.silences:
        return Step(after)
    return _annunciate(replace(after, acknowledged=False))


def acknowledged(life: Life) -> Step:
    """Somebody has seen it."""
    return Step(replace(life, acknowledged=True))


def may_reset(life: Life) -> bool:
    """A latched event is reset once it has returned to normal and somebody has seen it."""
    return life.latched and life.acknowledged


def reset(life: Life) -> Step:
    """Somebody has reset the latch; nothing changes where that may not be."""
    return Step(replace(life, latched=False) if may_reset(life) else life)


def _annunciate(life: Life) -> Step:
    return Step(replace(life, told=life.severity), ChangeKind.RAISED)


def _cleared(life: Life) -> Step:
    after = replace(life, active=False, told=None, latched=life.latch)
    return Step(after, None if life.told is None else ChangeKind.CLEARED)
