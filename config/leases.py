"""Share partitions among the workers of a role, by leases that the log keeps and lets expire.

Stream `OILCAN_LEASES`, in memory: one message for each subject, gone after `TTL_S` unless renewed.
`oilcan.lease.<role>.worker.<name>` says that a worker lives, `oilcan.lease.<role>.partition.<n>`
that somebody has a partition, and who; it is taken and renewed by comparing its last sequence, so one
gets it. A worker also answers on `oilcan.worker.<role>.<name>`: where the server knows of nobody there,
its connection is gone, and what it had need not expire first.
A lease says who ought to work, never who may write: that is for the database to hold.
"""

import asyncio
from collections.abc import AsyncGenerator, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.errors import NoRespondersError
from nats.js.api import DiscardPolicy, Header, StorageType, StreamConfig
from nats.js.errors import APIError, NotFoundError

from config.diagnostics import logger
from config.errors import LogUnavailable

if TYPE_CHECKING:
    from nats.aio.subscription import Subscription

LEASE_STREAM = "OILCAN_LEASES"
TTL_S = 5.0
_TICK_S = 1.0
_ALIVE_S = 0.5
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
            leases = await holder.without_gone(await holder.look())
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
        self._client = client
        self._js = client.jetstream()
        self._name = name
        self._root = f"oilcan.lease.{role}"
        self._answers = f"oilcan.worker.{role}"
        self._subscription: Subscription | None = None
        # The sequence of the lease of each partition that a worker left whose connection is gone.
        self._left: dict[int, int] = {}

    async def open(self) -> None:
        """Make the stream where it is missing, and answer those who ask whether we live."""
        self._subscription = await self._client.subscribe(
            f"{self._answers}.{self._name}", cb=_answer
        )
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

    async def without_gone(self, leases: Leases) -> Leases:
        """The leases without those of workers whose connection is gone, which we may claim now.

        A worker that is paused, or busy, counts: its connection stands. Whoever lost it and comes
        back finds its partitions taken.
        """
        others = [name for name in leases.workers if name != self._name]
        gone = {name for name in others if await self._is_gone(name)}
        self._left = await self._leases_of(gone, leases.partitions) if gone else {}
        return Leases(
            tuple(name for name in leases.workers if name not in gone),
            leases.partitions - self._left.keys(),
        )

    async def renew(self) -> None:
        """Say that we live, and keep what is ours; what another has taken meanwhile is not."""
        await self._js.publish(self._worker(self._name), b"")
        for number, sequence in list(self.held.items()):
            # All leases are gone where the log was started again: then who comes first has it.
            if not (await self._put(number, sequence) or await self._put(number, 0)):
                log.warning("another worker has taken over a partition", partition=number)
                del self.held[number]

    async def claim(self, free: list[int], most: int) -> None:
        """Take up to so many partitions that nobody has."""
        for number in free:
            if most and await self._put(number, self._left.get(number, 0)):
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
            await self._remove(self._worker(self._name))
            if self._subscription is not None:
                await self._subscription.unsubscribe()
        except (NatsError, TimeoutError, OSError) as error:
            log.debug("leases left to expire", error=repr(error))

    async def _put(self, number: int, last: int) -> bool:
        """Write the lease of a partition if its last message is still that one."""
        expected = {Header.EXPECTED_LAST_SUBJECT_SEQUENCE.value: str(last)}
        try:
            ack = await self._js.publish(
                self._subject(number), self._name.encode(), headers=expected
            )
        except APIError as error:
            if error.err_code in _WRONG_LAST_SEQUENCE:
                return False
            raise
        self.held[number] = ack.seq
        return True

    async def _is_gone(self, name: str) -> bool:
        try:
            await self._client.request(f"{self._answers}.{name}", timeout=_ALIVE_S)
        except NoRespondersError:
            return True
        except TimeoutError:
            return False
        return False

    async def _leases_of(
        self, names: Collection[str], partitions: frozenset[int]
    ) -> dict[int, int]:
        """The sequence of the lease of each partition that one of some workers has."""
        found: dict[int, int] = {}
        for number in partitions - self.held.keys():
            try:
                lease = await self._js.get_last_msg(LEASE_STREAM, self._subject(number))
            except NotFoundError:
                continue  # It expired just now.
            if (lease.data or b"").decode() in names and lease.seq is not None:
                found[number] = lease.seq
        return found

    async def _remove(self, subject: str) -> None:
        await self._js.purge_stream(LEASE_STREAM, subject=subject)

    def _worker(self, name: str) -> str:
        return f"{self._root}.worker.{name}"

    def _subject(self, number: int) -> str:
        return f"{self._root}.partition.{number}"


async def _answer(question: Msg) -> None:
    await question.respond(b"")


def _subjects(info: object) -> Collection[str]:
    state = getattr(info, "state", None)
    return getattr(state, "subjects", None) or ()
