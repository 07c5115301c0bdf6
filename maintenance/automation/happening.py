"""Something that happened, as the outbox tells it, with what a rule may ask about it. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any

Fact = str | int | float | bool | None

ORDER_FACTS = (
    "number", "asset", "asset_name", "asset_class", "criticality", "site", "location", "type",
    "origin", "title", "priority", "severity", "state", "failure_mode", "job_plan", "assignee",
    "team", "craft", "hold_reason", "created_by", "reopened",
)  # fmt: skip
"""What is known of the order that something happened to."""

MOVE_FACTS = ("action", "from_state", "to_state", "actor", "reason")
"""What is known of the move itself."""


@dataclass(frozen=True, slots=True)
class Happening:
    """One row of the outbox. `facts` are its plain values and those of the order that it is about.

    `order_id` and `number` are None where it is about no order.
    """

    id: int
    topic: str
    at: datetime
    facts: Mapping[str, Fact]
    payload: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    order_id: int | None = None
    number: str | None = None

    @property
    def priority(self) -> int | None:
        """Of the order, 1 the most urgent."""
        value = self.facts.get("priority")
        return value if isinstance(value, int) else None


def topic_matches(pattern: str, topic: str) -> bool:
    """Is `topic` one that `pattern` stands for? `*` is any part of a name between dots."""
    parts = [re.escape(part).replace(r"\*", "[^.]*") for part in pattern.split(".")]
    return re.fullmatch(r"\.".join(parts), topic) is not None


def plain_facts(payload: Mapping[str, Any]) -> dict[str, Fact]:
    """The plain values of a payload; lists and objects say nothing to a rule."""
    return {
        name: value
        for name, value in payload.items()
        if value is None or isinstance(value, str | int | float | bool)
    }
