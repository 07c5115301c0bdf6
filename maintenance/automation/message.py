"""The words of messages. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from maintenance.automation.happening import Fact, Happening
from maintenance.automation.rule import Notify

_FIELD = re.compile(r"\{([a-z_]+)\}")
_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Message:
    """A title of one line, and a text."""

    title: str
    text: str


def message(action: Notify, happening: Happening, *, address: str = "") -> Message:
    """What a message says; `address` is where the pages are, empty: no link."""
    title = fill(action.title, happening.facts) if action.title else _title(happening)
    text = fill(action.text, happening.facts) if action.text else _text(happening)
    link = f"{address}/work-orders/{happening.number}" if address and happening.number else ""
    return Message(" ".join(title.split()), "\n".join(part for part in (text, link) if part))


def digest(messages: Sequence[Message]) -> Message:
    """One message in place of many; each keeps its title."""
    shown = [f"- {each.title}" for each in messages[:_SHOWN]]
    left = len(messages) - len(shown)
    more = [f"and {left} more"] if left else []
    return Message(f"Oilcan: {len(messages)} messages", "\n".join([*shown, *more]))


def fill(template: str, facts: Mapping[str, Fact]) -> str:
    """The template with `{fact}` replaced; what is not known stays as it is written."""

    def value(found: re.Match[str]) -> str:
        fact = facts.get(found[1], found[0])
        return "nobody" if fact is None else str(fact)

    return _FIELD.sub(value, template)


def _title(happening: Happening) -> str:
    facts = happening.facts
    if happening.number is None:
        return happening.topic.replace(".", ": ").replace("_", " ")
    did = happening.topic.rpartition(".")[2].replace("_", " ")
    return f"{happening.number} ({did}): {facts.get('title', '')}"


def _text(happening: Happening) -> str:
    facts = happening.facts
    if happening.number is None:
        lines = [f"{name.replace('_', ' ')}: {value}" for name, value in facts.items()]
        return "\n".join(lines)
    lines = [
        f"Asset {facts.get('asset')} ({facts.get('asset_name')}), site {facts.get('site')}",
        f"Priority {facts.get('priority')}, {facts.get('type')}, {facts.get('state')}",
        f"Assigned to {facts.get('assignee') or 'nobody'}",
    ]
    reason = facts.get("reason")
    return "\n".join([*lines, str(reason)] if reason else lines)
