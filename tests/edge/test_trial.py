"""A trial shows what a source gives, and leaves no trace at it."""

import asyncio

import pytest

from edge.collector import Sink
from edge.errors import SourceLost
from edge.filter import Report
from edge.health import Health
from edge.mqtt.collector import MqttCollector
from edge.reading import ReadingBatch, SensorAlarm
from edge.trial import Trial, try_source
from edge.worker import trial_collector_of
from oilcan.engines.nats_server import NatsEngine
from tests.edge.memory import Collecting, Memory
from tests.edge.mqtt.devices import connected, device, publish, source

ALARM = SensorAlarm("P-1", "HOT", 7, active=True, severity=900, message="hot")


class Scripted:
    """A collector that puts two readings and an alarm, and ends as it is told."""

    name = "a"

    def __init__(self, *, connects: bool, end: Exception | None = None) -> None:
        self._connects = connects
        self._end = end
        self._health = Health("a")

    async def run(self, sink: Sink) -> None:
        if self._connects:
            rows = [("P-1.x", 1, 1.0, 0), ("P-1.x", 2, 2.0, 0)]
            await sink.put(ReadingBatch.from_rows(rows), (ALARM,))
            self._health.connected()
            await asyncio.sleep(0.1)
        if self._end is not None:
            raise self._end
        await asyncio.Event().wait()

    def health(self) -> Health:
        return self._health

    def report_of(self, tag: str) -> Report | None:
        return None


async def test_the_last_reading_of_each_tag_is_kept_with_their_number() -> None:
    trial = await try_source(Scripted(connects=True), seconds=0.0)
    assert trial.latest == {"P-1.x": (2, 2.0, 0)}
    assert (trial.readings["P-1.x"], trial.alarms, trial.error) == (2, [ALARM], "")


@pytest.mark.parametrize(
    ("connects", "error", "told"),
    [
        (False, SourceLost("no way"), "no way"),
        (True, SourceLost("gone"), "gone"),
        (True, KeyError("x"), "defect: KeyError('x')"),
    ],
)
async def test_a_source_that_is_lost_says_why(connects: bool, error: Exception, told: str) -> None:
    trial = await try_source(Scripted(connects=connects, end=error), seconds=30)
    assert trial.error == told
    assert bool(trial.latest) == connects


async def test_when_a_reading_came_stands_beside_its_own_time() -> None:
    trial = Trial(clock=lambda: 9)
    await trial.put(ReadingBatch.from_rows([("P-1.x", 1, 1.0, 0)]))
    assert (trial.latest["P-1.x"][0], trial.received_us["P-1.x"]) == (1, 9)


async def test_a_flood_of_alarms_is_bounded() -> None:
    trial = Trial()
    for _ in range(5):
        await trial.put(ReadingBatch.from_rows([]), (ALARM,) * 300)
    assert len(trial.alarms) == 1_000


async def test_a_trial_takes_nothing_from_the_session_of_the_edge(
    log_engine: NatsEngine, memory: Memory, collecting: Collecting
) -> None:
    running = MqttCollector(source(log_engine))
    async with collecting(running, memory):
        await connected(running)
        trial = asyncio.create_task(
            try_source(looking := trial_collector_of(source(log_engine)), seconds=1.0)
        )
        await connected(looking)
        with device(log_engine) as client:
            await publish(client, "plant/C-1/load", "1", "2")
        await memory.until(lambda m: len(m.rows) == 2)
        assert (await trial).readings == {"C-1.load": 2}
    assert memory.values("C-1.load") == [1.0, 2.0]
    assert running.health().reconnects == 0
