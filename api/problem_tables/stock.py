"""Errors of stock, purchasing and contracts."""

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType

from api.problem_type import ProblemType
from config.errors import OilcanError
from maintenance import errors as maintenance

STOCK: Mapping[type[OilcanError], ProblemType] = MappingProxyType(
    {
        maintenance.StockShort: ProblemType(
            HTTPStatus.CONFLICT,
            "stock-short",
            "There is not that much in stock",
            "MAIN has 1 of BRG-6309 to give, not 2",
        ),
        maintenance.BookingRefused: ProblemType(
            HTTPStatus.CONFLICT,
            "booking-refused",
            "This cannot be booked",
            "entry 7 was taken back before",
        ),
        maintenance.LimitExceeded: ProblemType(
            HTTPStatus.FORBIDDEN,
            "limit-exceeded",
            "It costs more than you may approve",
            "RQ-000001 costs 900000 minor units, more than the 500000 that you may approve",
        ),
        maintenance.PriceMissing: ProblemType(
            HTTPStatus.CONFLICT,
            "price-missing",
            "No vendor has a price for it",
            "no vendor has agreed on a price for BRG-6309",
        ),
        maintenance.DeliveryRefused: ProblemType(
            HTTPStatus.CONFLICT,
            "delivery-refused",
            "The delivery differs from what was ordered",
            "12 are more than the 10 that are still to come",
        ),
        maintenance.ContractRefused: ProblemType(
            HTTPStatus.CONFLICT,
            "contract-refused",
            "The contract does not allow this",
            "contract SC-1 has 20000 minor units left, not 50000",
        ),
    }
)
