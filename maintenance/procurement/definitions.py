"""Commands that say which vendors and service contracts there are: by plant files, and by people."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from config.clock import ClockUs, from_us, now_us
from config.database import Connection
from config.difference import Difference
from maintenance.calendars import kept
from maintenance.calendars.kept import Kept, KeptIn
from maintenance.errors import NotFound
from maintenance.procurement import definition_store
from maintenance.procurement.vendor import ContractDefinition, PriceAgreement, VendorDefinition


async def apply_vendors(
    connection: Connection, wanted: Sequence[VendorDefinition], *, clock: ClockUs = now_us
) -> Difference[VendorDefinition]:
    """Bring the vendors that files keep in line with them. Raises `NotFound` for a part."""
    by_code = {one.code: in_order(one) for one in wanted}
    return await kept.apply_files(connection, _VENDORS, by_code, at=from_us(clock()))


async def save_vendor(
    connection: Connection, vendor: VendorDefinition, *, clock: ClockUs = now_us
) -> None:
    """Make or change a vendor with its prices. Raises `KeptInFiles`, and `NotFound` for a part."""
    await kept.save(connection, _VENDORS, vendor.code, in_order(vendor), at=from_us(clock()))


async def apply_contracts(
    connection: Connection, wanted: Sequence[ContractDefinition], *, clock: ClockUs = now_us
) -> Difference[ContractDefinition]:
    """Bring the contracts that files keep in line with them. Raises `NotFound` for a vendor."""
    by_code = {one.code: one for one in wanted}
    return await kept.apply_files(connection, _CONTRACTS, by_code, at=from_us(clock()))


async def save_contract(
    connection: Connection, contract: ContractDefinition, *, clock: ClockUs = now_us
) -> None:
    """Make or change a contract. Raises `KeptInFiles`, and `NotFound` for its vendor."""
    await kept.save(connection, _CONTRACTS, contract.code, contract, at=from_us(clock()))


def in_order(vendor: VendorDefinition) -> VendorDefinition:
    """The same with its prices in the order in which they are stored."""
    return replace(vendor, prices=tuple(sorted(vendor.prices, key=_rank)))


def _rank(price: PriceAgreement) -> tuple[object, ...]:
    return price.part, price.from_quantity, price.valid_from


async def _held_vendors(connection: Connection) -> dict[str, Kept[VendorDefinition]]:
    await definition_store.hold_vendors(connection)
    return await definition_store.stored_vendors(connection)


async def _write_vendor(
    connection: Connection, vendor: VendorDefinition, kept_in: KeptIn, at: datetime
) -> None:
    unknown = await definition_store.write_vendor(connection, vendor, kept_in, at)
    if unknown is not None:
        raise NotFound("part", unknown)


async def _held_contracts(connection: Connection) -> dict[str, Kept[ContractDefinition]]:
    await definition_store.hold_contracts(connection)
    return await definition_store.stored_contracts(connection)


async def _write_contract(
    connection: Connection, contract: ContractDefinition, kept_in: KeptIn, _: datetime
) -> None:
    if not await definition_store.write_contract(connection, contract, kept_in):
        raise NotFound("vendor", contract.vendor)


_VENDORS = kept.Shelf("vendor", _held_vendors, _write_vendor, definition_store.retire_vendors)
_CONTRACTS = kept.Shelf(
    "contract", _held_contracts, _write_contract, definition_store.retire_contracts
)
