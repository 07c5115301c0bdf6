"""The hub's log as a gateway writes it: over a link that may be slow, and away for hours."""

import asyncio
import itertools
from collections.abc import Awaitable, Sequence
from typing import TypeVar

from nats.aio.client import Client

from config.clock import monotonic
from config.errors import LogUnavailable
from config.log import Record, publish
from config.log_batch import BatchRefused, publish_together
from config.retry import backoff_s
from edge.outage import Outage
from edge.patience import Patience

_LONGEST_WAIT_S = 1.0

AnswerT = TypeVar("AnswerT")


class HubLog:
    """Appends records in order, each under the identity that it has."""

    def __init__(self, client: Client) -> None:
        self.outage = Outage("the hub's log")
        self._client = client
        self._patience = Patience()
        # Asked again after every failure: the hub may come back as an older server.
        self._takes_batches = False

    async def append(self, records: Sequence[Record]) -> None:
        """Return once the hub has all of them on disk; repeats them until then."""
        together = len(records) > 1 and self._takes_batches
        if not (together and await self._append_together(records)):
            for record in records:
                await self._append_alone(record)

    async def _append_together(self, records: Sequence[Record]) -> bool:
        """Try once to append all in one round trip."""
        try:
            self._takes_batches = await self._timed(self._publish_together(records))
        except LogUnavailable:
            self._takes_batches = False
        return self._takes_batches

    async def _append_alone(self, record: Record) -> None:
        for failures in itertools.count():
            try:
                await self._timed(self._publish_alone(record))
                break
            except LogUnavailable as error:
                self._takes_batches = False
                self.outage.begins(0, error)
                await asyncio.sleep(backoff_s(failures, longest=_LONGEST_WAIT_S))
        self.outage.ends(0)

    async def _publish_alone(self, record: Record) -> None:
        if not self._takes_batches:
            try:
                self._takes_batches = await self._publish_together([record])
            except BatchRefused:
                # It has this one already, or wants no batches at all: the plain way tells.
                pass
            else:
                return
        js, timeout_s = self._client.jetstream(), self._patience.seconds
        kind, partition, batch = record.kind, record.partition, record.batch
        await publish(js, kind, partition, batch, record.data, timeout_s=timeout_s)

    async def _publish_together(self, records: Sequence[Record]) -> bool:
        return await publish_together(self._client, records, timeout_s=self._patience.seconds)

    async def _timed(self, confirmation: Awaitable[AnswerT]) -> AnswerT:
        started = monotonic()
        try:
            answer = await confirmation
        except LogUnavailable:
            self._patience.failed(monotonic() - started)
            raise
        self._patience.confirmed(monotonic() - started)
        return answer
