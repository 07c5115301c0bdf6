"""Share partitions among the workers of a role, by leases that the log keeps and lets expire.

Stream `OILCAN_LEASES`, in memory: one message for each subject, gone after `TTL_S` unless renewed.
`oilcan.lease.<role>.worker.<name>` says that a worker lives, `oilcan.lease.<role>.partition.<n>`
that somebody has a partition; it is taken and renewed by comparing its last sequence, so one gets it.
A lease says who ought to work, never who may write: that is for the database to hold.
"""

import asyncio
from collections.abc import AsyncGenerator, Collection
from dataclasses import dataclass

from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js.api import DiscardPolicy, Header, StorageType, StreamConfig
from nats.js.errors import APIError

from config.diagnostics import logger
from config.errors import LogUnavailable

LEASE_STREAM = "OILCAN_LEASES"
TTL_S = 5.0
_TICK_S = 1.0
_WRONG_LAST_SEQUENCE = frozenset({10071, 10164})

log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Leases:
    """The leases that are held now: names of workers, and partitions that somebody has."""

    workers: tuple[str, ...]
    partitions: frozenset[int]


def fair_share(name: str, workers: Collection[str], partitions: int) -> int:
    """How many partitions a worker is to have: shares differ by one, the first names have more."""
    ordered = sorted({*workers, name})
    whole, rest = divmod(partitions, len(ordered))
    return whole + (ordered.index(name) < rest)


async def share_partitions(
    client: Client, *, role: str, name: str, partitions: int
) -> AsyncGenerator[frozenset[int]]:
    """The partitions that this worker has, about each second, for ever.

    What is missing from one is given to another as soon as the next is asked for: stop working on it
    before. `name` is unique; where shares are uneven, names that sort first have the greater ones.
    Closing this gives everything back. Raises `LogUnavailable`.
    """
    holder = _Holder(client, role, name)
    try:
        await holder.open()
        while True:
            await holder.renew()
            leases = await holder.look()
            surplus = len(holder.held) - fair_share(name, leases.workers, partitions)
            if surplus > 0:
                given = sorted(holder.held)[-surplus:]
                yield frozenset(holder.held.keys() - given)
                await holder.release(given)
            elif surplus < 0:
                await holder.claim(sorted(set(range(partitions)) - leases.partitions), -surplus)
            yield frozenset(holder.held)
            await asyncio.sleep(_TICK_S)
    except (NatsError, TimeoutError, OSError) as error:
        raise LogUnavailable(f"the leases of {role} cannot be kept: {error!r}") from error
    finally:
        await holder.close()


class _Holder:
    """What one worker holds: the sequence of its last message for each partition."""

    def __init__(self, client: Client, role: str, name: str) -> None:
        self.held: dict[int, int] = {}
        self._js = client.jetstream()
        self._root = f"oilcan.lease.{role}"
        self._worker = f"{self._root}.worker.{name}"

    async def open(self) -> None:
        """Make the stream where it is missing."""
        await self._js.add_stream(
            StreamConfig(
                name=LEASE_STREAM,
                subjects=["oilcan.lease.>"],
                storage=StorageType.MEMORY,
                discard=DiscardPolicy.OLD,
                max_age=TTL_S,
                max_msgs_per_subject=1,
                # Not longer than messages live, says the server.
                duplicate_window=TTL_S,
            )
        )

    async def look(self) -> Leases:
        """Every lease of the role that has not expired."""
        info = await self._js.stream_info(LEASE_STREAM, subjects_filter=f"{self._root}.>")
        names = [subject.removeprefix(self._root).split(".")[1:] for subject in _subjects(info)]
        return Leases(
            tuple(name for kind, name in names if kind == "worker"),
            frozenset(int(number) for kind, number in names if kind == "partition"),
        )

    async def renew(self) -> None:
        """Say that we live, and keep what is ours; what another has taken meanwhile is not."""
        await self._js.publish(self._worker, b"")
        for number, sequence in list(self.held.items()):
            # All leases are gone where the log was started again: then who comes first has it.
            if not (await self._put(number, sequence) or await self._put(number, 0)):
                log.warning("another worker has taken over a partition", partition=number)
                del self.held[number]

    async def claim(self, free: list[int], most: int) -> None:
        """Take up to so many partitions that nobody has."""
        for number in free:
            if most and await self._put(number, 0):
                most -= 1

    async def release(self, numbers: Collection[int]) -> None:
        """Give partitions back."""
        for number in numbers:
            await self._remove(self._subject(number))
            del self.held[number]

    async def close(self) -> None:
        """Give everything back, so that nobody has to wait for it to expire."""
        try:
            await self.release(list(self.held))
            await self._remove(self._worker)
        except (NatsError, TimeoutError, OSError) as error:
            log.debug("leases left to expire", error=repr(error))

    async def _put(self, number: int, last: int) -> bool:
        """Write the lease of a partition if its last message is still that one."""
        expected = {Header.EXPECTED_LAST_SUBJECT_SEQUENCE.value: str(last)}
        try:
            ack = await self._js.publish(self._subject(number), b"", headers=expected)
        except APIError as error:
            if error.err_code in _WRONG_LAST_SEQUENCE:
                return False
            raise
        self.held[number] = ack.seq
        return True

    async def _remove(self, subject: str) -> None:
        await self._js.purge_stream(LEASE_STREAM, subject=subject)

    def _subject(self, number: int) -> str:
        return f"{self._root}.partition.{number}"


def _subjects(info: object) -> Collection[str]:
    state = getattr(info, "state", None)
    return getattr(state, "subjects", None) or ()
