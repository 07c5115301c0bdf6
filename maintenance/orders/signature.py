"""Signatures: who vouches for what. What was signed is kept as it was, whatever changes later. Pure."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from maintenance.orders.failure_report import FailureReport
from maintenance.orders.labour import LabourEntry
from maintenance.orders.work_order import WorkOrder


class Meaning(StrEnum):
    """What a signature says."""

    PERFORMED = "performed"
    """I carried the work out."""
    REVIEWED = "reviewed"
    """I looked at what was done."""
    APPROVED = "approved"
    """I let it be done."""
    ACCEPTED = "accepted"
    """I take the asset back."""


@dataclass(frozen=True, slots=True)
class Signature:
    """Who signed an order, at which of its versions; `hash` is the SHA-256 of `content`.

    `content` is JSON with sorted keys, so that anybody can compute the hash again.
    """

    id: int
    version: int
    meaning: Meaning
    signer: str
    content: str
    hash: str
    at: datetime

    def holds(self) -> bool:
        """Whether the content is what was signed."""
        return hash_of(self.content) == self.hash


def content_of(order: WorkOrder, *, report: FailureReport | None, labour: list[LabourEntry]) -> str:
    """What a signature vouches for: what was to be done, what was found and done, and by whom."""
    found = report.found if report else None
    minutes: dict[str, int] = {}
    for entry in labour:
        minutes[entry.person] = minutes.get(entry.person, 0) + (entry.minutes or 0)
    content = {
        "number": order.number,
        "asset": order.asset,
        "type": order.type.value,
        "title": order.title,
        "description": order.description,
        "resolution": order.resolution,
        "state": order.state.value,
        "started_at": _told(order.started_at),
        "finished_at": _told(order.finished_at),
        "failed_at": _told(order.failed_at),
        "restored_at": _told(order.restored_at),
        "failure": {kind.value: code for kind, code in found.codes().items()} if found else None,
        "remark": found.remark if found else None,
        "minutes": minutes,
    }
    return canonical(content)


def canonical(content: Mapping[str, Any]) -> str:
    """JSON that is the same for the same content."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def hash_of(content: str) -> str:
    """SHA-256 as hexadecimal digits."""
    return hashlib.sha256(content.encode()).hexdigest()


def _told(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment is not None else None
