"""Commands that say which parts and storerooms there are: by plant files, and by people."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from config.clock import ClockUs, from_us, now_us
from config.database import Connection
from config.difference import Difference, compare
from maintenance.errors import KeptInFiles, NotFound, StaleVersion
from maintenance.materials import definition_store
from maintenance.materials.booking import hold
from maintenance.materials.definition_store import Kept
from maintenance.materials.ledger import Place, Said
from maintenance.materials.part import PartDefinition, StoreroomDefinition
from maintenance.materials.service import receive


async def apply_storerooms(
    connection: Connection, wanted: Sequence[StoreroomDefinition]
) -> Difference[StoreroomDefinition]:
    """Make `wanted` the storerooms that files keep; runs in the caller's transaction."""
    by_code = {room.code: room for room in wanted}
    stored = await definition_store.stored_storerooms(connection)
    difference = compare("storeroom", by_code, _of_files(stored, by_code))
    for room in difference.write:
        await _write_storeroom(connection, room, "files")
    await definition_store.retire_storerooms(connection, difference.retire)
    await definition_store.keep_storerooms_in_files(connection, list(by_code))
    return difference


async def apply_parts(
    connection: Connection, wanted: Sequence[PartDefinition], *, clock: ClockUs = now_us
) -> Difference[PartDefinition]:
    """Make `wanted` the parts that files keep; runs in the caller's transaction.

    What people made over the API and files do not name stays as it is.
    """
    by_code = {part.code: in_order(part) for part in wanted}
    stored = await definition_store.stored_parts(connection)
    difference = compare("part", by_code, _of_files(stored, by_code))
    if difference.write:
        await definition_store.write_parts(connection, difference.write, kept_in="files")
    await definition_store.retire_parts(connection, difference.retire)
    await definition_store.keep_parts_in_files(connection, list(by_code))
    await _open_books(connection, wanted, Said("plant files", from_us(clock()), "opening stock"))
    return difference


async def put_part(
    connection: Connection, part: PartDefinition, *, expected_version: int | None, said: Said
) -> None:
    """Make a part (None: there is none yet), or change it.

    Raises `KeptInFiles`, `StaleVersion`, and `NotFound` for a storeroom that is not there.
    """
    async with connection.transaction():
        held = await definition_store.hold_part(connection, part.code)
        _may_change("part", part.code, held, expected_version)
        await _storerooms_there(connection, part)
        await definition_store.write_parts(connection, [in_order(part)], kept_in="database")
        await _open_books(connection, [part], said)


async def put_storeroom(
    connection: Connection, room: StoreroomDefinition, *, expected_version: int | None
) -> None:
    """The same for a storeroom. Raises `NotFound` for a site that is not there."""
    async with connection.transaction():
        held = await definition_store.hold_storeroom(connection, room.code)
        _may_change("storeroom", room.code, held, expected_version)
        await _write_storeroom(connection, room, "database")


async def retire_part(connection: Connection, code: str, *, expected_version: int) -> None:
    """Take a part out of use. Raises `NotFound`, `KeptInFiles`, `StaleVersion`."""
    await _retire(
        connection,
        ("part", code, expected_version),
        definition_store.hold_part,
        definition_store.retire_parts,
    )


async def _retire(
    connection: Connection,
    what: tuple[str, str, int],
    hold: Callable[[Connection, str], Awaitable[tuple[str, int, bool] | None]],
    retire: Callable[[Connection, Sequence[str]], Awaitable[None]],
) -> None:
    kind, code, expected_version = what
    async with connection.transaction():
        held = await hold(connection, code)
        if held is None or held[2]:
            raise NotFound(kind, code)
        _may_change(kind, code, held, expected_version)
        await retire(connection, [code])


async def _open_books(connection: Connection, parts: Sequence[PartDefinition], said: Said) -> None:
    """Book what lay there before anything was booked; a ledger that has begun stays as it is."""
    for part in parts:
        for one in part.stock:
            if one.opening:
                place = Place(part.code, one.storeroom, one.bin)
                held = await hold(connection, place)
                if held.position == 0:
                    worth = round(part.standard_cost_minor * Fraction(one.opening))
                    await receive(connection, place, one.opening, value_minor=worth, said=said)


def in_order(part: PartDefinition) -> PartDefinition:
    """The same with its storerooms in order, as they are stored."""
    stock = tuple(sorted(part.stock, key=lambda one: one.storeroom))
    return part if stock == part.stock else replace(part, stock=stock)


def _of_files(stored: Kept, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """What files keep, and what they are about to take over."""
    return {code: one for code, (one, in_files) in stored.items() if in_files or code in wanted}


def _may_change(
    kind: str, code: str, held: tuple[str, int, bool] | None, expected_version: int | None
) -> None:
    kept_in, version, retired = held or ("database", 0, True)
    if kept_in == "files" and not retired:
        raise KeptInFiles(kind, code)
    if expected_version is None and retired:
        return
    if expected_version != version:
        raise StaleVersion(f"{kind} {code}", expected=expected_version or 0, present=version)


async def _write_storeroom(connection: Connection, room: StoreroomDefinition, kept_in: str) -> None:
    if not await definition_store.write_storeroom(connection, room, kept_in=kept_in):
        raise NotFound("site", room.site)


async def _storerooms_there(connection: Connection, part: PartDefinition) -> None:
    known = await definition_store.stored_storerooms(connection)
    for one in part.stock:
        if one.storeroom not in known:
            raise NotFound("storeroom", one.storeroom)
