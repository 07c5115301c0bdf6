"""A collector is run again after every failure, and its failures are its own."""

import asyncio
from contextlib import suppress

import pytest

from edge.collector import Sink
from edge.errors import SourceLost
from edge.filter import Deadband, Report
from edge.health import Health, State
from edge.reading import ReadingBatch
from edge.supervisor import Supervisor
from tests.edge.memory import Memory


class Scripted:
    """A collector that ends in each of some errors, then runs on, putting one reading a run."""

    def __init__(self, name: str, *errors: Exception) -> None:
        self.name = name
        self.runs = 0
        self._errors = list(errors)
        self._health = Health(name)

    async def run(self, sink: Sink) -> None:
        self.runs += 1
        await sink.put(ReadingBatch.from_rows([(f"{self.name}.x", self.runs, 1.0, 0)]))
        if self._errors:
            raise self._errors.pop(0)
        self._health.connected()
        await asyncio.Event().wait()

    def health(self) -> Health:
        return self._health

    def report_of(self, tag: str) -> Report | None:
        return Report(Deadband(0.5), 60_000_000) if tag.endswith(".steady") else None


def collector_of(collector: Scripted) -> Scripted:
    return collector


async def supervise(memory: Memory, *collectors: Scripted, rows: int) -> Supervisor:
    supervisor = Supervisor(collectors, memory, collector_of)
    task = asyncio.create_task(supervisor.run())
    await memory.until(lambda m: len(m.rows) >= rows)
    await asyncio.sleep(0)
    assert not task.done()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    return supervisor


@pytest.mark.parametrize("error", [SourceLost("gone"), ZeroDivisionError("oh")])
async def test_a_collector_that_fails_is_run_again(memory: Memory, error: Exception) -> None:
    collector = Scripted("A", error, error)
    supervisor = await supervise(memory, collector, rows=3)
    assert collector.runs == 3
    part = supervisor.parts()["A"]
    assert (part.state, part.metrics["reconnects_total"]) == (State.CONNECTED, 2.0)


async def test_the_failures_of_one_do_not_touch_another(memory: Memory) -> None:
    steady = Scripted("B")
    broken = Scripted("A", *[ValueError(str(n)) for n in range(3)])
    await supervise(memory, broken, steady, rows=5)
    assert (broken.runs, steady.runs) == (4, 1)


async def test_a_loss_is_said_once_and_its_end_once(
    memory: Memory, capsys: pytest.CaptureFixture[str]
) -> None:
    await supervise(memory, Scripted("A", *[SourceLost("gone")] * 3), rows=4)
    said = capsys.readouterr().out
    assert said.count("source lost") == 1
    assert said.count("source is back") == 1


async def test_a_failed_source_says_why(memory: Memory) -> None:
    collector = Scripted("A", *[SourceLost("gone")] * 50)
    supervisor = await supervise(memory, collector, rows=2)
    assert supervisor.parts()["A"].message == "gone"
    assert supervisor.parts()["A"].state == State.FAILED


async def test_what_tells_nothing_new_is_left_out_until_a_loss(memory: Memory) -> None:
    class Steady(Scripted):
        async def run(self, sink: Sink) -> None:
            for n in range(3):
                row = (f"{self.name}.steady", self.runs * 10 + n, 1.0, 0)
                await sink.put(ReadingBatch.from_rows([row]))
            await super().run(sink)

    supervisor = await supervise(memory, Steady("A", SourceLost("gone")), rows=4)
    assert [row[1] for row in memory.of("A.steady")] == [0, 10]
    assert supervisor.parts()["A"].metrics["unchanged_total"] == 4
