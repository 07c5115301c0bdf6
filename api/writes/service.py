"""The command to write a value: kept first, then sent, then kept with what came of it."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

from api.access.caller import Caller
from api.idempotency import Answer, once
from api.services import Services
from api.writes.exchange import carry_out, refused
from api.writes.queries import get_write
from api.writes.store import insert_command, insert_outcome
from api.writes.write import NewWrite, Write
from config.clock import from_us, to_us
from config.database import Connection
from config.diagnostics import logger
from config.errors import DatabaseUnavailable
from edge.write_command import WriteAnswer, WriteCommand
from ingest.point import Point

_CREATED = 201

log = logger(__name__)


async def write_value(
    services: Services, point: Point, new: NewWrite, *, caller: Caller, key: str | None
) -> Write:
    """The command with its outcome. A repeated `key` gives the first command, and sends nothing.

    Raises what `api.idempotency.once` raises. Each step is a transaction of its own, so that what
    was sent is known whatever happens next.
    """
    command = uuid4()
    async with services.database.connection() as connection:
        write = await _ask(connection, services, (point, new, command, caller), key)
    if write.command != command:
        return write
    answer = await _send(services, point, write)
    try:
        async with services.database.connection() as connection:
            await insert_outcome(connection, write.id, answer)
            return await get_write(connection, write.id)
    except DatabaseUnavailable:
        log.exception("outcome of a write not kept", id=write.id, outcome=str(answer.outcome))
        return _with_outcome(write, answer)


async def _ask(
    connection: Connection,
    services: Services,
    asked: tuple[Point, NewWrite, UUID, Caller],
    key: str | None,
) -> Write:
    """Keep the command; with a key that was used before, the command that it stood for."""
    point, new, command, caller = asked
    now = from_us(services.clock())
    lives = now, now + timedelta(seconds=new.valid_for_s)

    async def insert() -> Answer:
        write_id = await insert_command(
            connection, point, new, command=command, actor=caller.name, lives=lives
        )
        return Answer(_CREATED, {"id": write_id})

    request = f"{point.tag}\x1f{new}".encode()
    answer = await once(connection, caller.identity, key, request, insert)
    return await get_write(connection, answer.body["id"])


async def _send(services: Services, point: Point, write: Write) -> WriteAnswer:
    if (problem := _outside(point, write.value)) is not None:
        return refused(problem)
    edges = [
        state.status.name
        for state in services.board.roles()
        if state.status.role == "edge" and state.alive
    ]
    command = WriteCommand(
        id=str(write.command),
        tag=write.tag,
        value=write.value,
        actor=write.actor,
        reason=write.reason,
        asked_us=to_us(write.asked_at),
        expires_us=to_us(write.expires_at),
    )
    return await carry_out(services.log, edges, command)


def _outside(point: Point, value: float) -> str | None:
    """Why the point cannot have the value, by the register of points."""
    if point.low is not None and value < point.low:
        return f"{value:g} is below {point.low:g}, the least that {point.tag} can be"
    if point.high is not None and value > point.high:
        return f"{value:g} is above {point.high:g}, the most that {point.tag} can be"
    return None


def _with_outcome(write: Write, answer: WriteAnswer) -> Write:
    return replace(
        write,
        outcome=str(answer.outcome),
        message=answer.message,
        edge=answer.edge,
        source=answer.source,
        registers=answer.registers,
        read_back=answer.read_back,
    )
