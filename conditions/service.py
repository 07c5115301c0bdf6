"""Commands on rules, their parameters and events; each runs in the caller's transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from conditions import store
from conditions.errors import AssetUnknown, EventNotFound
from conditions.rule import Rule
from config.database import Connection


@dataclass(frozen=True, slots=True)
class RuleDiff:
    """What an application of rules did, by rule name."""

    added: list[str]
    changed: list[str]
    retired: list[str]
    unchanged: list[str]


@dataclass(frozen=True, slots=True)
class ParameterDiff:
    """What an application of parameter overrides did, by `ASSET.name`."""

    added: list[str]
    changed: list[str]
    removed: list[str]
    unchanged: list[str]


async def apply_rules(connection: Connection, rules: Sequence[Rule]) -> RuleDiff:
    """Make `rules` the active ones: a rule that means something else becomes a new version.

    A rule that is not among them is retired; its versions stay.
    """
    active = await store.active_hashes(connection)
    wanted = {rule.name: rule for rule in rules}
    diff = RuleDiff(
        added=sorted(wanted.keys() - active.keys()),
        changed=sorted(n for n in wanted.keys() & active.keys() if wanted[n].hash != active[n]),
        retired=sorted(active.keys() - wanted.keys()),
        unchanged=sorted(n for n in wanted.keys() & active.keys() if wanted[n].hash == active[n]),
    )
    await store.retire_rules(connection, [*diff.retired, *diff.changed])
    await store.insert_rules(connection, [wanted[name] for name in [*diff.added, *diff.changed]])
    await store.move_rules(connection, [wanted[name] for name in diff.unchanged])
    if diff.added or diff.changed or diff.retired:
        await store.notify_rules(connection)
    return diff


async def apply_parameters(
    connection: Connection, overrides: Mapping[tuple[str, str], tuple[float, str]]
) -> ParameterDiff:
    """Make `overrides` ((asset, name) -> (value, where it was said)) the only ones.

    Raises `AssetUnknown`.
    """
    known = await store.parameters(connection)
    shared = overrides.keys() & known.keys()
    changed = [key for key in shared if overrides[key] != known[key]]
    added = list(overrides.keys() - known.keys())
    removed = list(known.keys() - overrides.keys())
    await store.delete_parameters(connection, removed)
    stored = await store.upsert_parameters(
        connection, {key: overrides[key] for key in [*added, *changed]}
    )
    if missing := {asset for asset, _ in [*added, *changed]} - stored:
        raise AssetUnknown(f"no such asset: {', '.join(sorted(missing))}")
    if added or changed or removed:
        await store.notify_rules(connection)
    return ParameterDiff(
        added=_named(added),
        changed=_named(changed),
        removed=_named(removed),
        unchanged=_named(shared - set(changed)),
    )


async def acknowledge(connection: Connection, event_id: int, by: str) -> None:
    """Note that a person has seen an event; the first one stays. Raises `EventNotFound`."""
    if not await store.acknowledge(connection, event_id, by):
        raise EventNotFound(f"there is no condition event {event_id}")


def _named(keys: Sequence[tuple[str, str]] | set[tuple[str, str]]) -> list[str]:
    return sorted(f"{asset}.{name}" for asset, name in keys)
