"""Many records into the log at once: all of them, in order, or none (JetStream's atomic batch).

One round trip for all, where the way to the log is long. It needs a server of 2.12 or newer: an
older one takes the parts of a batch for records of their own, and says nothing of a batch when it
confirms. So what a server can is found out with a batch of one.
"""

import json
import secrets
from collections.abc import Sequence

from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js.errors import APIError

from config.errors import LogFull, LogUnavailable
from config.log import Record, headers_of, refused, subject_of

_ID, _PLACE, _COMMIT = "Nats-Batch-Id", "Nats-Batch-Sequence", "Nats-Batch-Commit"


class BatchRefused(LogUnavailable):
    """The log does not take these together, as where it has one of them: try them one by one."""


async def publish_together(client: Client, records: Sequence[Record], *, timeout_s: float) -> bool:
    """Append all records, or none; returns once they are on disk.

    False where the server does not know batches: it has stored a batch of one as ever, and must not
    be given a larger one. Raises `BatchRefused`, `LogFull` or `LogUnavailable`: then it is not known
    what is stored.
    """
    identity = secrets.token_hex(16)
    *parts, last = records
    try:
        for place, record in enumerate(parts, start=1):
            await client.publish(
                _subject(record), record.data, headers=_headers(record, identity, place)
            )
        headers = {**_headers(last, identity, len(records)), _COMMIT: "1"}
        answer = await client.request(_subject(last), last.data, timeout=timeout_s, headers=headers)
    except (NatsError, TimeoutError, OSError) as error:
        raise LogUnavailable.unconfirmed(error) from error
    return _confirmed(json.loads(answer.data))


def _confirmed(answer: dict[str, object]) -> bool:
    told = answer.get("error")
    if not isinstance(told, dict):
        return "batch" in answer
    error = APIError(**told)
    if isinstance(why := refused(error), LogFull):
        raise why from error
    raise BatchRefused(f"the log refused a batch: {error.description}") from error


def _headers(record: Record, identity: str, place: int) -> dict[str, str]:
    own = headers_of(record.kind, record.partition, record.batch)
    return {**own, _ID: identity, _PLACE: str(place)}


def _subject(record: Record) -> str:
    return subject_of(record.kind, record.partition, record.batch)
