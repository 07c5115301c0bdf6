"""The sink that lets through what is news."""

from collections.abc import Callable

from edge.collector import Sink
from edge.filter import BatchFilter, Report
from edge.health import Health
from edge.reading import AlarmBatch, ReadingBatch


class ReportingSink:
    """Passes on to another sink what is news, for one run of a collector; alarms always go.

    Each run has its own, so that the first readings after a loss go.
    """

    def __init__(
        self, sink: Sink, report_of: Callable[[str], Report | None], health: Health
    ) -> None:
        self._sink = sink
        self._filter = BatchFilter(report_of)
        self._health = health

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
