"""Bring the register in line with what is wanted; runs in the caller's transaction."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from config.clock import now
from config.database import Connection
from config.difference import Change, Difference, Stored, compare
from maintenance.register import asset_store, history_store, store
from maintenance.register.asset import AssetClass, AssetDefinition, By, KeptIn, Location, Site
from maintenance.register.history_store import Made

DefinitionT = TypeVar("DefinitionT", Site, Location, AssetClass, AssetDefinition)

ACTOR = "plant files"
"""Whom an asset's history names for what an application of files did."""


@dataclass(frozen=True, slots=True)
class Register:
    """A whole register as it is wanted; every code and tag that is referred to is in it."""

    sites: Sequence[Site] = ()
    locations: Sequence[Location] = ()
    asset_classes: Sequence[AssetClass] = ()
    assets: Sequence[AssetDefinition] = ()


@dataclass(frozen=True, slots=True)
class RegisterDifference:
    """What an application of the register did."""

    changes: tuple[Change, ...]
    unchanged: int


async def apply_register(
    connection: Connection, wanted: Register, *, by: By | None = None
) -> RegisterDifference:
    """Make `wanted` the live register: what else files kept is retired, and revived if it comes back.

    What the database keeps stays as it is, unless the files name it: from then on they keep it.
    Workers hear of a change on channel `register`.
    """
    by = by or By(ACTOR, now())
    await asset_store.lock_tree(connection)
    differences: list[Difference[Any]] = [
        await _apply(connection, "site", {site.code: site for site in wanted.sites}, _SITES),
        await _apply(
            connection,
            "location",
            {f"{location.site}/{location.code}": location for location in wanted.locations},
            _LOCATIONS,
        ),
        await _apply(
            connection, "class", {each.code: each for each in wanted.asset_classes}, _CLASSES
        ),
        await _apply_assets(connection, {asset.tag: asset for asset in wanted.assets}, by),
    ]
    changes = tuple(change for each in differences for change in each.changes)
    if changes:
        await store.notify_register(connection)
    return RegisterDifference(changes, sum(each.unchanged for each in differences))


_Table = tuple[
    Callable[[Connection], Awaitable[dict[str, Stored[DefinitionT]]]],
    Callable[[Connection, Sequence[DefinitionT]], Awaitable[None]],
    Callable[[Connection, Sequence[str]], Awaitable[None]],
]
"""How one kind of thing is read, written and retired."""

_SITES = (store.stored_sites, store.write_sites, store.retire_sites)
_LOCATIONS = (store.stored_locations, store.write_locations, store.retire_locations)
_CLASSES = (store.stored_asset_classes, store.write_asset_classes, store.retire_asset_classes)


async def _apply(
    connection: Connection,
    what: str,
    wanted: Mapping[str, DefinitionT],
    table: _Table[DefinitionT],
) -> Difference[DefinitionT]:
    stored, write, retire = table
    difference = compare(what, wanted, _of_files(await stored(connection), wanted))
    if difference.write:
        await write(connection, difference.write)
    if difference.retire:
        await retire(connection, difference.retire)
    return difference


async def _apply_assets(
    connection: Connection, wanted: Mapping[str, AssetDefinition], by: By
) -> Difference[AssetDefinition]:
    """The same for assets, each with its history."""
    stored = _of_files(await asset_store.stored_assets(connection), wanted)
    difference = compare("asset", wanted, stored)
    tags = [change.key for change in difference.changes]
    if not tags:
        return difference
    await history_store.begin_history(connection, tags, by.at)
    if difference.write:
        await asset_store.write_assets(connection, difference.write, actor=by.actor, at=by.at)
    if difference.retire:
        await asset_store.retire_assets(connection, difference.retire, actor=by.actor, at=by.at)
    await history_store.keep_history(connection, tags, by)
    made = [Made(change.key, change.kind, change.fields) for change in difference.changes]
    await history_store.record(connection, made, by)
    return difference


def _of_files(
    stored: Mapping[str, Stored[DefinitionT]], wanted: Mapping[str, DefinitionT]
) -> dict[str, Stored[DefinitionT]]:
    """What files keep, or keep from now on; the rest is not theirs to retire."""
    return {
        key: each
        for key, each in stored.items()
        if each.definition.kept_in is KeptIn.FILES or key in wanted
    }
