"""What a device does not have, and when that is asked for again. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from edge.modbus.plan import Block

_AGAIN_S = 60.0


@dataclass(frozen=True, slots=True)
class Moment:
    """When something is asked: seconds on the event loop's clock, and the number of the connection."""

    at: float
    connection: int


class AbsentParts:
    """When each part that a device does not have was last asked for.

    It may have it later: after its program was changed, which no silence need tell, or after it was
    started again between two polls, which only a new connection tells.
    """

    def __init__(self) -> None:
        self._asked: dict[Block, Moment] = {}

    def refused(self, block: Block, moment: Moment) -> None:
        """The device said that it does not have it."""
        self._asked[block] = moment

    def forget(self) -> None:
        """Nothing is known of what it lacks."""
        self._asked.clear()

    def next(self, blocks: Iterable[Block], now: Moment) -> tuple[float, Block] | None:
        """Of `blocks`, the one to ask for again that waits longest, and since when; if there is one.

        That is after a minute, or at once over another connection than it was refused on.
        """
        waiting = [
            (moment.at, block)
            for block in blocks
            if (moment := self._asked.get(block)) is not None and _is_due(moment, now)
        ]
        return min(waiting, key=lambda each: each[0], default=None)


def _is_due(asked: Moment, now: Moment) -> bool:
    return now.connection != asked.connection or now.at - asked.at >= _AGAIN_S
