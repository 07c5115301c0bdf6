"""Sources follow their files, and a wrong file changes nothing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from config.documents import parse_document
from config.errors import DocumentError
from edge.collector import Sink
from edge.definitions import Definitions
from edge.filter import Report
from edge.health import Health
from edge.outage import Outage
from edge.reading import ReadingBatch
from edge.source_file import Source, load_sources
from edge.state import EdgeState, status
from edge.supervisor import Supervisor
from tests.edge.memory import Memory


def sources(*names: str, host: str = "h") -> list[Source]:
    listed = ", ".join(
        f"{{type: opcua, name: {name}, connect: 'opc.tcp://{host}', nodes: []}}" for name in names
    )
    loaded, problems = load_sources([parse_document(f"sources: [{listed}]", "s.yaml")])
    assert problems == []
    return loaded


def wrong() -> DocumentError:
    document = parse_document("sources: 5", "s.yaml")
    return DocumentError([document.problem(("sources",), "is no list", "Make it one")] * 2)


class Files:
    """What a plant folder has, as reading it would tell."""

    def __init__(self) -> None:
        self.found: list[Source] | DocumentError | None = None

    def __call__(self) -> list[Source] | None:
        if isinstance(self.found, DocumentError):
            raise self.found
        return self.found


class Steady:
    """A collector that tells that it runs and which source it reads."""

    def __init__(self, source: Source) -> None:
        self.name = source.name
        self._source = source
        self._health = Health(source.name)

    async def run(self, sink: Sink) -> None:
        row = (f"{self.name}.{self._source.address.host}", 1, 1.0, 0)
        await sink.put(ReadingBatch.from_rows([row]))
        self._health.connected()
        await asyncio.Event().wait()

    def health(self) -> Health:
        return self._health

    def report_of(self, tag: str) -> Report | None:
        return None


@asynccontextmanager
async def supervised(memory: Memory, *names: str) -> AsyncIterator[Supervisor]:
    supervisor = Supervisor(sources(*names), memory, Steady)
    task = asyncio.create_task(supervisor.run())
    try:
        await memory.until(lambda m: len(m.rows) == len(names))
        yield supervisor
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def tags(memory: Memory) -> list[str]:
    return [row[0] for row in memory.rows]


async def test_a_source_that_is_added_starts_and_the_others_run_on(memory: Memory) -> None:
    async with supervised(memory, "a", "b") as supervisor:
        supervisor.want(sources("a", "b", "c"))
        await memory.until(lambda m: len(m.rows) == 3)
        assert sorted(tags(memory)) == ["a.h", "b.h", "c.h"]
        assert sorted(supervisor.parts()) == ["a", "b", "c"]


async def test_a_source_that_changed_starts_anew_and_the_others_run_on(memory: Memory) -> None:
    async with supervised(memory, "a", "b") as supervisor:
        supervisor.want([*sources("a"), *sources("b", host="other")])
        await memory.until(lambda m: len(m.rows) == 3)
        assert sorted(tags(memory)) == ["a.h", "b.h", "b.other"]


async def test_a_source_that_went_is_ended_and_the_others_run_on(memory: Memory) -> None:
    async with supervised(memory, "a", "b") as supervisor:
        supervisor.want(sources("c", "b"))
        await memory.until(lambda m: len(m.rows) == 3)
        assert sorted(supervisor.parts()) == ["b", "c"]
        assert sorted(tags(memory)) == ["a.h", "b.h", "c.h"]
        assert {task.get_name() for task in asyncio.all_tasks()} & {"a", "b", "c"} == {"b", "c"}


async def test_the_end_of_a_supervisor_ends_every_collector(memory: Memory) -> None:
    async with supervised(memory, "a", "b"):
        pass
    assert {task.get_name() for task in asyncio.all_tasks()} & {"a", "b"} == set()


async def test_a_collector_that_breaks_what_runs_it_is_not_passed_over(memory: Memory) -> None:
    class Broken(Steady):
        def health(self) -> Health:
            raise KeyError("no health")

    with pytest.raises(KeyError, match="no health"):
        await Supervisor(sources("a"), memory, Broken).run()


async def test_files_that_say_the_same_change_nothing() -> None:
    files = Files()
    definitions = Definitions(sources("a"), files)
    assert not await definitions.refresh()
    files.found = sources("a")
    assert not await definitions.refresh()
    files.found = sources("a", "b")
    assert await definitions.refresh()
    assert [source.name for source in definitions.sources] == ["a", "b"]


async def test_wrong_files_keep_the_sources_and_are_said_once_and_in_the_status(
    capsys: pytest.CaptureFixture[str], memory: Memory
) -> None:
    class Quiet:
        problem = ""
        outage = Outage()
        waiting_rows = 0
        counts = type("Counts", (), {"readings": 0, "alarms": 0, "batches": 0, "bytes": 0})

    files = Files()
    definitions = Definitions(sources("a"), files)
    supervisor = Supervisor(definitions.sources, memory, Steady)
    files.found = wrong()
    assert not await definitions.refresh()
    files.found = None
    assert not await definitions.refresh()
    assert [source.name for source in definitions.sources] == ["a"]
    told = status(EdgeState("e", Quiet(), supervisor, definitions))
    assert not told.healthy
    assert told.message.endswith("s.yaml:1:1: is no list. Make it one (and 1 more)")
    files.found = sources("a")
    await definitions.refresh()
    assert status(EdgeState("e", Quiet(), supervisor, definitions)).message == ""
    said = capsys.readouterr().out
    assert said.count("plant files are wrong") == 1
    assert said.count("plant files are right again") == 1
