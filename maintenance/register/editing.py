"""What people and programs do to one asset: one function, one transaction.

Every change holds the asset's row, checks the version that the caller read, writes the asset, its
history and its audit trail together, and tells those who keep the register in memory.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from config.database import Connection
from config.difference import FieldChange, field_changes
from maintenance.errors import (
    AssetRetired,
    KeptInFiles,
    NotFound,
    RegisterConflict,
    StaleVersion,
)
from maintenance.register import asset_store, history_store, queries, store
from maintenance.register.asset import Asset, AssetDefinition, By, KeptIn, OperatingState
from maintenance.register.definition_check import Known, definition_problems
from maintenance.register.history_store import Made
from maintenance.register.warranty_terms import WarrantyTerms


@dataclass(frozen=True, slots=True)
class Held:
    """An asset whose row is held: as it is, and what is to become of it if nothing is said."""

    id: int
    version: int
    retired: bool
    definition: AssetDefinition


async def create_asset(connection: Connection, wanted: AssetDefinition, *, by: By) -> Asset:
    """Make an asset that the database keeps. Raises `RegisterConflict`."""
    async with connection.transaction():
        await asset_store.lock_tree(connection)
        present = await asset_store.stored_assets(connection, [wanted.tag])
        if wanted.tag in present:
            retired = present[wanted.tag].retired
            say = "is retired: revive it" if retired else "is in the register already"
            raise RegisterConflict("tag", f"{wanted.tag} {say}")
        asset = replace(wanted, kept_in=KeptIn.DATABASE)
        await _refuse_unfit(connection, asset)
        return await _write(connection, asset, Made(asset.tag, "added"), by)


async def change_asset(
    connection: Connection,
    tag: str,
    changes: Mapping[str, Any],
    *,
    expected_version: int | None,
    by: By,
) -> Asset:
    """Give fields of an asset's definition other values; placement is one of them: a move.

    Raises `NotFound`, `StaleVersion`, `KeptInFiles`, `AssetRetired`, `RegisterConflict`.
    """
    async with connection.transaction():
        await asset_store.lock_tree(connection)
        held = await _hold(connection, tag, expected_version)
        _refuse_kept_in_files(held)
        if held.retired:
            raise AssetRetired(tag)
        wanted = replace(held.definition, **changes)
        fields = tuple(field_changes("", held.definition, wanted))
        if not fields:
            return await _present(connection, tag)
        await _refuse_unfit(connection, wanted)
        return await _write(connection, wanted, Made(tag, _action(fields), fields), by)


async def set_operating_state(
    connection: Connection,
    tag: str,
    state: OperatingState,
    *,
    expected_version: int | None = None,
    by: By,
) -> Asset:
    """Say what state an asset is in (EN 13306); wherever it is kept, its state is the plant's own.

    Raises `NotFound`, `StaleVersion`, `AssetRetired`.
    """
    async with connection.transaction():
        held = await _hold(connection, tag, expected_version)
        if held.retired:
            raise AssetRetired(tag)
        present = await _present(connection, tag)
        if present.operating_state is state:
            return present
        await history_store.begin_history(connection, [tag], by.at)
        await asset_store.set_state(connection, held.id, state, at=by.at)
        field = FieldChange("operating_state", str(present.operating_state), str(state))
        return await _keep(connection, Made(tag, "state", (field,)), by)


async def retire_asset(
    connection: Connection, tag: str, *, expected_version: int | None, by: By
) -> Asset:
    """Take an asset out of use; its history stays, and it takes no work until it is revived.

    Raises `NotFound`, `StaleVersion`, `KeptInFiles`, and `RegisterConflict` while it has parts.
    """
    async with connection.transaction():
        await asset_store.lock_tree(connection)
        held = await _hold(connection, tag, expected_version)
        _refuse_kept_in_files(held)
        if held.retired:
            return await _present(connection, tag)
        parts = await queries.children(connection, tag)
        if parts:
            named = ", ".join(part.tag for part in parts[:5])
            raise RegisterConflict("tag", f"{tag} has parts: retire or move {named} first")
        await history_store.begin_history(connection, [tag], by.at)
        await asset_store.retire_assets(connection, [tag], actor=by.actor, at=by.at)
        return await _keep(connection, Made(tag, "retired"), by)


async def revive_asset(
    connection: Connection, tag: str, *, expected_version: int | None, by: By
) -> Asset:
    """Bring a retired asset back, kept by the database from now on.

    Raises `NotFound`, `StaleVersion`, and `RegisterConflict` where what it refers to is gone.
    """
    async with connection.transaction():
        await asset_store.lock_tree(connection)
        held = await _hold(connection, tag, expected_version)
        if not held.retired:
            return await _present(connection, tag)
        wanted = replace(held.definition, kept_in=KeptIn.DATABASE)
        await _refuse_unfit(connection, wanted)
        return await _write(connection, wanted, Made(tag, "revived"), by)


async def add_warranty(connection: Connection, tag: str, terms: WarrantyTerms, *, by: By) -> int:
    """Note a warranty of an asset, wherever the asset is kept; gives its id. Raises `NotFound`."""
    if terms.ends_on < terms.starts_on:
        raise RegisterConflict("ends_on", "it lies before the first day")
    async with connection.transaction():
        held = await _hold(connection, tag, None)
        made = await asset_store.add_warranty(connection, held.id, terms, actor=by.actor)
        field = FieldChange("warranty", None, str(terms))
        await history_store.record(connection, [Made(tag, "warranty", (field,))], by)
        return made


async def withdraw_warranty(connection: Connection, tag: str, warranty_id: int, *, by: By) -> None:
    """Take a warranty back that the database keeps. Raises `NotFound`."""
    async with connection.transaction():
        held = await _hold(connection, tag, None)
        done = await asset_store.withdraw_warranty(connection, held.id, warranty_id, at=by.at)
        if not done:
            raise NotFound("warranty", str(warranty_id))
        field = FieldChange("warranty", str(warranty_id), None)
        await history_store.record(connection, [Made(tag, "warranty", (field,))], by)


async def load_known(connection: Connection, tags: frozenset[str]) -> Known:
    """What assets may refer to; of assets, those of `tags` that are there and not retired."""
    found = await asset_store.stored_assets(connection, sorted(tags)) if tags else {}
    return Known(
        sites={site.code for site in await queries.list_sites(connection)},
        locations={(each.site, each.code) for each in await queries.list_locations(connection)},
        classes={each.code: each for each in await queries.list_asset_classes(connection)},
        tags={tag for tag, stored in found.items() if not stored.retired},
    )


async def _hold(connection: Connection, tag: str, expected_version: int | None) -> Held:
    row = await asset_store.hold_asset(connection, tag)
    if row is None:
        raise NotFound("asset", tag)
    asset_id, version, retired = row
    if expected_version is not None and version != expected_version:
        raise StaleVersion(tag, expected=expected_version, present=version)
    stored = await asset_store.stored_assets(connection, [tag])
    return Held(asset_id, version, retired, stored[tag].definition)


async def _present(connection: Connection, tag: str) -> Asset:
    asset = await queries.get_asset(connection, tag)
    if asset is None:
        raise NotFound("asset", tag)
    return asset


async def _write(connection: Connection, wanted: AssetDefinition, made: Made, by: By) -> Asset:
    await history_store.begin_history(connection, [wanted.tag], by.at)
    await asset_store.write_assets(connection, [wanted], actor=by.actor, at=by.at)
    return await _keep(connection, made, by)


async def _keep(connection: Connection, made: Made, by: By) -> Asset:
    await history_store.keep_history(connection, [made.tag], by)
    await history_store.record(connection, [made], by)
    await store.notify_register(connection)
    return await _present(connection, made.tag)


async def _refuse_unfit(connection: Connection, wanted: AssetDefinition) -> None:
    parent = frozenset({wanted.parent} if wanted.parent else ())
    known = await load_known(connection, parent)
    for problem in definition_problems(wanted, known):
        raise RegisterConflict(problem.field, str(problem))
    if wanted.parent is not None:
        line = [tag for tag, _ in await queries.above(connection, wanted.parent)]
        if wanted.tag in line:
            raise RegisterConflict(
                "parent", f"{wanted.parent} is a part of {wanted.tag}: the two cannot change places"
            )


def _refuse_kept_in_files(held: Held) -> None:
    if held.definition.kept_in is KeptIn.FILES and not held.retired:
        raise KeptInFiles("asset", held.definition.tag)


def _action(fields: tuple[FieldChange, ...]) -> str:
    names = {field.name for field in fields}
    return "moved" if names <= {"site", "location", "parent"} else "changed"
