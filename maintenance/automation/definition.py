"""Automations as JSON: how the database keeps them, in the words of the files. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from maintenance.automation.rule import (
    Action,
    Approve,
    Assign,
    Automation,
    Check,
    Checks,
    CloseVerified,
    Comment,
    FollowUp,
    Notify,
    RequestParts,
    Role,
)
from maintenance.orders.work_order import OrderType

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AutomationDefinition:
    """An automation as it is wanted; `definition` in the words of the files."""

    code: str
    definition: Json


def automation_from_json(code: str, definition: Json) -> Automation:
    """The automation that a definition describes."""
    return Automation(
        code,
        definition["when"],
        tuple(action_from_json(each) for each in definition["then"]),
        checks_from_json(definition.get("if", {})),
        checks_from_json(definition.get("unless", {})),
    )


def checks_from_json(checks: Json) -> Checks:
    """Fact -> what it has to be: a value, a list of them, or bounds."""
    return {name: _check(wanted) for name, wanted in checks.items()}


def _check(wanted: Any) -> Check:
    if isinstance(wanted, Mapping):
        return Check(at_least=wanted.get("at_least"), at_most=wanted.get("at_most"))
    return Check(tuple(wanted) if isinstance(wanted, list | tuple) else (wanted,))


def action_from_json(action: Json) -> Action:
    """The action of `{name: particulars}`."""
    ((name, given),) = action.items()
    return _ACTIONS[name](given)


_ACTIONS: Mapping[str, Callable[[Json], Action]] = MappingProxyType(
    {
        "notify": lambda given: Notify(
            tuple(given["channels"]),
            given.get("title"),
            given.get("text"),
            tuple(Role(role) for role in given.get("to", (Role.ASSIGNEE,))),
        ),
        "approve": lambda _: Approve(),
        "assign": lambda given: Assign(given["to"]),
        "comment": lambda given: Comment(given["text"]),
        "follow_up": lambda given: FollowUp(
            given["title"], OrderType(given.get("type", "inspection")), given.get("job_plan")
        ),
        "close": lambda given: CloseVerified(given["clear_for_us"]),
        "request_parts": lambda given: RequestParts(
            {code: Decimal(str(quantity)) for code, quantity in given.get("parts", {}).items()}
        ),
    }
)

ACTION_NAMES: Mapping[type[Action], str] = MappingProxyType(
    {
        Notify: "notify",
        Approve: "approve",
        Assign: "assign",
        Comment: "comment",
        FollowUp: "follow_up",
        CloseVerified: "close",
        RequestParts: "request_parts",
    }
)
"""What files and the API call each action."""
