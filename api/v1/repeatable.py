"""Commands that may be sent again with the same Idempotency-Key."""

from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

from fastapi import Header
from pydantic import BaseModel

from api.access.caller import Caller
from api.idempotency import Answer, once
from config.database import Connection

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        max_length=200,
        description="Sending the same request again with the same key gives the same answer.",
    ),
]

BodyT = TypeVar("BodyT", bound=BaseModel)


async def repeatable(
    connection: Connection,
    caller: Caller,
    key: str | None,
    sent: tuple[str, BaseModel],
    command: Callable[[], Awaitable[BodyT]],
) -> BodyT:
    """What the command answers, or answered to this key before; `sent` is the address and the body.

    Raises `IdempotencyKeyInFlight`, `IdempotencyKeyReused`.
    """
    if key is None:
        return await command()
    made: list[BodyT] = []

    async def answer() -> Answer:
        made.append(await command())
        return Answer(200, made[0].model_dump(mode="json"))

    address, body = sent
    request = f"{address}\n{body.model_dump_json()}".encode()
    kept = await once(connection, caller.identity, key, request, answer)
    return made[0] if made else _again(command, kept)


def _again(command: Callable[[], Awaitable[BodyT]], kept: Answer) -> BodyT:
    shape = command.__annotations__["return"]
    validated: BodyT = shape.model_validate(kept.body)
    return validated
