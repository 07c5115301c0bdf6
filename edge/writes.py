"""Takes write commands from the log server: the last one who may refuse them.

A command is carried out at most once in the life of this object, and never after it has expired.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import replace

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from config.clock import ClockUs, now_us
from config.diagnostics import logger
from config.tasks import end_tasks, run_together
from edge.collector import Collector
from edge.errors import WriteRefused
from edge.modbus.collector import ModbusCollector
from edge.modbus.source import ModbusSource
from edge.modbus.writer import ModbusWriter
from edge.opcua.source import OpcuaSource
from edge.source_file import Source
from edge.write_command import (
    Outcome,
    WriteAnswer,
    WriteCommand,
    WriteTarget,
    dump,
    find_subject,
    parse_command,
    parse_find,
    write_subject,
)

_AT_ONCE = 32
_REMEMBERED = 10_000
# Our clock and the sender's may differ a little; a command from the future by more has no known age.
_CLOCKS_DIFFER_US = 2_000_000
_LONGEST_LIFE_US = 60_000_000

log = logger(__name__)

Running = Callable[[], Iterable[tuple[Source, Collector]]]
"""The sources that are collected from at present."""


class Writes:
    """The write commands of one run of an edge."""

    def __init__(self, edge: str, running: Running, clock: ClockUs = now_us) -> None:
        self._edge = edge
        self._running = running
        self._clock = clock
        self._taken: OrderedDict[str, None] = OrderedDict()
        self._busy = 0

    def find(self, tag: str) -> WriteTarget | None:
        """How this edge has a point; None where no source of it names that tag."""
        for source, collector in self._running():
            if isinstance(collector, ModbusCollector):
                writer = collector.writer
                if writer.has(tag):
                    problem = writer.problem(tag)
                    return WriteTarget(self._edge, source.name, problem, writer.takes_s)
            elif names_tag(source, tag):
                problem = f"writing to {source.type} is not built: source {source.name}"
                return WriteTarget(self._edge, source.name, problem)
        return None

    async def carry_out(self, command: WriteCommand) -> WriteAnswer | None:
        """What came of a command; None where it was taken before, for that one is answered."""
        if command.id in self._taken:
            log.warning("write command came twice, not repeated", id=command.id, tag=command.tag)
            return None
        self._remember(command)
        answer = await self._answer(command)
        log.info(
            "write command",
            id=command.id,
            tag=command.tag,
            value=command.value,
            actor=command.actor,
            reason=command.reason,
            outcome=str(answer.outcome),
            message=answer.message,
        )
        return answer

    def _remember(self, command: WriteCommand) -> None:
        self._taken[command.id] = None
        if len(self._taken) > _REMEMBERED:
            self._taken.popitem(last=False)

    async def _answer(self, command: WriteCommand) -> WriteAnswer:
        source = ""
        self._busy += 1
        try:
            self._check(command)
            source, writer = self._writer_of(command.tag)
            answer = await writer.write(
                command.tag, command.value, before_sending=lambda: self._check(command)
            )
        except WriteRefused as refusal:
            answer = WriteAnswer(Outcome.REFUSED, str(refusal))
        finally:
            self._busy -= 1
        return replace(answer, edge=self._edge, source=source)

    def _check(self, command: WriteCommand) -> None:
        """Raise `WriteRefused` where a command is too late, or there are too many."""
        now = self._clock()
        if now >= command.expires_us:
            late_s = (now - command.expires_us) / 1e6
            raise WriteRefused(f"it came {late_s:.1f} s after it had expired")
        if command.asked_us - now > _CLOCKS_DIFFER_US:
            ahead_s = (command.asked_us - now) / 1e6
            raise WriteRefused(f"its age is not known: it was asked {ahead_s:.1f} s from now")
        if command.expires_us - command.asked_us > _LONGEST_LIFE_US:
            raise WriteRefused("it would live for more than a minute")
        if self._busy > _AT_ONCE:
            raise WriteRefused(f"{_AT_ONCE} other commands are being carried out")

    def _writer_of(self, tag: str) -> tuple[str, ModbusWriter]:
        target = self.find(tag)
        if target is None:
            raise WriteRefused(f"the edge {self._edge} has no point {tag}")
        for source, collector in self._running():
            if source.name == target.source and isinstance(collector, ModbusCollector):
                return source.name, collector.writer
        raise WriteRefused(target.problem)


def names_tag(source: Source, tag: str) -> bool:
    """Does a source name this tag in so many words?"""
    if isinstance(source, ModbusSource):
        return any(
            tag == f"{device.asset}.{role}" for device in source.devices for role in device.points
        )
    if isinstance(source, OpcuaSource):
        return any(node.tag == tag for node in source.nodes)
    return any(
        tag == getattr(topic, "tag", None) or tag in getattr(topic, "tags", {}).values()
        for topic in source.topics
    )


async def answer_writes(client: Client, edge: str, writes: Writes) -> None:
    """Answer questions for points and carry out commands, until cancelled."""
    await run_together([_answer_questions(client, edge, writes), _take(client, edge, writes)])


async def _answer_questions(client: Client, edge: str, writes: Writes) -> None:
    subscription = await client.subscribe(find_subject(edge))
    async for message in subscription.messages:
        try:
            target = writes.find(parse_find(message.data))
        except ValueError as error:
            log.warning("question for a point that cannot be read", error=str(error))
            continue
        await _respond(client, message, dump(target))


async def _take(client: Client, edge: str, writes: Writes) -> None:
    """Each command is a task of its own: a slow device holds up no other source's."""
    subscription = await client.subscribe(write_subject(edge))
    tasks: set[asyncio.Task[None]] = set()
    try:
        async for message in subscription.messages:
            task = asyncio.create_task(_run(client, message, writes))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
    finally:
        await end_tasks(tuple(tasks))


async def _run(client: Client, message: Msg, writes: Writes) -> None:
    try:
        command = parse_command(message.data)
    except ValueError as error:
        log.warning("write command that cannot be read", error=str(error))
        return
    try:
        answer = await writes.carry_out(command)
    except Exception:
        # Nobody knows what was done, so nobody is told; the asker takes the outcome for unknown.
        log.exception("write command failed", id=command.id, tag=command.tag)
        return
    if answer is not None:
        await _respond(client, message, dump(answer))


async def _respond(client: Client, message: Msg, data: bytes) -> None:
    """Answer; where that is lost, the asker takes the outcome for unknown."""
    if not message.reply:
        return
    try:
        await client.publish(message.reply, data)
    except (NatsError, OSError) as error:
        log.debug("answer not sent", error=repr(error))
