"""When each message was first received, by its identity at the broker, in a file of bounded size.

A payload without a time of its own is known by that of its receipt alone. So that one is written down
before the log can have the message: whatever kills this process, the repetition is given the same
time, and readings of one point and time are stored once. A broker repeats a message under its
identity (MQTT 4.4), marked as repeated; another message of the same content has another one.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from hashlib import blake2b
from pathlib import Path

import numpy as np
import numpy.typing as npt

from config.diagnostics import logger
from edge.mqtt.inbox import Delivery
from edge.mqtt.source import MqttSource, Version

_SLOT = np.dtype([("digest", "<u8"), ("received", "<i8"), ("number", "<i8")])
_IDENTITIES = 65_536
# No message has the identity 0: its slot says whose file it is, and how that broker numbers.
_HEAD = 0

Slots = npt.NDArray[np.void]

log = logger(__name__)


class Receipts:
    """The receipt of the last message under each identity of one session.

    Only the last `in_flight` messages can be repeated; all before them are settled. A broker that
    uses an identity again that soon cannot be understood so: of it nothing is known.
    """

    def __init__(self, file: Path | None, source: MqttSource) -> None:
        told = source.receive_maximum if source.version is Version.V5 else _IDENTITIES
        self._in_flight = min(told, _IDENTITIES // 2)
        self._session = _digest(source.session, source.connect.encode())
        self._file, self._slots = _opened(file)
        if self._slots["digest"][_HEAD] != self._session:
            self._forget()
        self._number = int(self._slots["number"][1:].max())
        self._connected_at = self._written = self._number

    @property
    def newest_us(self) -> int:
        """The latest time that was given to any message; 0 before the first."""
        return int(self._slots["received"][1:].max())

    def connected(self, *, session_kept: bool) -> None:
        """A new connection: a broker that lost our session repeats nothing.

        One that was started anew may count identities from 1 again.
        """
        if not session_kept:
            self._forget()
        self._connected_at = self._number

    def received_us(self, delivery: Delivery) -> int | None:
        """When a repeated message was first received; None where it was not, or that is unknown."""
        if not delivery.repeated or not delivery.qos or self._slots["number"][_HEAD]:
            return None
        slot = self._slots[delivery.mid]
        told = _digest(delivery.message.topic, delivery.message.payload)
        recent = int(slot["number"]) > self._number - self._in_flight
        return int(slot["received"]) if recent and int(slot["digest"]) == told else None

    def keep(self, deliveries: Sequence[Delivery], received_us: Sequence[int]) -> None:
        """Write down when deliveries were received; it outlives this process at once."""
        owed = [place for place, each in enumerate(deliveries) if each.qos]
        mids = np.array([deliveries[place].mid for place in owed], np.int64)
        self._notice_reuse(deliveries, owed)
        # The digest comes last: whoever reads a slot that is half written finds another message.
        self._slots["received"][mids] = [received_us[place] for place in owed]
        self._slots["number"][mids] = self._number + 1 + np.arange(len(owed))
        self._slots["digest"][mids] = [
            _digest(deliveries[place].message.topic, deliveries[place].message.payload)
            for place in owed
        ]
        self._number += len(owed)

    @asynccontextmanager
    async def reaching_disk(self) -> AsyncIterator[None]:
        """At the end of the block what is kept outlives the machine too, as far as its disk does."""
        if self._file is None or self._written == self._number:
            yield
            return
        self._written = self._number
        syncing = asyncio.create_task(asyncio.to_thread(_sync, self._file))
        try:
            yield
        finally:
            await syncing

    def _notice_reuse(self, deliveries: Sequence[Delivery], owed: Sequence[int]) -> None:
        """A broker that gives the lowest identity that is free says nothing by it."""
        numbers = self._slots["number"]
        for place in owed:
            each = deliveries[place]
            if not each.repeated and int(numbers[each.mid]) > max(
                self._connected_at, self._number - self._in_flight
            ):
                numbers[_HEAD] = 1

    def _forget(self) -> None:
        self._slots[:] = np.zeros((), _SLOT)
        self._slots["digest"][_HEAD] = self._session


def _digest(topic: str, payload: bytes) -> int:
    content = topic.encode(errors="surrogateescape") + b"\0" + payload
    return int.from_bytes(blake2b(content, digest_size=8).digest(), "little")


def _opened(file: Path | None) -> tuple[Path | None, Slots]:
    """The file and its slots; in memory alone where there is none to be had."""
    if file is not None:
        try:
            return file, _mapped(file)
        except OSError as error:
            log.warning("receipts cannot be written", file=str(file), error=str(error))
    return None, np.zeros(_IDENTITIES, _SLOT)


def _mapped(file: Path) -> Slots:
    size = _IDENTITIES * _SLOT.itemsize
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    with file.open("r+b") as opened:
        os.ftruncate(opened.fileno(), size)
        # A disk that is full later must not take the memory away.
        os.posix_fallocate(opened.fileno(), 0, size)
        return np.memmap(opened, _SLOT, mode="r+", shape=(_IDENTITIES,))


def _sync(file: Path) -> None:
    with file.open("rb") as opened:
        os.fdatasync(opened.fileno())
