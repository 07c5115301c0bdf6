"""How every role says that it lives: a small message each second, not kept by the log.

Subject `oilcan.status.<role>.<name>`, JSON. The API collects them for health, metrics and pages.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from nats.aio.client import Client
from nats.errors import Error as NatsError

from config.diagnostics import logger

SUBJECT = "oilcan.status"
EVERY_S = 1.0
STALE_AFTER_S = 5.0

log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Part:
    """State of one part of a role, such as a source of an edge, and of the devices behind it."""

    state: str
    message: str = ""
    metrics: dict[str, float] = field(default_factory=dict)
    devices: dict[str, "Part"] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Status:
    """State of one process: `metrics` have Prometheus names without prefix, in base units."""

    role: str
    name: str
    ts: int
    healthy: bool
    message: str = ""
    metrics: dict[str, float] = field(default_factory=dict)
    parts: dict[str, Part] = field(default_factory=dict)


async def send_status(client: Client, status: Status) -> None:
    """Tell whoever listens; a lost message is made good by the next one."""
    data = json.dumps(asdict(status)).encode()
    try:
        await client.publish(f"{SUBJECT}.{status.role}.{status.name}", data)
    except (NatsError, OSError) as error:
        log.debug("status not sent", error=repr(error))


async def watch_status(client: Client, seen: Callable[[Status], None]) -> None:
    """Call `seen` with every status from now on."""

    async def receive(message: object) -> None:
        seen(parse_status(getattr(message, "data", b"")))

    await client.subscribe(f"{SUBJECT}.>", cb=receive)


def parse_status(data: bytes) -> Status:
    """The status in a message."""
    fields = json.loads(data)
    parts = {name: _part(part) for name, part in fields.pop("parts").items()}
    return Status(**fields, parts=parts)


def _part(fields: dict[str, Any]) -> Part:
    devices = {name: _part(device) for name, device in fields.pop("devices", {}).items()}
    return Part(**fields, devices=devices)
