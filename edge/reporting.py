"""The sink that lets through what is news, and of what cannot be read no flood."""

from collections.abc import Callable, Sequence

from edge.collector import Sink
from edge.filter import BatchFilter, Report
from edge.health import Health
from edge.reading import AlarmBatch, ReadingBatch
from edge.rejected import Rejected, RejectLimit, fitted


class ReportingSink:
    """Passes on to another sink what is news, for one run of a collector; alarms always go.

    Each run has its own, so that the first readings after a loss go; `limit` outlives the runs.
    """

    def __init__(
        self,
        sink: Sink,
        report_of: Callable[[str], Report | None],
        health: Health,
        limit: RejectLimit | None = None,
    ) -> None:
        self._sink = sink
        self._filter = BatchFilter(report_of)
        self._health = health
        self._limit = limit or RejectLimit()

    async def put(self, readings: ReadingBatch, alarms: AlarmBatch = ()) -> None:
        """Put what is news; see `edge.collector.Sink`."""
        news = self._filter.news(readings)
        self._health.unchanged += len(readings) - len(news)
        if not len(news) and not alarms:
            return
        try:
            await self._sink.put(news, alarms)
        except BaseException:
            # Nobody knows whether the log has it, so nothing that follows is old.
            self._filter.forget()
            raise

    async def set_aside(self, rejected: Sequence[Rejected]) -> None:
        """Keep the first of each minute; see `edge.collector.Sink`."""
        kept = [fitted(one) for one in self._limit.kept(rejected)]
        self._health.not_kept = self._limit.not_kept
        if kept:
            await self._sink.set_aside(kept)
