"""What the log holds on disk, and giving back what its only reader has passed."""

import json
from dataclasses import dataclass, field
from datetime import datetime

from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js.api import StreamInfo

from config.clock import to_us
from config.errors import LogUnavailable
from config.log import STREAM, Position

_ANSWER_S = 5.0


@dataclass(frozen=True, slots=True)
class Usage:
    """How much the log holds: bytes of its bound, records, and the time of the oldest in µs.

    `oldest_us` is 0 where it holds none; `last` is its last record, also of an empty log.
    """

    bytes: int = 0
    max_bytes: int = 0
    records: int = 0
    oldest_us: int = 0
    last: Position = field(default_factory=Position)


async def usage(client: Client) -> Usage:
    """What the log holds at present. Raises `LogUnavailable`."""
    try:
        # Asked for by hand, for the client's own answer leaves the oldest record's time out.
        answer = await client.request(f"$JS.API.STREAM.INFO.{STREAM}", b"", timeout=_ANSWER_S)
    except (NatsError, TimeoutError) as error:
        raise LogUnavailable(f"the log's stream does not answer: {error!r}") from error
    told = json.loads(answer.data)
    if "error" in told:
        raise LogUnavailable(f"the log's stream is missing: {told['error']}")
    # Its identity has the form that the client gives it; a copy, for reading it changes the answer.
    made = StreamInfo.from_response(json.loads(answer.data)).created
    state = told["state"]
    return Usage(
        bytes=state["bytes"],
        max_bytes=told["config"]["max_bytes"],
        records=state["messages"],
        oldest_us=to_us(datetime.fromisoformat(state["first_ts"])) if state["messages"] else 0,
        last=Position(made.isoformat() if made else "", state["last_seq"]),
    )


async def release(client: Client, passed: Position) -> None:
    """Remove what lies at or below a position, for a log with one reader. Raises `LogUnavailable`."""
    try:
        # `seq` is the first that stays.
        await client.jsm().purge_stream(STREAM, seq=passed.sequence + 1)
    except (NatsError, TimeoutError) as error:
        raise LogUnavailable(f"the log cannot be trimmed: {error!r}") from error
