"""Variants of a rule that are evaluated beside it: a version in shadow, a value of a sweep.

A variant is a rule of its own for the engine, with a name that no file can give: its state, its
events and their keys are apart from the rule's.
"""

from collections.abc import Mapping
from dataclasses import replace

from conditions.rule import Rule

_MARK = "@"


def variant(rule: Rule, label: str, parameters: Mapping[str, float] | None = None) -> Rule:
    """The rule under the name `rule@label`, some of its parameters set to other values."""
    given = {name: value for name, value in (parameters or {}).items() if name in rule.parameters}
    return replace(rule, id=f"{rule.id}{_MARK}{label}", parameters={**rule.parameters, **given})


def rule_of(name: str) -> str:
    """The name of the rule that a name, of a variant or not, belongs to."""
    return name.partition(_MARK)[0]


def label_of(name: str) -> str:
    """The label of a variant's name; empty for a rule itself."""
    return name.partition(_MARK)[2]
