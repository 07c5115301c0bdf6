"""What the engine remembers, apart from the tables that it works on: to be kept over a restart, and
carried over to other tables when rules or points change.

Belongs to a rule by what it means (`Rule.state_hash`) and to an asset by its tag; a rule that now
means something else keeps its open event and decides by its next reading.
"""

import io
import json
import zipfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from conditions.binding import Instance, SeriesKey
from conditions.errors import SnapshotUnreadable
from conditions.kernel import relist
from conditions.tables import ACTIVE, NORMAL, PENDING, TAIL, TAIL_ROWS, Machine
from edge.reading import Int64s, SensorAlarm

FORMAT = 2
# A series at rest keeps this many rows in a snapshot: what causes its next event is yet to come.
_RESTING_ROWS = 8
_TIMES = ("closed", "good_ts", "lag")
# What reading damaged bytes may end in.
_DAMAGES = (
    ValueError,
    KeyError,
    TypeError,
    EOFError,
    MemoryError,
    OSError,
    zipfile.BadZipFile,
    pa.ArrowException,
)


@dataclass(frozen=True, slots=True)
class LevelMemory:
    """Where one level of an instance stands."""

    severity: int
    phase: int
    since: int
    run_from: int
    elapsed: int


@dataclass(frozen=True, slots=True)
class InstanceMemory:
    """An instance that is not at rest; `severity` is that of its open event, 0 without one."""

    state_hash: str
    rule: str
    asset: str
    failure_mode: str
    severity: int
    peak: int
    onset: int
    raised: int
    levels: tuple[LevelMemory, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Memory:
    """All that decides what comes next. `times[s]` is (closed, good_ts, lag) of series s;
    `counts[s]` rows of `tail` belong to it, oldest first. `alarms` are the last of their series."""

    highest_ts: int
    late_rows: int
    taken_rows: int
    series: list[SeriesKey]
    times: Int64s
    counts: Int64s
    tail: Any
    instances: list[InstanceMemory]
    alarms: Sequence[SensorAlarm] = ()


def remember(
    machine: Machine, instances: Sequence[Instance], numbers: dict[SeriesKey, int]
) -> Memory:
    """The memory of a machine, with all of its tails."""
    series = machine.series
    counts = np.minimum(series["rows"], TAIL_ROWS)
    owner, offset = _spread(counts)
    place = (series["rows"][owner] - counts[owner] + offset) % TAIL_ROWS
    clock = machine.clock[0]
    return Memory(
        highest_ts=int(clock["highest_ts"]),
        late_rows=int(clock["late_rows"]),
        taken_rows=int(clock["taken_rows"]),
        series=list(numbers),
        times=np.stack([series[name] for name in _TIMES], axis=1),
        counts=counts,
        tail=machine.tail[owner, place],
        instances=[_instance_memory(machine, instances, int(i)) for i in _awake(machine)],
    )


def trim(memory: Memory, awake: set[SeriesKey]) -> Memory:
    """The memory with short tails where a series is not in `awake`."""
    keep = np.array([TAIL_ROWS if key in awake else _RESTING_ROWS for key in memory.series])
    counts = np.minimum(memory.counts, keep.astype(np.int64))
    owner, offset = _spread(memory.counts)
    kept = offset >= (memory.counts - counts)[owner]
    return replace(memory, counts=counts, tail=memory.tail[kept])


def recall(
    memory: Memory, machine: Machine, instances: Sequence[Instance], numbers: dict[SeriesKey, int]
) -> list[tuple[InstanceMemory, int]]:
    """Fill a machine that has seen nothing.

    Returns the open events whose severity is another now (0: nothing is left to hold it).
    """
    _recall_series(memory, machine, numbers)
    clock = machine.clock
    clock["highest_ts"] = memory.highest_ts
    clock["late_rows"], clock["taken_rows"] = memory.late_rows, memory.taken_rows
    exact = {instance.key: number for number, instance in enumerate(instances)}
    alike = {instance.problem: number for number, instance in enumerate(instances)}
    changed: list[tuple[InstanceMemory, int]] = []
    for one in memory.instances:
        severity = 0
        if (number := exact.get((one.state_hash, one.asset))) is not None:
            severity = _recall_exactly(one, machine, number)
        elif (number := alike.get((one.rule, one.asset, one.failure_mode))) is not None:
            severity = _recall_event(one, machine, number)
        if severity != one.severity:
            changed.append((one, severity))
    relist(machine)
    return changed


def encode(memory: Memory) -> bytes:
    """The memory as compressed bytes of format `FORMAT`."""
    header = {
        "format": FORMAT,
        "highest_ts": memory.highest_ts,
        "late_rows": memory.late_rows,
        "taken_rows": memory.taken_rows,
        "series": memory.series,
        "instances": [asdict(instance) for instance in memory.instances],
        "alarms": [asdict(alarm) for alarm in memory.alarms],
    }
    buffer = io.BytesIO()
    text = np.frombuffer(json.dumps(header).encode(), np.uint8)
    np.savez(buffer, header=text, times=memory.times, counts=memory.counts, tail=memory.tail)
    raw = buffer.getvalue()
    size = len(raw).to_bytes(8, "big")
    return size + bytes(pa.compress(raw, codec="zstd", asbytes=True))


def decode(data: bytes) -> Memory:
    """The memory that `encode` wrote. Raises `SnapshotUnreadable`."""
    try:
        size = int.from_bytes(data[:8], "big")
        raw = pa.decompress(data[8:], decompressed_size=size, codec="zstd", asbytes=True)
        with np.load(io.BytesIO(raw), allow_pickle=False) as arrays:
            header = json.loads(arrays["header"].tobytes())
            if (form := header.pop("format")) != FORMAT:
                raise SnapshotUnreadable(f"the engine's snapshot has format {form}")
            times, counts, tail = arrays["times"], arrays["counts"], arrays["tail"]
        header["series"] = [(tag, code) for tag, code in header["series"]]
        header["alarms"] = [SensorAlarm(**fields) for fields in header["alarms"]]
        header["instances"] = [_decode_instance(fields) for fields in header["instances"]]
        return Memory(**header, times=times, counts=counts, tail=tail.astype(TAIL))
    except _DAMAGES as error:
        raise SnapshotUnreadable(f"the engine's snapshot cannot be read: {error!r}") from error


def _decode_instance(fields: dict[str, Any]) -> InstanceMemory:
    levels = tuple(LevelMemory(**level) for level in fields.pop("levels"))
    return InstanceMemory(**fields, levels=levels)


def _spread(counts: Int64s) -> tuple[Int64s, Int64s]:
    """For counts of rows: the owner of each row, and its place among the owner's."""
    owner = np.repeat(np.arange(len(counts)), counts)
    starts = np.cumsum(counts) - counts
    return owner, np.arange(len(owner)) - starts[owner]


def _awake(machine: Machine) -> Int64s:
    """Instances with an open event or a level that is not normal."""
    waking = machine.timers["instance"][machine.levels["phase"] != NORMAL]
    return np.union1d(waking, np.flatnonzero(machine.instances["severity"]))


def _instance_memory(
    machine: Machine, instances: Sequence[Instance], number: int
) -> InstanceMemory:
    record, instance = machine.instances[number], instances[number]
    rule, asset, failure_mode = instance.problem
    span = range(record["first_level"], record["end_level"])
    return InstanceMemory(
        state_hash=instance.key[0],
        rule=rule,
        asset=asset,
        failure_mode=failure_mode,
        severity=int(record["severity"]),
        peak=int(record["peak"]),
        onset=int(record["onset"]),
        raised=int(record["raised"]),
        levels=tuple(
            LevelMemory(
                int(machine.timers[index]["severity"]),
                int(machine.levels[index]["phase"]),
                *(int(machine.timers[index][name]) for name in ("since", "run_from", "elapsed")),
            )
            for index in span
        ),
    )


def _recall_series(memory: Memory, machine: Machine, numbers: dict[SeriesKey, int]) -> None:
    target = np.array([numbers.get(key, -1) for key in memory.series], np.int64)
    found = target >= 0
    for place, name in enumerate(_TIMES):
        machine.series[name][target[found]] = memory.times[found, place]
    machine.series["rows"][target[found]] = memory.counts[found]
    owner, offset = _spread(memory.counts)
    kept = found[owner] if len(owner) else np.zeros(0, np.bool_)
    machine.tail[target[owner][kept], offset[kept]] = memory.tail[kept]


def _recall_exactly(one: InstanceMemory, machine: Machine, number: int) -> int:
    record = machine.instances[number]
    for name in ("severity", "peak", "onset", "raised"):
        record[name] = getattr(one, name)
    for index, level in zip(
        range(record["first_level"], record["end_level"]), one.levels, strict=True
    ):
        machine.levels[index]["phase"] = level.phase
        for name in ("since", "run_from", "elapsed"):
            machine.timers[index][name] = getattr(level, name)
    return one.severity


def _recall_event(one: InstanceMemory, machine: Machine, number: int) -> int:
    """Keep the open event of a rule that means something else now, as far as levels match."""
    record = machine.instances[number]
    held = {level.severity: level for level in one.levels if level.phase >= ACTIVE}
    severity = 0
    for index in range(record["first_level"], record["end_level"]):
        level = held.get(int(machine.timers[index]["severity"]))
        if level is not None:
            machine.levels[index]["phase"] = ACTIVE
            machine.timers[index]["since"] = level.since
            severity = max(severity, level.severity)
    if severity:
        record["severity"], record["peak"] = severity, max(one.peak, severity)
        record["onset"], record["raised"] = one.onset, one.raised
    return severity


def waiting_series(memory: Memory, instances: Sequence[Instance]) -> set[SeriesKey]:
    """Series on which a condition is pending: their tails will be its evidence."""
    pending = {
        (one.state_hash, one.asset)
        for one in memory.instances
        if any(level.phase == PENDING for level in one.levels)
    }
    return {instance.series for instance in instances if instance.key in pending}
