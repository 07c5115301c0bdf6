"""Takes what devices publish to the embedded broker at quality of service 0, in batches from the log.

There is no session and nothing is acknowledged: a device that publishes at 0 is promised nothing. What
it published is stored once, though this process is killed or the log stands still, as long as the log's
server lives and its memory has room.
"""

import asyncio

from config.clock import ClockUs, now_us
from edge.collector import Sink
from edge.mqtt.collector import MqttCollector
from edge.mqtt.device_stream import device_stream
from edge.mqtt.reader import Findings
from edge.mqtt.run import Run
from edge.mqtt.source import MqttSource
from edge.reading import ReadingBatch

_BATCH = 10_000
_OTHERS_TURN = 1_000
_WORTH_COLUMNS = 16


class DeviceCollector(MqttCollector):
    """One source at the embedded broker; `log_url` is that of the log that the broker belongs to."""

    def __init__(self, source: MqttSource, *, log_url: str, clock: ClockUs = now_us) -> None:
        super().__init__(source, clock=clock)
        self._log_url = log_url
        self._missed = 0

    async def run(self, sink: Sink) -> None:
        """Take messages until cancelled. Raises `SourceLost` when the connection ends."""
        missed_before = self._missed
        async with device_stream(self._log_url, self._source) as stream:
            self._established()
            while True:
                run = await stream.take(_BATCH)
                self._missed = missed_before + stream.missed
                found = Findings()
                columns = await self._columns(run, found)
                await self._keep(sink, found, columns)
                await stream.release(run)

    async def _columns(self, run: Run, found: Findings) -> list[ReadingBatch]:
        """The readings in a run; what else there is comes into `found`."""
        columns = []
        for part in run.parts(_OTHERS_TURN):
            readings = self._reader.read_run(part) if len(part) >= _WORTH_COLUMNS else None
            if readings is None:
                for message in part.messages():
                    self._reader.read(message, found)
                readings, found.rows = ReadingBatch.from_rows(found.rows), []
            columns.append(readings)
            await asyncio.sleep(0)
        self._complete(found)
        return columns

    def _counts(self) -> dict[str, float]:
        return {**super()._counts(), "dropped_total": float(self._missed)}
