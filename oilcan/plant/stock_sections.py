"""Storerooms, parts, vendors and contracts in plant files, and what is wrong between them."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from config.documents import Problem
from config.suggestion import did_you_mean
from maintenance.materials.definitions import apply_parts, apply_storerooms
from maintenance.materials.file import PartShape, StoreroomShape
from maintenance.procurement.definitions import apply_contracts, apply_vendors
from maintenance.procurement.file import ContractShape, VendorShape
from oilcan.plant.entries import Declared, Placed
from oilcan.plant.section import Known, Section, by_definition


def storeroom_problems(
    entries: Sequence[Placed[StoreroomShape]], declared: Declared, _: Known
) -> Iterator[Problem]:
    """Sites that do not exist."""
    for entry in entries:
        yield from _unknown(entry, ("site",), entry.shape.site, declared.sites)


def part_problems(
    entries: Sequence[Placed[PartShape]], declared: Declared, known: Known
) -> Iterator[Problem]:
    """Classes, assets, storerooms and alternatives that do not exist."""
    for entry in entries:
        yield from _fits(entry, declared)
        yield from _each(entry, "alternatives", entry.shape.alternatives, known["parts"])
        for index, stocking in enumerate(entry.shape.stock):
            path = ("stock", index, "storeroom")
            yield from _unknown(entry, path, stocking.storeroom, known["storerooms"])


def vendor_problems(
    entries: Sequence[Placed[VendorShape]], _: Declared, known: Known
) -> Iterator[Problem]:
    """Prices of parts that do not exist."""
    for entry in entries:
        for index, price in enumerate(entry.shape.prices):
            yield from _unknown(entry, ("prices", index, "part"), price.part, known["parts"])


def contract_problems(
    entries: Sequence[Placed[ContractShape]], declared: Declared, known: Known
) -> Iterator[Problem]:
    """Vendors, classes and assets that do not exist."""
    for entry in entries:
        yield from _unknown(entry, ("vendor",), entry.shape.vendor, known["vendors"])
        yield from _fits(entry, declared)


def _fits(
    entry: Placed[PartShape] | Placed[ContractShape], declared: Declared
) -> Iterator[Problem]:
    yield from _each(entry, "classes", entry.shape.classes, declared.roles)
    yield from _each(entry, "assets", entry.shape.assets, declared.assets)


def _each(
    entry: Placed[Any], field: str, names: Iterable[str], known: Iterable[str]
) -> Iterator[Problem]:
    for index, name in enumerate(names):
        yield from _unknown(entry, (field, index), name, known)


_WORDS = {"classes": "asset class", "assets": "asset", "alternatives": "part"}


def _unknown(
    entry: Placed[Any], path: tuple[str | int, ...], name: str, known: Iterable[str]
) -> Iterator[Problem]:
    if name not in known:
        field = path[0] if str(path[0]) in _WORDS else path[-1]
        what = _WORDS.get(str(field), str(field))
        yield entry.problem(path, f"there is no {what} {name!r}", did_you_mean(name, known))


STOCK_SECTIONS: tuple[Section, ...] = (
    Section(
        "storerooms",
        StoreroomShape,
        "storeroom",
        "code",
        by_definition(apply_storerooms),
        storeroom_problems,
    ),
    Section("parts", PartShape, "part", "code", by_definition(apply_parts), part_problems),
    Section(
        "vendors", VendorShape, "vendor", "code", by_definition(apply_vendors), vendor_problems
    ),
    Section(
        "contracts",
        ContractShape,
        "contract",
        "code",
        by_definition(apply_contracts),
        contract_problems,
    ),
)
