"""A fleet's history fed to rules, asset by asset: memory is bounded by one asset's batch."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from conditions.backtest.alarms import codes_of, replay_alarms
from conditions.backtest.reading import Stopwatch, read_history
from conditions.backtest.replay import Replay, warm_up_us
from conditions.backtest.shares import cores
from conditions.binding import ActiveRule, Plant
from conditions.change import Change
from config.clock import monotonic
from config.database import Connection
from ingest.history.alarms import alarm_history
from ingest.point import Point

OnProgress = Callable[[float, int], None]
"""Told the share of the range that is through, and the readings so far; it may raise."""


@dataclass(frozen=True, slots=True)
class Span:
    """A range of event time, (start, end] in µs."""

    start_us: int
    end_us: int

    @property
    def length_us(self) -> int:
        """How long it is."""
        return self.end_us - self.start_us


@dataclass(slots=True)
class Replayed:
    """What came of a replay: changes of every variant, what was read, seconds it took."""

    changes: list[Change] = field(default_factory=list)
    assets: list[str] = field(default_factory=list)
    points: int = 0
    readings: int = 0
    alarms: int = 0
    """Changes of devices' alarms that were read."""
    watch: Stopwatch = field(default_factory=Stopwatch)
    evaluating_s: float = 0.0


def plants_by_asset(
    plant: Plant, rules: Sequence[ActiveRule], assets: Collection[str] | None
) -> Iterator[tuple[str, Plant]]:
    """A plant of each asset that the rules look at, with the points that they read and them alone.

    A rule on a device's alarm looks at every asset of its class.
    """
    known = _by_asset(plant.points)
    for tag, asset in sorted(plant.assets.items()):
        if assets is not None and tag not in assets:
            continue
        ours = [one for one in rules if one.rule.asset_class == asset.asset_class]
        roles = {read.role for one in ours for read in one.rule.inputs}
        points = [point for point in known.get(tag, ()) if point.role in roles]
        if points or any(one.rule.alarm is not None for one in ours):
            yield tag, Plant(ours, points, {tag: asset}, _parameters(plant.parameters, tag))


def _by_asset(points: Sequence[Point]) -> dict[str, list[Point]]:
    found: dict[str, list[Point]] = {}
    for point in points:
        found.setdefault(point.asset, []).append(point)
    return found


def _parameters(
    parameters: Mapping[tuple[str, str], float], asset: str
) -> dict[tuple[str, str], float]:
    return {key: value for key, value in parameters.items() if key[0] == asset}


async def replay_history(
    connection: Connection,
    plants: Sequence[tuple[str, Plant]],
    span: Span,
    *,
    on_progress: OnProgress = lambda _share, _readings: None,
) -> Replayed:
    """Replay each asset's rules over its history; what `on_progress` raises ends it."""
    found = Replayed()
    for number, (tag, plant) in enumerate(plants):

        def tell(share: float, readings: int, number: int = number) -> None:
            on_progress((number + share) / len(plants), found.readings + readings)

        await _replay_asset(connection, plant, span, found, tell)
        await _replay_alarms(connection, tag, plant, span, found)
        found.assets.append(tag)
    on_progress(1.0, found.readings)
    return found


async def _replay_asset(
    connection: Connection, plant: Plant, span: Span, found: Replayed, tell: OnProgress
) -> None:
    if not plant.points:
        return
    reading = [one for one in plant.rules if one.rule.alarm is None]
    before = warm_up_us([one.rule for one in reading])
    replay = Replay(replace(plant, rules=reading), span.start_us, threads=cores())
    batches = read_history(
        connection,
        plant.points,
        start_us=span.start_us - before,
        end_us=span.end_us,
        watch=found.watch,
    )
    async for batch in batches:
        started = monotonic()
        replay.feed(batch)
        found.evaluating_s += monotonic() - started
        through = (int(batch.ts[-1]) - span.start_us) / max(1, span.length_us)
        tell(min(1.0, max(0.0, through)), replay.readings)
    started = monotonic()
    replay.end(span.end_us)
    found.evaluating_s += monotonic() - started
    found.changes += replay.changes
    found.points += len(plant.points)
    found.readings += replay.readings


async def _replay_alarms(
    connection: Connection, asset: str, plant: Plant, span: Span, found: Replayed
) -> None:
    if not (codes := codes_of(plant)):
        return
    # What an alarm was when the range began, and the delays that ran by then.
    before = warm_up_us([one.rule for one in plant.rules if one.rule.alarm is not None])
    started = monotonic()
    alarms = await alarm_history(
        connection, asset, codes, start_us=span.start_us - before, end_us=span.end_us
    )
    found.watch.reading_s += monotonic() - started
    started = monotonic()
    found.changes += replay_alarms(plant, alarms, start_us=span.start_us, end_us=span.end_us)
    found.evaluating_s += monotonic() - started
    found.alarms += len(alarms)
