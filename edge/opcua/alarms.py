"""Alarms and conditions as OPC UA tells them (Part 9): which fields are asked for, what they mean."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from asyncua import ua
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.object_ids import ObjectIds

from edge.opcua.source import OpcuaAlarms
from edge.opcua.values import Timing, us_of
from edge.reading import SensorAlarm, acknowledged_at_source
from edge.stamps import Stamps

_BASE, _CONDITION, _ACKNOWLEDGEABLE, _ALARM = (
    ObjectIds.BaseEventType,
    ObjectIds.ConditionType,
    ObjectIds.AcknowledgeableConditionType,
    ObjectIds.AlarmConditionType,
)
_FIELDS: tuple[tuple[int, tuple[str, ...]], ...] = (
    (_BASE, ("EventType",)),
    (_BASE, ("SourceName",)),
    (_BASE, ("Time",)),
    (_BASE, ("Message",)),
    (_BASE, ("Severity",)),
    (_CONDITION, ("ConditionName",)),
    (_ALARM, ("ActiveState", "Id")),
    (_ACKNOWLEDGEABLE, ("AckedState", "Id")),
)
_OVERFLOW = ua.NodeId(ua.Int32(ObjectIds.EventQueueOverflowEventType))
_REFRESH_REQUIRED = ua.NodeId(ua.Int32(ObjectIds.RefreshRequiredEventType))
_REFRESH_START = ua.NodeId(ua.Int32(ObjectIds.RefreshStartEventType))
_REFRESH_END = ua.NodeId(ua.Int32(ObjectIds.RefreshEndEventType))
_LONGEST_TEXT = 1_000
_LONGEST_CODE = 200

AlarmKey = tuple[str, str]
"""Asset and code of an alarm."""


def event_filter() -> ua.EventFilter:
    """Asks for the fields above of every event; servers differ too much for a condition."""
    clauses: list[ua.SimpleAttributeOperand] = []
    for kind, path in _FIELDS:
        clause = ua.SimpleAttributeOperand()
        clause.TypeDefinitionId = ua.NodeId(ua.Int32(kind))
        clause.BrowsePath = [ua.QualifiedName(name, 0) for name in path]
        clause.AttributeId = AttributeIds.Value
        clauses.append(clause)
    chosen = ua.EventFilter()
    chosen.SelectClauses = clauses
    return chosen


@dataclass(frozen=True, slots=True)
class AlarmEvent:
    """The fields of one event; whatever the server leaves out is None."""

    type: Any
    source_name: Any
    time: Any
    message: Any
    severity: Any
    condition_name: Any
    active: Any
    acknowledged: Any

    @property
    def is_overflow(self) -> bool:
        """Does the server say that it has thrown events away before this one?"""
        return bool(self.type == _OVERFLOW)

    @property
    def asks_for_refresh(self) -> bool:
        """Does it say that alarms may have changed without a word?"""
        return self.is_overflow or bool(self.type == _REFRESH_REQUIRED)


def event_of(fields: Sequence[Any]) -> AlarmEvent:
    """The event in the fields of a notification, in the order of the filter."""
    values = [getattr(field, "Value", field) for field in fields]
    values += [None] * (len(_FIELDS) - len(values))
    return AlarmEvent(*values[: len(_FIELDS)])


class AlarmReader:
    """Turns events of one source into alarm changes, and remembers which alarms are active.

    After a refresh, an alarm that was active and that the server no longer reports has cleared
    while nobody listened.
    """

    def __init__(self, source: str, stamps: Stamps) -> None:
        self._source = source
        self._stamps = stamps
        self._active: dict[AlarmKey, tuple[OpcuaAlarms, SensorAlarm]] = {}
        self._unseen: dict[AlarmKey, int] = {}
        self._reported: dict[OpcuaAlarms, set[AlarmKey]] = {}

    def read(self, event: AlarmEvent, origin: OpcuaAlarms, timing: Timing) -> list[SensorAlarm]:
        """The alarm changes that an event means; none for events that are no alarms."""
        if event.type == _REFRESH_START:
            self._reported[origin] = set()
            return []
        if event.type == _REFRESH_END:
            return self._cleared(origin, timing)
        if not isinstance(event.active, bool):
            return []
        alarm = self._after_the_last(self._alarm(event, origin, timing), event, timing)
        self._remember(alarm, origin)
        return [alarm]

    def lost_some(self, origin: OpcuaAlarms) -> None:
        """Events are missing: a refresh that goes on no longer tells all that is active."""
        self._reported.pop(origin, None)

    def _alarm(self, event: AlarmEvent, origin: OpcuaAlarms, timing: Timing) -> SensorAlarm:
        name = _text(event.condition_name) or _text(event.source_name) or "ALARM"
        code = origin.code or name[:_LONGEST_CODE]
        severity = event.severity if isinstance(event.severity, int) else 500
        ts = us_of(event.time) if hasattr(event.time, "tzinfo") else None
        if ts is None or not timing.limits.allow(ts, timing.received_us):
            ts = self._stamps.next(f"{origin.asset} {code}", timing.received_us)
        seen = event.acknowledged is True and origin.acknowledgements
        return SensorAlarm(
            origin.asset,
            code,
            ts,
            event.active,
            min(max(severity, 1), 1000),
            _text(event.message),
            acknowledged_at_source(self._source) if seen else "",
        )

    def _after_the_last(self, alarm: SensorAlarm, event: AlarmEvent, timing: Timing) -> SensorAlarm:
        """The alarm, later than its raise also where the server acknowledges it under that time.

        Of two changes with one time the first one counts.
        """
        key = alarm.asset, alarm.code
        if event.acknowledged is False:
            self._unseen[key] = alarm.ts
        elif self._unseen.pop(key, None) == alarm.ts:
            at = max(timing.received_us, alarm.ts + 1)
            return replace(alarm, ts=self._stamps.next(f"{alarm.asset} {alarm.code}", at))
        return alarm

    def _remember(self, alarm: SensorAlarm, origin: OpcuaAlarms) -> None:
        key = alarm.asset, alarm.code
        if origin in self._reported:
            self._reported[origin].add(key)
        if alarm.active:
            self._active[key] = origin, alarm
        else:
            self._active.pop(key, None)

    def _cleared(self, origin: OpcuaAlarms, timing: Timing) -> list[SensorAlarm]:
        reported = self._reported.pop(origin, None)
        if reported is None:
            return []
        # An asset may be listened to at several objects, each of which is refreshed by itself.
        heard = [key for key, (heard_at, _) in self._active.items() if heard_at == origin]
        return [
            replace(
                alarm,
                ts=self._stamps.next(f"{alarm.asset} {alarm.code}", timing.received_us),
                active=False,
                message="no longer reported by the server",
            )
            for _, alarm in (self._active.pop(key) for key in heard if key not in reported)
        ]


def _text(value: Any) -> str:
    """Plain or localized text as one printable line."""
    text = getattr(value, "Text", value)
    if not isinstance(text, str):
        return ""
    cut = text[:_LONGEST_TEXT]
    return "".join(character if character.isprintable() else " " for character in cut).strip()
