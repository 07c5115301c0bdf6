"""The pages of rules: all of them, and one with its versions, what it found and what it tries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import yaml
from fastapi import APIRouter, Path, Request, Response

from api.access.roles import Permission
from api.guard import Reader
from api.pages.places import load_places
from api.pages.render import render
from api.services import ConnectionOf
from conditions.event_queries import EventFilter, find_events
from conditions.rule_life import RuleState
from conditions.rule_queries import (
    EventCount,
    Override,
    RuleVersion,
    VersionFilter,
    event_counts,
    find_rules,
    find_versions,
    overrides_of,
    rule_versions,
    shadow_events,
    version_changes,
)
from config.database import Connection
from config.unit_sign import unit_sign

router = APIRouter(include_in_schema=False)

_MOST = 500
_SHOWN = 20
_NONE = EventCount(0, 0)
_IN_ORDER = ("asset_class", "inputs", "params", "rules")


@dataclass(frozen=True, slots=True)
class RuleRow:
    """A rule in the list: its version at work or last, the one on trial, and what both found."""

    current: RuleVersion
    shadow: RuleVersion | None
    found: EventCount
    shadow_found: EventCount


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A version of a rule, and what it found."""

    version: RuleVersion
    found: EventCount


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter with its default, where that was said, and the assets that have their own."""

    name: str
    value: str
    source: str
    overrides: Sequence[Override]


@router.get("/rules")
async def get_rules_page(request: Request, connection: ConnectionOf, caller: Reader) -> Response:
    """Every rule with its states and counts."""
    return render(
        request,
        "rules.html",
        caller=caller,
        places=await load_places(connection),
        rules=await _rows(connection),
    )


@router.get("/rules/{asset_class}/{rule_id}")
async def get_rule_page(
    request: Request,
    connection: ConnectionOf,
    caller: Reader,
    asset_class: Annotated[str, Path(max_length=200)],
    rule_id: Annotated[str, Path(max_length=200)],
) -> Response:
    """A rule as it is written, its parameters, its versions and their events."""
    name = f"{asset_class}/{rule_id}"
    versions = await rule_versions(connection, name)
    counts = await event_counts(connection, [version.id for version in versions])
    current = min(versions, key=lambda one: (_RANK[one.state], -one.version))
    shadow = next((one for one in versions if one.state is RuleState.SHADOW), None)
    return render(
        request,
        "rule.html",
        caller=caller,
        places=await load_places(connection),
        name=name,
        current=current,
        shadow=shadow,
        text=as_written(current.definition),
        shadow_text=as_written(shadow.definition) if shadow and shadow is not current else None,
        parameters=parameters_of(current, await overrides_of(connection, asset_class)),
        versions=[VersionRow(one, counts.get(one.id, _NONE)) for one in versions],
        changes=await version_changes(connection, name),
        events=await find_events(connection, EventFilter(rule=name), limit=_SHOWN),
        shadow_events=await shadow_events(connection, name, limit=_SHOWN),
        may_tune=caller.may(Permission.TUNE),
    )


_RANK = {
    RuleState.ACTIVE: 0,
    RuleState.SHADOW: 1,
    RuleState.DRAFT: 2,
    RuleState.RETIRED: 3,
}


async def _rows(connection: Connection) -> list[RuleRow]:
    rules = await find_rules(connection, every=True, limit=_MOST)
    tried = await find_versions(connection, VersionFilter(state=RuleState.SHADOW), limit=_MOST)
    shadows = {version.rule: version for version in tried}
    ids = [version.id for version in (*rules, *tried)]
    counts = await event_counts(connection, ids)
    return [
        RuleRow(
            current=rule,
            shadow=(shadow := shadows.get(rule.rule)),
            found=counts.get(rule.id, _NONE),
            shadow_found=counts.get(shadow.id, _NONE) if shadow else _NONE,
        )
        for rule in rules
    ]


def as_written(said: Mapping[str, Any]) -> str:
    """A definition as a rule file would have it, in the order in which people write one."""
    ordered = {key: said[key] for key in (*_IN_ORDER, *said) if key in said}
    if params := said.get("params"):
        ordered["params"] = {name: _plain(value) for name, value in params.items()}
    return yaml.safe_dump(ordered, sort_keys=False, allow_unicode=True, width=88)


def _plain(value: Any) -> Any:
    """A parameter that says nothing but its value is that number, as in most files."""
    return value["value"] if isinstance(value, dict) and set(value) == {"value"} else value


def _with_unit(value: Any) -> str:
    if not isinstance(value, dict):
        return str(value)
    return (
        f"{value['value']} {unit_sign(value['unit'])}" if value.get("unit") else f"{value['value']}"
    )


def parameters_of(version: RuleVersion, overrides: Sequence[Override]) -> list[Parameter]:
    """The parameters of a version, each with where its values were said."""
    return [
        Parameter(
            name=name,
            value=_with_unit(value),
            source=version.file,
            overrides=[one for one in overrides if one.name == name],
        )
        for name, value in (version.definition.get("params") or {}).items()
    ]
