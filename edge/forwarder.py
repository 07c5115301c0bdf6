"""From the gateway's own log to the hub's, in order, under the identities that the records have.

The forwarder is a reader of the gateway's log like any other: it keeps its own position, in a file,
and moves it on once the hub has the records on disk. One message, or one batch of a session's
records, is on its way at a time. So after a crash of anything at most that one is sent again, next
to itself, and the hub's log and its readers know it. What was forwarded is then removed here.
"""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

from nats.aio.client import Client

from config.clock import monotonic
from config.diagnostics import logger
from config.log import Position, Record, read
from config.log_store import release, usage
from config.retry import keep_running
from edge.hub_log import HubLog
from edge.position_file import load_position, save_position

_RECORDS_AT_ONCE = 64
_TOGETHER_BYTES = 1024**2
_RELEASE_EVERY_S = 1.0

log = logger(__name__)


@dataclass(slots=True)
class Forwarded:
    """What the hub has taken since the start."""

    records: int = 0
    bytes: int = 0


class Forwarder:
    """Hands the records of a gateway's log over to the hub's; `file` keeps how far it came."""

    def __init__(self, local: Client, hub: HubLog, *, file: Path) -> None:
        self.counts = Forwarded()
        self._local = local
        self._hub = hub
        self._file = file

    async def run(self) -> None:
        """Forward until cancelled; both logs are waited for."""
        await keep_running(self._forward, name="forwarder")

    @property
    def problem(self) -> str:
        """Why the hub does not take anything at present, or nothing."""
        return self._hub.outage.problem

    async def _forward(self) -> None:
        position = released = await self._start()
        released_at = monotonic()
        lists = read(self._local, None, position, max_records=_RECORDS_AT_ONCE)
        async with aclosing(lists):
            async for records in lists:
                for group in groups(records, _TOGETHER_BYTES):
                    position = await self._hand_over(group)
                if position != released and monotonic() - released_at >= _RELEASE_EVERY_S:
                    await release(self._local, position)
                    released, released_at = position, monotonic()

    async def _start(self) -> Position:
        """The saved position; the log's start if the log is another one, or has less than that."""
        saved = await asyncio.to_thread(load_position, self._file)
        last = (await usage(self._local)).last
        if saved.stream == last.stream and saved.sequence <= last.sequence:
            return saved
        if saved.stream:
            log.warning("the gateway's log is not the one that was forwarded, from its start")
        return Position(last.stream, 0)

    async def _hand_over(self, group: Sequence[Record]) -> Position:
        """Return where this leaves us, once that is on disk."""
        await self._hub.append(group)
        self.counts.records += len(group)
        self.counts.bytes += sum(len(record.data) for record in group)
        position = group[-1].position
        try:
            await asyncio.to_thread(save_position, self._file, position)
        except OSError as error:
            # A full disk: what the log gives back now is the room that the file needs.
            log.warning("position not saved, giving back room", error=str(error))
            await release(self._local, position)
        return position


def groups(records: Sequence[Record], max_bytes: int) -> Iterator[list[Record]]:
    """The records in their order, in lists of one session and, if of more than one, of so many bytes.

    A reader of the hub's log knows the last session of an edge alone, so a repetition must not
    begin in the one before it.
    """
    group: list[Record] = []
    size = 0
    for record in records:
        full = size + len(record.data) > max_bytes
        if group and (full or record.batch.session != group[-1].batch.session):
            yield group
            group, size = [], 0
        group.append(record)
        size += len(record.data)
    if group:
        yield group
