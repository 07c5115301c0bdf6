"""The life of a rule's versions: draft -> shadow -> active -> retired. Pure.

    draft -> shadow -> active
      |        |         |
      +--------+---------+--> retired

A version is immutable, so nothing comes back from retirement: a former version is taken up again as
a new one of the same meaning. A rule has one active version and one in shadow at most; the next one
retires the one before.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from conditions.errors import RuleTransitionRefused
from conditions.rule import Rule


class RuleState(StrEnum):
    """Where a version is in its life."""

    DRAFT = "draft"
    """Kept, evaluated by nobody."""
    SHADOW = "shadow"
    """Evaluated and recorded; it alarms nobody and raises no work."""
    ACTIVE = "active"
    RETIRED = "retired"


class RuleAction(StrEnum):
    """What moves a version on."""

    SHADOW = "shadow"
    ACTIVATE = "activate"
    RETIRE = "retire"


@dataclass(frozen=True, slots=True)
class Moved:
    """Who moves versions on, and why."""

    actor: str
    reason: str = ""


TARGET: Mapping[RuleAction, RuleState] = MappingProxyType(
    {
        RuleAction.SHADOW: RuleState.SHADOW,
        RuleAction.ACTIVATE: RuleState.ACTIVE,
        RuleAction.RETIRE: RuleState.RETIRED,
    }
)
"""Where an action leads to."""

_ALLOWED: Mapping[RuleState, tuple[RuleAction, ...]] = MappingProxyType(
    {
        RuleState.DRAFT: (RuleAction.SHADOW, RuleAction.RETIRE),
        RuleState.SHADOW: (RuleAction.ACTIVATE, RuleAction.RETIRE),
        RuleState.ACTIVE: (RuleAction.RETIRE,),
        RuleState.RETIRED: (RuleAction.SHADOW, RuleAction.ACTIVATE),
    }
)

EVALUATED = (RuleState.ACTIVE, RuleState.SHADOW)
"""States whose versions the engine evaluates."""


def allowed_actions(state: RuleState) -> tuple[RuleAction, ...]:
    """The actions that a version in this state may take next."""
    return _ALLOWED[state]


def check_action(name: str, state: RuleState, action: RuleAction) -> None:
    """Raise `RuleTransitionRefused` unless a version in this state may take the action."""
    allowed = allowed_actions(state)
    if action not in allowed:
        raise RuleTransitionRefused(name, action=action, state=state, allowed=allowed)


def wanted_state(rule: Rule) -> RuleState:
    """The state that a rule's file asks for; active where it does not say."""
    return RuleState(rule.definition["rules"][0].get("state", RuleState.ACTIVE))
