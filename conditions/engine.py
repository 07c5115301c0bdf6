"""The engine of one partition: readings, alarms and ticks in log order in, changes of events out.

It knows neither the log nor the database nor a clock. What it gives depends only on what it was
fed, not on how that was cut into lists.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from conditions.acknowledgement import Acknowledgement, newly_acknowledged
from conditions.binding import Plant, SeriesKey, bind
from conditions.change import Beside, Change, change_kind, describe
from conditions.event import Severity, alarm_severity, event_key
from conditions.kernel import advance
from conditions.machine import Instance, Layout, build_machine
from conditions.memory import Memory, OpenEvent, remember, with_alarms
from conditions.recall import recall
from conditions.snapshot import decode, encode
from conditions.tables import BEFORE, UNREAD, Changes, Rows
from edge.reading import AlarmBatch, Quality, ReadingBatch, SensorAlarm


@dataclass(frozen=True, slots=True)
class Tick:
    """Event time has come so far, though nothing was read."""

    ts: int


Part = ReadingBatch | AlarmBatch | Tick
"""What one record of the log holds."""


class Engine:
    """Evaluates a plant's rules over what it is fed.

    Without `evidence` the changes have none: gathering it costs more than finding them.
    """

    def __init__(self, plant: Plant, *, lateness_us: int, evidence: bool = True) -> None:
        self._lateness_us = lateness_us
        self._evidence = evidence
        self._plant = plant
        self._alarms: dict[SeriesKey, SensorAlarm | None] = {}
        self.acknowledgements: list[Acknowledgement] = []
        """What was acknowledged at devices in what was fed last, by event time."""
        self._bind()

    @property
    def rules(self) -> int:
        """How many rules are active."""
        return len(self._plant.rules)

    @property
    def instances(self) -> int:
        """How many rules are bound to how many assets, in all."""
        return len(self._machine.state.instances)

    @property
    def open_events(self) -> int:
        """How many conditions hold."""
        return int(np.count_nonzero(self._machine.state.instances["severity"]))

    @property
    def open_keys(self) -> set[str]:
        """Keys of the events that are open."""
        records = self._machine.state.instances
        return {
            event_key(*self._instance(int(i)).problem, int(records[i]["onset"]))
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
        changes = [self._describe(found, number, told) for number in range(len(found.changes))]
        self.acknowledgements = self._acknowledged(found, told)
        for key in told.keys() & self._layout.numbers.keys():
            self._alarms[key] = self._alarm_at(key, self._last_ts(key), told)
        return changes

    def reload(self, plant: Plant) -> list[Change]:
        """Go on with other rules, points or parameters; state is kept where the meaning is equal.

        An open event that has no rule or point any more is cleared.
        """
        self._plant = plant
        return self._rebind()

    def memory(self) -> Memory:
        """A copy of all state, for `encode`; the engine may go on meanwhile."""
        alarms = [alarm for alarm in self._alarms.values() if alarm]
        return with_alarms(remember(self._machine, self._layout, whole=False), alarms)

    def snapshot(self) -> bytes:
        """All state, as bytes."""
        return encode(self.memory())

    def restore(self, data: bytes) -> list[Change]:
        """Go on from a snapshot; the changes are of events that rules edited since do not hold.

        Raises `SnapshotUnreadable`.
        """
        memory = decode(data)
        keys = (key for block in memory.blocks for some in block.names.keys for key in some)
        self._alarms = {key: None for key in keys if key[1]}
        self._alarms |= {(alarm.asset, alarm.code): alarm for alarm in memory.alarms}
        self._bind()
        return self._recall(memory)

    def _bind(self) -> None:
        self._layout = Layout(bind(self._plant, list(self._alarms)))
        self._machine = build_machine(self._layout, self._plant.parameters)
        self._instances: dict[int, Instance] = {}
        self._tags = {tag: n for (tag, code), n in self._layout.numbers.items() if not code}

    def _rebind(self) -> list[Change]:
        memory = remember(self._machine, self._layout)
        self._bind()
        return self._recall(memory)

    def _recall(self, memory: Memory) -> list[Change]:
        changed = recall(memory, self._machine, self._layout)
        return [self._change_of(one, severity) for one, severity in changed]

    def _instance(self, number: int) -> Instance:
        known = self._instances.get(number)
        if known is None:
            known = self._layout.instance(number, self._machine.state.constants)
            self._instances[number] = known
        return known

    def _meet_alarms(self, parts: Sequence[Part]) -> None:
        """Give every alarm that is seen for the first time an instance."""
        keys = {(a.asset, a.code) for part in parts if isinstance(part, tuple) for a in part}
        new = {key for key in keys - self._alarms.keys() if key[0] in self._plant.assets}
        if new:
            self._alarms.update(dict.fromkeys(sorted(new)))
            if not new <= self._layout.numbers.keys():
                self._rebind()

    def _rows(self, parts: Sequence[Part], told: dict[SeriesKey, list[SensorAlarm]]) -> Rows:
        """The parts' rows in one table; the alarms among them are noted in `told`."""
        tables: list[Rows] = []
        for part in parts:
            if isinstance(part, ReadingBatch):
                tables.append(self._reading_rows(part))
            elif isinstance(part, Tick):
                tables.append(_table([(UNREAD, part.ts, 0.0)]))
            else:
                for alarm in part:
                    told.setdefault((alarm.asset, alarm.code), []).append(alarm)
                tables.append(_table([self._alarm_row(alarm) for alarm in part]))
        if len(tables) < 2:
            return tables[0] if tables else _table([])
        return Rows(*(np.concatenate(columns) for columns in zip(*tables, strict=True)))

    def _reading_rows(self, batch: ReadingBatch) -> Rows:
        series = np.array([self._tags.get(tag, UNREAD) for tag in batch.tags] or [UNREAD], np.int64)
        if len(series) == 1:
            # Looking each row up would take as long as a rule does.
            numbers = np.full(len(batch), series[0], np.int64)
        else:
            numbers = series[batch.tag_index]
        return Rows(numbers, batch.ts, batch.value, batch.quality)

    def _alarm_row(self, alarm: SensorAlarm) -> tuple[int, int, float]:
        number = self._layout.numbers.get((alarm.asset, alarm.code), UNREAD)
        return number, alarm.ts, float(alarm_severity(alarm.severity)) if alarm.active else 0.0

    def _describe(
        self, found: Changes, number: int, told: dict[SeriesKey, list[SensorAlarm]]
    ) -> Change:
        change = found.changes[number]
        instance = self._instance(int(change["instance"]))
        alarm = None
        if instance.active.rule.alarm is not None:
            alarm = self._alarm_at(instance.series, int(change["row_ts"]), told)
        return describe(instance, change, alarm, self._beside(found, number))

    def _beside(self, found: Changes, number: int) -> Beside | None:
        """What stood beside a change, where it is asked for."""
        if not self._evidence:
            return None
        change = found.changes[number]
        first, rows = int(change["first_row"]), int(change["rows"])
        return Beside(found.shown[number], found.evidence[first : first + rows])

    def _alarm_at(
        self, key: SeriesKey, ts: int, told: dict[SeriesKey, list[SensorAlarm]]
    ) -> SensorAlarm | None:
        """The alarm whose row of this time was taken in: the first, any other of it was late."""
        known = [self._alarms.get(key), *told.get(key, [])]
        return next((alarm for alarm in known if alarm and alarm.ts == ts), None)

    def _acknowledged(
        self, found: Changes, told: dict[SeriesKey, list[SensorAlarm]]
    ) -> list[Acknowledgement]:
        """Of alarms that were acknowledged, and of events that are raised or worse by such alarms."""
        seen = [
            _acknowledgement(self._instance(number), alarm, alarm.ts)
            for key in told.keys() & self._layout.numbers.keys()
            for alarm in newly_acknowledged(self._alarms.get(key), told[key])
            for number in self._instances_of(key)
        ]
        for change in found.changes[found.changes["after"] > found.changes["before"]]:
            instance = self._instance(int(change["instance"]))
            if instance.active.rule.alarm is None:
                continue
            alarm = self._alarm_at(instance.series, int(change["row_ts"]), told)
            if alarm is not None and alarm.acknowledged_by:
                seen.append(_acknowledgement(instance, alarm, int(change["at"])))
        return sorted(set(seen), key=lambda one: (one.at_us, one.asset_id, one.rule))

    def _instances_of(self, key: SeriesKey) -> range:
        """The instances that read a series of an alarm."""
        state = self._machine.state
        component = state.components[state.series["component"][self._layout.numbers[key]]]
        return range(int(component["first_instance"]), int(component["end_instance"]))

    def _last_ts(self, key: SeriesKey) -> int:
        """Time of the last row of a series."""
        return int(self._machine.state.series["ts"][self._layout.numbers[key]])

    def _change_of(self, one: OpenEvent, severity: int) -> Change:
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


def _acknowledgement(instance: Instance, alarm: SensorAlarm, at: int) -> Acknowledgement:
    """An alarm's acknowledgement for one of the rules over it, no earlier than `at`."""
    asset, rule = instance.asset.id, instance.active.rule.name
    return Acknowledgement(rule, asset, max(alarm.ts, at), alarm.acknowledged_by, alarm.active)


def _table(rows: Sequence[tuple[int, int, float]]) -> Rows:
    """Rows of good quality."""
    series, ts, value = zip(*rows, strict=True) if rows else ((), (), ())
    return Rows(
        np.array(series, np.int64),
        np.array(ts, np.int64),
        np.array(value, np.float64),
        np.full(len(rows), Quality.GOOD, np.uint8),
    )
