"""Keeps collectors running: each alone, again after every failure, with a jittered pause."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from config.diagnostics import logger
from config.retry import backoff_s
from config.status import Part
from config.tasks import end_tasks
from edge.collector import Collector, Sink
from edge.errors import SourceLost
from edge.gaps import Gaps
from edge.rejected import RejectLimit
from edge.reporting import ReportingSink
from edge.source_file import Source

_STEADY_S = 30.0

log = logger(__name__)


@dataclass(frozen=True, slots=True)
class _Running:
    """A source, and the task that reads it."""

    source: Source
    collector: Collector
    task: asyncio.Task[None]


class Supervisor:
    """Runs a collector for each source of an edge; what one does never touches another."""

    def __init__(
        self, sources: Sequence[Source], sink: Sink, collector_of: Callable[[Source], Collector]
    ) -> None:
        self._wanted = {source.name: source for source in sources}
        self._sink = sink
        self._collector_of = collector_of
        self._running: dict[str, _Running] = {}
        self._news = asyncio.Event()

    async def run(self) -> None:
        """Run a collector for every source that is wanted, until cancelled."""
        try:
            while True:
                self._news.clear()
                await self._stop_unwanted()
                self._start_wanted()
                await self._news.wait()
        finally:
            await end_tasks([each.task for each in self._running.values()])

    def want(self, sources: Sequence[Source]) -> None:
        """Collect from these: those that are defined otherwise start anew, all others run on."""
        self._wanted = {source.name: source for source in sources}
        self._news.set()

    def parts(self) -> dict[str, Part]:
        """The health of each source by its name."""
        return {name: each.collector.health().part() for name, each in self._running.items()}

    def running(self) -> list[tuple[Source, Collector]]:
        """The sources that are collected from at present, each with its collector."""
        return [(each.source, each.collector) for each in self._running.values()]

    async def _stop_unwanted(self) -> None:
        """End the collectors of sources that changed or went; raises the error of one that broke."""
        for each in self._running.values():
            if each.task.done():
                each.task.result()
        unwanted = [
            each for name, each in self._running.items() if self._wanted.get(name) != each.source
        ]
        await end_tasks([each.task for each in unwanted])
        for each in unwanted:
            del self._running[each.source.name]
            log.info("source ended, as its files say", source=each.source.name)

    def _start_wanted(self) -> None:
        for name, source in self._wanted.items():
            if name not in self._running:
                collector = self._collector_of(source)
                task = asyncio.create_task(keep_collecting(collector, self._sink), name=name)
                task.add_done_callback(lambda _: self._news.set())
                self._running[name] = _Running(source, collector, task)


async def keep_collecting(collector: Collector, sink: Sink) -> None:
    """Run one collector again and again until cancelled.

    A loss is said once by its health. A defect, which no time heals, is said with its trace, and
    tried again all the same: it may hang on what the device happened to send.
    """
    loop = asyncio.get_running_loop()
    limit = RejectLimit()
    failures = 0
    defect = ""
    health = collector.health()
    gaps = Gaps(health.asked_every_us)
    while True:
        started = loop.time()
        try:
            reporting = ReportingSink(
                sink, collector.report_of, health, limit, gaps, source=collector.name
            )
            await collector.run(reporting)
            message = "the collector ended"
        except SourceLost as error:
            message = str(error)
        except Exception as error:
            message = f"defect: {error!r}"
            if message != defect:
                log.exception("collector failed", source=collector.name)
                defect = message
        health.failed(message)
        failures = 0 if loop.time() - started > _STEADY_S else failures + 1
        await asyncio.sleep(backoff_s(failures))
