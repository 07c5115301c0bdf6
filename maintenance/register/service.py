"""Bring the register in line with what is wanted; runs in the caller's transaction."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from config.database import Connection
from config.difference import Change, Difference, Stored, compare
from maintenance.register import store
from maintenance.register.asset import AssetClass, AssetDefinition, Location, Site

DefinitionT = TypeVar("DefinitionT")


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


async def apply_register(connection: Connection, wanted: Register) -> RegisterDifference:
    """Make `wanted` the live register: the rest is retired, and revived should it come back.

    Workers hear of a change on channel `register`.
    """
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
        await _apply(connection, "asset", {asset.tag: asset for asset in wanted.assets}, _ASSETS),
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
_ASSETS = (store.stored_assets, store.write_assets, store.retire_assets)


async def _apply(
    connection: Connection,
    what: str,
    wanted: Mapping[str, DefinitionT],
    table: _Table[DefinitionT],
) -> Difference[DefinitionT]:
    stored, write, retire = table
    difference = compare(what, wanted, await stored(connection))
    if difference.write:
        await write(connection, difference.write)
    if difference.retire:
        await retire(connection, difference.retire)
    return difference
