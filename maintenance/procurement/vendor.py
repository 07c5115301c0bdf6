"""Who sells what, at which price, from when to when; who does work by contract. Pure.

Amounts are minor units of the plant's currency, days are dates, the last one counts.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class PriceAgreement:
    """A vendor's price of a part: `price_minor` for `per` of it, from `from_quantity` upwards."""

    part: str
    price_minor: int
    valid_from: date
    valid_to: date | None = None
    from_quantity: Decimal = Decimal(0)
    per: Decimal = Decimal(1)
    lead_time_days: int | None = None


@dataclass(frozen=True, slots=True)
class VendorDefinition:
    """A firm that parts are bought from, or that does work.

    Up to `over_delivery_percent` more than was ordered is taken without asking.
    """

    code: str
    name: str
    email: str | None = None
    lead_time_days: int = 0
    over_delivery_percent: int = 0
    prices: tuple[PriceAgreement, ...] = ()


@dataclass(frozen=True, slots=True)
class ContractDefinition:
    """A service contract: what may be called off, for which assets, at which rate.

    `value_minor` and `minutes` bound what is called off in all, None: no bound. With neither
    classes nor assets it is for every asset.
    """

    code: str
    name: str
    vendor: str
    valid_from: date
    valid_to: date
    value_minor: int | None = None
    minutes: int | None = None
    rate_minor_per_hour: int = 0
    response_minutes: int | None = None
    classes: tuple[str, ...] = ()
    assets: tuple[str, ...] = ()
    terms: str = ""

    def covers(self, asset: str, asset_class: str, on: date) -> bool:
        """Is the asset one of its assets, on that day?"""
        everything = not self.classes and not self.assets
        named = asset in self.assets or asset_class in self.classes
        return self.valid_from <= on <= self.valid_to and (everything or named)
