"""SQL of vendors, their prices and service contracts as they are defined."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, LiteralString

from config.database import Connection, fetch_one
from maintenance.calendars.kept import Kept, KeptIn
from maintenance.procurement.vendor import ContractDefinition, PriceAgreement, VendorDefinition

STORED_VENDORS: Final[LiteralString] = """
SELECT vendor.code, vendor.name, vendor.email, vendor.lead_time_days,
       vendor.over_delivery_percent,
       coalesce((
           SELECT jsonb_agg(jsonb_build_array(
               part.code, p.price_minor, p.valid_from, p.valid_to, p.from_quantity::text,
               p.per::text, p.lead_time_days
           ) ORDER BY part.code, p.from_quantity, p.valid_from)
           FROM price_agreement p JOIN part ON part.id = p.part_id
           WHERE p.vendor_id = vendor.id AND p.retired_at IS NULL
       ), '[]'),
       vendor.kept_in, vendor.retired_at IS NOT NULL
FROM vendor ORDER BY vendor.code
"""

HOLD_VENDORS: Final[LiteralString] = "SELECT FROM vendor FOR UPDATE"

UPSERT_VENDOR: Final[LiteralString] = """
INSERT INTO vendor (code, name, email, lead_time_days, over_delivery_percent, kept_in)
VALUES (
    %(code)s, %(name)s, %(email)s, %(lead_time_days)s, %(over_delivery_percent)s, %(kept_in)s
)
ON CONFLICT (code) DO UPDATE
SET name = excluded.name, email = excluded.email, lead_time_days = excluded.lead_time_days,
    over_delivery_percent = excluded.over_delivery_percent, kept_in = excluded.kept_in,
    version = vendor.version + 1, retired_at = NULL
"""

RETIRE_VENDORS: Final[LiteralString] = """
UPDATE vendor SET retired_at = %(at)s, version = version + 1
WHERE code = ANY (%(codes)s) AND retired_at IS NULL
"""

RETIRE_PRICES: Final[LiteralString] = """
UPDATE price_agreement p SET retired_at = %(at)s
FROM vendor WHERE vendor.id = p.vendor_id AND vendor.code = %(vendor)s AND p.retired_at IS NULL
"""

INSERT_PRICE: Final[LiteralString] = """
INSERT INTO price_agreement (
    vendor_id, part_id, from_quantity, price_minor, per, valid_from, valid_to, lead_time_days
)
SELECT vendor.id, part.id, %(from_quantity)s, %(price_minor)s, %(per)s, %(valid_from)s,
       %(valid_to)s, %(lead_time_days)s
FROM vendor, part WHERE vendor.code = %(vendor)s AND part.code = %(part)s
RETURNING id
"""

STORED_CONTRACTS: Final[LiteralString] = """
SELECT contract.code, contract.name, vendor.code, contract.valid_from, contract.valid_to,
       contract.value_minor, contract.minutes, contract.rate_minor_per_hour,
       contract.response_minutes, contract.classes, contract.assets, contract.terms,
       contract.kept_in, contract.retired_at IS NOT NULL
FROM service_contract contract JOIN vendor ON vendor.id = contract.vendor_id
ORDER BY contract.code
"""

HOLD_CONTRACTS: Final[LiteralString] = "SELECT FROM service_contract FOR UPDATE"

UPSERT_CONTRACT: Final[LiteralString] = """
INSERT INTO service_contract (
    code, name, vendor_id, valid_from, valid_to, value_minor, minutes, rate_minor_per_hour,
    response_minutes, classes, assets, terms, kept_in
)
SELECT %(code)s, %(name)s, vendor.id, %(valid_from)s, %(valid_to)s, %(value_minor)s, %(minutes)s,
       %(rate_minor_per_hour)s, %(response_minutes)s, %(classes)s, %(assets)s, %(terms)s,
       %(kept_in)s
FROM vendor WHERE vendor.code = %(vendor)s
ON CONFLICT (code) DO UPDATE
SET name = excluded.name, vendor_id = excluded.vendor_id, valid_from = excluded.valid_from,
    valid_to = excluded.valid_to, value_minor = excluded.value_minor,
    minutes = excluded.minutes, rate_minor_per_hour = excluded.rate_minor_per_hour,
    response_minutes = excluded.response_minutes, classes = excluded.classes,
    assets = excluded.assets, terms = excluded.terms, kept_in = excluded.kept_in,
    version = service_contract.version + 1, retired_at = NULL
RETURNING id
"""

RETIRE_CONTRACTS: Final[LiteralString] = """
UPDATE service_contract SET retired_at = %(at)s, version = version + 1
WHERE code = ANY (%(codes)s) AND retired_at IS NULL
"""


async def stored_vendors(connection: Connection) -> dict[str, Kept[VendorDefinition]]:
    """Every vendor by code with the prices that are agreed, the retired ones too."""
    cursor = await connection.execute(STORED_VENDORS)
    return {row[0]: Kept(_vendor(row), KeptIn(row[6]), row[7]) for row in await cursor.fetchall()}


async def hold_vendors(connection: Connection) -> None:
    """Nobody else changes vendors in the transaction."""
    await connection.execute(HOLD_VENDORS)


async def write_vendor(
    connection: Connection, vendor: VendorDefinition, kept_in: KeptIn, at: datetime
) -> str | None:
    """Make, change or revive a vendor; its prices replace those before. Gives an unknown part."""
    given = {
        "code": vendor.code,
        "name": vendor.name,
        "email": vendor.email,
        "lead_time_days": vendor.lead_time_days,
        "over_delivery_percent": vendor.over_delivery_percent,
        "kept_in": kept_in.value,
    }
    await connection.execute(UPSERT_VENDOR, given)
    await connection.execute(RETIRE_PRICES, {"vendor": vendor.code, "at": at})
    for price in vendor.prices:
        if await fetch_one(connection, INSERT_PRICE, _columns(vendor.code, price)) is None:
            return price.part
    return None


async def retire_vendors(connection: Connection, codes: Sequence[str], at: datetime) -> None:
    """Nothing is ordered from them any more."""
    await connection.execute(RETIRE_VENDORS, {"codes": list(codes), "at": at})


async def stored_contracts(connection: Connection) -> dict[str, Kept[ContractDefinition]]:
    """Every service contract by code, the retired ones too."""
    cursor = await connection.execute(STORED_CONTRACTS)
    return {
        row[0]: Kept(_contract(row), KeptIn(row[12]), row[13]) for row in await cursor.fetchall()
    }


async def hold_contracts(connection: Connection) -> None:
    """Nobody else changes contracts, or calls something off, in the transaction."""
    await connection.execute(HOLD_CONTRACTS)


async def write_contract(
    connection: Connection, contract: ContractDefinition, kept_in: KeptIn
) -> bool:
    """Make, change or revive a contract; False: there is no such vendor."""
    given = {
        "code": contract.code,
        "name": contract.name,
        "vendor": contract.vendor,
        "valid_from": contract.valid_from,
        "valid_to": contract.valid_to,
        "value_minor": contract.value_minor,
        "minutes": contract.minutes,
        "rate_minor_per_hour": contract.rate_minor_per_hour,
        "response_minutes": contract.response_minutes,
        "classes": list(contract.classes),
        "assets": list(contract.assets),
        "terms": contract.terms,
        "kept_in": kept_in.value,
    }
    return await fetch_one(connection, UPSERT_CONTRACT, given) is not None


async def retire_contracts(connection: Connection, codes: Sequence[str], at: datetime) -> None:
    """Nothing is called off by them any more."""
    await connection.execute(RETIRE_CONTRACTS, {"codes": list(codes), "at": at})


def _columns(vendor: str, price: PriceAgreement) -> dict[str, Any]:
    return {
        "vendor": vendor,
        "part": price.part,
        "from_quantity": price.from_quantity,
        "price_minor": price.price_minor,
        "per": price.per,
        "valid_from": price.valid_from,
        "valid_to": price.valid_to,
        "lead_time_days": price.lead_time_days,
    }


def _vendor(row: Sequence[Any]) -> VendorDefinition:
    code, name, email, lead_days, over_percent, prices = row[:6]
    return VendorDefinition(
        code=code,
        name=name,
        email=email,
        lead_time_days=lead_days,
        over_delivery_percent=over_percent,
        prices=tuple(_price(one) for one in prices),
    )


def _contract(row: Sequence[Any]) -> ContractDefinition:
    code, name, vendor, first, last, value, minutes, rate, response, *more = row[:12]
    classes, assets, terms = more
    return ContractDefinition(
        code=code,
        name=name,
        vendor=vendor,
        valid_from=first,
        valid_to=last,
        value_minor=value,
        minutes=minutes,
        rate_minor_per_hour=rate,
        response_minutes=response,
        classes=tuple(classes),
        assets=tuple(assets),
        terms=terms,
    )


def _price(row: Sequence[Any]) -> PriceAgreement:
    part, price_minor, valid_from, valid_to, from_quantity, per, lead_days = row
    return PriceAgreement(
        part=part,
        price_minor=price_minor,
        valid_from=date.fromisoformat(valid_from),
        valid_to=date.fromisoformat(valid_to) if valid_to else None,
        from_quantity=Decimal(from_quantity),
        per=Decimal(per),
        lead_time_days=lead_days,
    )
