"""Marks where readings are missing because the log took nothing and so nobody asked the device. Pure.

Between two readings that were taken, people and rules may draw a line; over a time in which nobody
looked they must not. So before the first reading after such a time stands a bad one without a number
(`Reason.GAP`), a microsecond after the last one taken: from then on nothing is known.
"""

from collections.abc import Mapping

from edge.reading import Quality, ReadingBatch, Reason, quality_code

LEAST_US = 2_000_000
_MISSED = 3
_GAP = quality_code(Quality.BAD, Reason.GAP)


class Gaps:
    """The gaps of one source; `asked_every_us` has the interval in µs of each point that is asked for.

    Points that are not in it send by themselves: what they sent meanwhile comes when there is room.
    """

    def __init__(self, asked_every_us: Mapping[str, int]) -> None:
        self.count = 0
        self._asked_every_us = asked_every_us
        # The time of each point's last reading, while that is not bad anyway.
        self._last_us: dict[str, int] = {}
        self._stood_still: set[str] = set()

    def stood_still(self, for_us: int) -> None:
        """The log had the source wait for so long."""
        if for_us >= LEAST_US:
            self._stood_still.update(self._last_us)

    def marked(self, readings: ReadingBatch) -> ReadingBatch:
        """The readings, each gap before the reading that ends it."""
        if not self._asked_every_us:
            return readings
        gaps = self._gaps_before(readings) if self._stood_still else []
        self._note(readings)
        if not gaps:
            return readings
        self.count += len(gaps)
        return ReadingBatch.concatenate([ReadingBatch.from_rows(gaps), readings])

    def _gaps_before(self, readings: ReadingBatch) -> list[tuple[str, int, float, int]]:
        """A bad reading for each point that stood still and is read again, too late for its interval."""
        gaps: list[tuple[str, int, float, int]] = []
        rows = zip(readings.tag_index.tolist(), readings.ts.tolist(), strict=True)
        for tag, ts in ((readings.tags[index], ts) for index, ts in rows):
            if tag not in self._stood_still:
                continue
            self._stood_still.discard(tag)
            last = self._last_us[tag]
            if ts - last > max(LEAST_US, _MISSED * self._asked_every_us.get(tag, 0)):
                gaps.append((tag, last + 1, float("nan"), _GAP))
        return gaps

    def _note(self, readings: ReadingBatch) -> None:
        tags = [readings.tags[index] for index in readings.tag_index.tolist()]
        self._last_us.update(zip(tags, readings.ts.tolist(), strict=True))
        bad = readings.quality >= Quality.BAD
        if bad.any():
            last_is_bad = dict(zip(tags, bad.tolist(), strict=True))
            for tag in (tag for tag, is_bad in last_is_bad.items() if is_bad):
                self._last_us.pop(tag)
                self._stood_still.discard(tag)
