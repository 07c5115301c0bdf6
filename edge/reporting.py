"""The sink that lets through what is news, marks what is missing, and keeps floods out."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from config.clock import monotonic
from edge.collector import Sink
from edge.filter import BatchFilter, Report
from edge.gaps import Gaps
from edge.health import Health
from edge.reading import AlarmBatch, ReadingBatch
from edge.rejected import Rejected, RejectLimit, fitted


class ReportingSink:
    """Passes on to another sink what is news, for one run of a collector; alarms always go.

    Each run has its own, so that the first readings after a loss go; `limit` and `gaps` outlive the
    runs.
    """

    def __init__(
        self,
        sink: Sink,
        report_of: Callable[[str], Report | None],
        health: Health,
        limit: RejectLimit | None = None,
        gaps: Gaps | None = None,
        *,
        source: str = "",
    ) -> None:
        self._sink = sink
        self._source = source
        self._filter = BatchFilter(report_of)
        self._health = health
        self._limit = limit or RejectLimit()
        self._gaps = Gaps(health.asked_every_us) if gaps is None else gaps

    async def put(self, readings: ReadingBatch, alarms: AlarmBatch = ()) -> None:
        """Put what is news; see `edge.collector.Sink`."""
        before = self._gaps.count
        marked = self._gaps.marked(readings)
        # Added, for a collector may count gaps of its own there.
        self._health.gaps += self._gaps.count - before
        news = self._filter.news(marked)
        self._health.unchanged += len(marked) - len(news)
        if not len(news) and not alarms:
            return
        started = monotonic()
        try:
            await self._sink.put(replace(news, source=self._source), alarms)
        except BaseException:
            # Nobody knows whether the log has it, so nothing that follows is old.
            self._filter.forget()
            raise
        finally:
            self._gaps.stood_still(round((monotonic() - started) * 1e6))

    async def set_aside(self, rejected: Sequence[Rejected]) -> None:
        """Keep the first of each minute; see `edge.collector.Sink`."""
        kept = [fitted(one) for one in self._limit.kept(rejected)]
        self._health.not_kept = self._limit.not_kept
        if kept:
            await self._sink.set_aside(kept)
