"""Commands on rules and their parameters; each runs in the caller's transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from conditions import rule_store
from conditions.errors import AssetUnknown, RuleNotFound
from conditions.rule import Rule
from conditions.rule_life import TARGET, Moved, RuleAction, RuleState, check_action, wanted_state
from conditions.rule_store import HeldVersion
from config.database import Connection

FILES = "plant files"
"""Who made the versions that `oilcan apply` brings."""


@dataclass(frozen=True, slots=True)
class RuleDiff:
    """What an application of rules did, by rule name."""

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    retired: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ParameterDiff:
    """What an application of parameter overrides did, by `ASSET.name`."""

    added: list[str]
    changed: list[str]
    removed: list[str]
    unchanged: list[str]


async def apply_rules(connection: Connection, rules: Sequence[Rule]) -> RuleDiff:
    """Bring the rules in line with what files say, each in the state that its file asks for.

    A rule that means something else becomes a new version, and a version that waited in an earlier
    state is moved on where it means the same. Active rules that no file has are retired, and so are
    trials that came from files; what people put into shadow by hand stays. A rule whose file asks
    for shadow or draft leaves the active version of another meaning at work.
    """
    live: dict[str, list[HeldVersion]] = {}
    for held in await rule_store.hold_live_versions(connection):
        live.setdefault(held.rule, []).append(held)
    application = _Application(connection, RuleDiff())
    wanted = {rule.name: rule for rule in rules}
    for name in sorted(live.keys() - wanted.keys()):
        await application.retire_gone(live[name])
    for name in sorted(wanted):
        await application.apply(wanted[name], live.get(name, []))
    diff = application.diff
    if diff.added or diff.changed or diff.retired:
        await rule_store.notify_rules(connection)
    return diff


@dataclass(frozen=True, slots=True)
class _Application:
    """One application of files, and what it did so far."""

    connection: Connection
    diff: RuleDiff

    async def retire_gone(self, live: Sequence[HeldVersion]) -> None:
        """Retire what is left of a rule that no file has any more."""
        gone = [v for v in live if v.state is RuleState.ACTIVE or v.created_by == FILES]
        for held in gone:
            await self._set(held, RuleState.RETIRED)
        if gone:
            self.diff.retired.append(gone[0].rule)

    async def apply(self, rule: Rule, live: Sequence[HeldVersion]) -> None:
        """Have one version of the rule's meaning in the state that its file asks for."""
        wanted = wanted_state(rule)
        same = [held for held in live if held.hash == rule.hash]
        there = next((held for held in same if held.state is wanted), None)
        waiting = next((held for held in same if _may_wait(held.state, wanted)), None)
        replaced = [v for v in live if v not in (there, waiting) and _replaces(v, rule)]
        for held in replaced:
            await self._set(held, RuleState.RETIRED)
        if there:
            await rule_store.move_rules(self.connection, [(there, rule)])
            (self.diff.changed if replaced else self.diff.unchanged).append(rule.name)
            return
        if waiting:
            await self._set(waiting, wanted)
            await rule_store.move_rules(self.connection, [(waiting, rule)])
        else:
            await rule_store.insert_rule(self.connection, rule, wanted, Moved(FILES))
        known = waiting or any(held.state is wanted for held in replaced)
        (self.diff.changed if known else self.diff.added).append(rule.name)

    async def _set(self, held: HeldVersion, state: RuleState) -> None:
        await rule_store.set_state(self.connection, held, state, Moved(FILES))


def _may_wait(state: RuleState, wanted: RuleState) -> bool:
    """May a version of this state be moved on to the one that is wanted?"""
    order = (RuleState.DRAFT, RuleState.SHADOW, RuleState.ACTIVE)
    return order.index(state) < order.index(wanted)


def _replaces(held: HeldVersion, rule: Rule) -> bool:
    """Does the file's version take the place of this one?

    Of the one in the same state; of the active one if it asks for less of the same meaning; and of
    what files tried before.
    """
    if held.state is wanted_state(rule):
        return True
    if held.state is RuleState.ACTIVE:
        return held.hash == rule.hash
    return held.created_by == FILES


async def draft_rule(connection: Connection, rule: Rule, *, actor: str, reason: str = "") -> int:
    """Keep a new version as a draft, evaluated by nobody; returns its number."""
    await rule_store.hold_versions(connection, rule.name)
    moved = Moved(actor, reason)
    return await rule_store.insert_rule(connection, rule, RuleState.DRAFT, moved)


async def move_rule(
    connection: Connection, rule: str, version: int, action: RuleAction, *, moved: Moved
) -> int:
    """Take an action on a version; returns the number of the version that is in the new state.

    That is another one where a retired version is taken up again. The version that was in that
    state before is retired. Raises `RuleNotFound`, `RuleTransitionRefused`.
    """
    versions = await rule_store.hold_versions(connection, rule)
    held = next((one for one in versions if one.version == version), None)
    if held is None:
        raise RuleNotFound(f"there is no version {version} of a rule {rule}")
    check_action(f"{rule} version {version}", held.state, action)
    target = TARGET[action]
    if target is not RuleState.RETIRED:
        for before in versions:
            if before.state is target:
                await rule_store.set_state(connection, before, RuleState.RETIRED, moved)
    if held.state is RuleState.RETIRED:
        version = await rule_store.copy_rule(connection, held, target, moved)
    else:
        await rule_store.set_state(connection, held, target, moved)
    await rule_store.notify_rules(connection)
    return version


async def apply_parameters(
    connection: Connection, overrides: Mapping[tuple[str, str], tuple[float, str]]
) -> ParameterDiff:
    """Make `overrides` ((asset, name) -> (value, where it was said)) the only ones.

    Raises `AssetUnknown`.
    """
    known = await rule_store.parameters(connection)
    shared = overrides.keys() & known.keys()
    changed = [key for key in shared if overrides[key][0] != known[key][0]]
    moved = [key for key in shared if overrides[key] != known[key]]
    added = list(overrides.keys() - known.keys())
    removed = list(known.keys() - overrides.keys())
    await rule_store.delete_parameters(connection, removed)
    stored = await rule_store.upsert_parameters(
        connection, {key: overrides[key] for key in [*added, *moved]}
    )
    if missing := {asset for asset, _ in [*added, *moved]} - stored:
        raise AssetUnknown(f"no such asset: {', '.join(sorted(missing))}")
    if added or changed or removed:
        await rule_store.notify_rules(connection)
    return ParameterDiff(
        added=_named(added),
        changed=_named(changed),
        removed=_named(removed),
        unchanged=_named(shared - set(changed)),
    )


def _named(keys: Sequence[tuple[str, str]] | set[tuple[str, str]]) -> list[str]:
    return sorted(f"{asset}.{name}" for asset, name in keys)
