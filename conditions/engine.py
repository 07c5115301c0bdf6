"""The engine of one partition: readings, alarms and ticks in log order in, changes of events out.

It knows neither the log nor the database nor a clock. What it gives depends only on what it was
fed, not on how that was cut into lists.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from conditions.binding import Instance, Plant, SeriesKey, bind, compile_tables
from conditions.change import Change, change_kind, describe
from conditions.event import Severity, alarm_severity, event_key
from conditions.kernel import advance
from conditions.memory import (
    InstanceMemory,
    decode,
    encode,
    recall,
    remember,
    trim,
    waiting_series,
)
from conditions.tables import BEFORE, TAIL_ROWS, UNREAD, Rows
from edge.reading import AlarmBatch, Quality, ReadingBatch, SensorAlarm


@dataclass(frozen=True, slots=True)
class Tick:
    """Event time has come so far, though nothing was read."""

    ts: int


Part = ReadingBatch | AlarmBatch | Tick
"""What one record of the log holds."""


class Engine:
    """Evaluates a plant's rules over what it is fed."""

    def __init__(self, plant: Plant, *, lateness_us: int) -> None:
        self._lateness_us = lateness_us
        self._plant = plant
        self._alarms: dict[SeriesKey, SensorAlarm | None] = {}
        self._bind()

    @property
    def rules(self) -> int:
        """How many rules are active."""
        return len(self._plant.rules)

    @property
    def instances(self) -> int:
        """How many rules are bound to how many series, in all."""
        return len(self._instances)

    @property
    def open_events(self) -> int:
        """How many conditions hold."""
        return int(np.count_nonzero(self._machine.instances["severity"]))

    @property
    def open_keys(self) -> set[str]:
        """Keys of the events that are open."""
        records = self._machine.instances
        return {
            event_key(*self._instances[int(i)].problem, int(records[i]["onset"]))
            for i in np.flatnonzero(records["severity"])
        }

    @property
    def late_rows(self) -> int:
        """Rows that came too late to count."""
        return int(self._machine.clock["late_rows"][0])

    @property
    def highest_ts(self) -> int | None:
        """The highest event time seen, in µs."""
        highest = int(self._machine.clock["highest_ts"][0])
        return None if highest == BEFORE else highest

    def feed(self, parts: Sequence[Part]) -> list[Change]:
        """Take in the parts of some records; returns the changes, by event time."""
        self._meet_alarms(parts)
        told: dict[SeriesKey, list[SensorAlarm]] = {}
        rows = self._rows(parts, told)
        found = advance(self._machine, rows, lateness_us=self._lateness_us)
        changes = [
            self._describe(change, tail, told)
            for change, tail in zip(found.changes, found.evidence, strict=True)
        ]
        for key in told.keys() & self._numbers.keys():
            self._alarms[key] = self._alarm_at(key, self._last_ts(key), told)
        return changes

    def reload(self, plant: Plant) -> list[Change]:
        """Go on with other rules, points or parameters; state is kept where the meaning is equal.

        An open event that has no rule or point any more is cleared.
        """
        self._plant = plant
        return self._rebind()

    def snapshot(self) -> bytes:
        """All state, as bytes."""
        memory = remember(self._machine, self._instances, self._numbers)
        kept = trim(memory, waiting_series(memory, self._instances))
        return encode(replace(kept, alarms=[alarm for alarm in self._alarms.values() if alarm]))

    def restore(self, data: bytes) -> list[Change]:
        """Go on from a snapshot; the changes are of events that rules edited since do not hold.

        Raises `SnapshotUnreadable`.
        """
        memory = decode(data)
        self._alarms = {key: None for key in memory.series if key[1]}
        self._alarms |= {(alarm.asset, alarm.code): alarm for alarm in memory.alarms}
        self._bind()
        changed = recall(memory, self._machine, self._instances, self._numbers)
        return [self._change_of(one, severity) for one, severity in changed]

    def _bind(self) -> None:
        self._instances: list[Instance] = bind(self._plant, list(self._alarms))
        self._machine, self._numbers = compile_tables(self._instances)
        self._tags = {tag: number for (tag, code), number in self._numbers.items() if not code}

    def _rebind(self) -> list[Change]:
        memory = remember(self._machine, self._instances, self._numbers)
        self._bind()
        changed = recall(memory, self._machine, self._instances, self._numbers)
        return [self._change_of(one, severity) for one, severity in changed]

    def _meet_alarms(self, parts: Sequence[Part]) -> None:
        """Give every alarm that is seen for the first time an instance."""
        keys = {(a.asset, a.code) for part in parts if isinstance(part, tuple) for a in part}
        new = {key for key in keys - self._alarms.keys() if key[0] in self._plant.assets}
        if new:
            self._alarms.update(dict.fromkeys(sorted(new)))
            if not new <= self._numbers.keys():
                self._rebind()

    def _rows(self, parts: Sequence[Part], told: dict[SeriesKey, list[SensorAlarm]]) -> Rows:
        """The parts' rows in one table; the alarms among them are noted in `told`."""
        tables = [_EMPTY]
        for part in parts:
            if isinstance(part, ReadingBatch):
                tables.append(self._reading_rows(part))
            elif isinstance(part, Tick):
                tables.append(_table([(UNREAD, part.ts, 0.0)]))
            else:
                for alarm in part:
                    told.setdefault((alarm.asset, alarm.code), []).append(alarm)
                tables.append(_table([self._alarm_row(alarm) for alarm in part]))
        return Rows(*(np.concatenate(columns) for columns in zip(*tables, strict=True)))

    def _reading_rows(self, batch: ReadingBatch) -> Rows:
        series = np.array([self._tags.get(tag, UNREAD) for tag in batch.tags] or [UNREAD], np.int64)
        return Rows(series[batch.tag_index], batch.ts, batch.value, batch.quality)

    def _alarm_row(self, alarm: SensorAlarm) -> tuple[int, int, float]:
        number = self._numbers.get((alarm.asset, alarm.code), UNREAD)
        return number, alarm.ts, float(alarm_severity(alarm.severity)) if alarm.active else 0.0

    def _describe(
        self, found: np.void, tail: np.ndarray, told: dict[SeriesKey, list[SensorAlarm]]
    ) -> Change:
        instance = self._instances[int(found["instance"])]
        alarm = None
        if instance.point is None:
            alarm = self._alarm_at(instance.series, int(found["row_ts"]), told)
        return describe(instance, found, tail[: found["rows"]], alarm)

    def _alarm_at(
        self, key: SeriesKey, ts: int, told: dict[SeriesKey, list[SensorAlarm]]
    ) -> SensorAlarm | None:
        """The alarm whose row of this time was taken in: the first, any other of it was late."""
        known = [self._alarms.get(key), *told.get(key, [])]
        return next((alarm for alarm in known if alarm and alarm.ts == ts), None)

    def _last_ts(self, key: SeriesKey) -> int:
        """Time of the last row of a series."""
        number = self._numbers[key]
        last = (self._machine.series["rows"][number] - 1) % TAIL_ROWS
        return int(self._machine.tail["ts"][number, last])

    def _change_of(self, one: InstanceMemory, severity: int) -> Change:
        """The change of an open event that another rule, not a reading, has led to."""
        asset = self._plant.assets.get(one.asset)
        kind = change_kind(one.severity, severity)
        return Change(
            kind=kind,
            key=event_key(one.rule, one.asset, one.failure_mode, one.onset),
            rule=one.rule,
            rule_version_id=None,
            asset_id=asset.id if asset else 0,
            asset=one.asset,
            failure_mode=one.failure_mode,
            severity=Severity(severity or one.severity),
            peak_severity=Severity(max(one.peak, severity)),
            at_us=max(int(self._machine.clock["highest_ts"][0]), one.raised),
            onset_us=one.onset,
            raised_us=one.raised,
            value=None,
            message="the rule was changed" if severity else "the rule or the point is gone",
            work_order=None,
            evidence=None,
        )


def _table(rows: Sequence[tuple[int, int, float]]) -> Rows:
    """Rows of good quality."""
    series, ts, value = zip(*rows, strict=True) if rows else ((), (), ())
    return Rows(
        np.array(series, np.int64),
        np.array(ts, np.int64),
        np.array(value, np.float64),
        np.full(len(rows), Quality.GOOD, np.uint8),
    )


_EMPTY = _table([])
