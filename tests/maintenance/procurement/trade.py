"""Vendors of bearings, a contract, and job plans that need parts."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from config.clock import to_us
from config.database import Connection
from maintenance.job_plans.plan import JobPlan, PlannedPart
from maintenance.job_plans.service import save_plan
from maintenance.procurement.definitions import save_contract, save_vendor
from maintenance.procurement.vendor import ContractDefinition, PriceAgreement, VendorDefinition
from tests.maintenance.materials.shelf import BEARING, SEAL
from tests.maintenance.scene import START

FAST, CHEAP = "fast", "cheap"
CONTRACT = ContractDefinition(
    "SC-1",
    "Pump service",
    CHEAP,
    date(2026, 1, 1),
    date(2026, 12, 31),
    value_minor=100_000,
    minutes=600,
    rate_minor_per_hour=9_000,
    response_minutes=240,
    classes=("centrifugal_pump",),
)


async def build_trade(connection: Connection) -> None:
    """Two vendors of bearings, the cheap one slow and with 10 % over-delivery; a contract."""
    bearing = PriceAgreement(BEARING, 4_500, date(2026, 1, 1))
    fast = VendorDefinition(FAST, "Fast", None, 1, 0, (bearing,))
    cheap = VendorDefinition(CHEAP, "Cheap", None, 10, 10, (replace(bearing, price_minor=4_000),))
    for vendor in (fast, cheap):
        await save_vendor(connection, vendor, clock=start_us)
    await save_contract(connection, CONTRACT, clock=start_us)


async def plan_with_parts(connection: Connection, **quantities: str) -> str:
    """Code of a job plan that needs bearings and seals."""
    codes = {"bearings": BEARING, "seals": SEAL, "unknown": "NO-SUCH"}
    parts = tuple(
        PlannedPart(codes[name], Decimal(quantity), "1") for name, quantity in quantities.items()
    )
    plan = JobPlan("replace-bearing", "Replace the bearing", parts=parts)
    await save_plan(connection, plan, actor="ana", clock=start_us)
    return plan.code


def start_us() -> int:
    """The plant's present."""
    return to_us(START)
