"""The table of vibration zones: the one that comes along, or a corrected copy of it."""

from pathlib import Path

from conditions.errors import LibraryEntryUnknown
from conditions.library.shape import ZoneGroup, ZoneTable
from config.documents import load_document, parse_model
from config.suggestion import did_you_mean
from config.unit_algebra import conversion, convertible
from config.units import unit_problem

FILE = Path(__file__).parent / "zones.yaml"
UNIT = "mm/s"
"""The unit of the limits that templates take."""


def load_zones(file: Path = FILE) -> ZoneTable:
    """The table of a file. Raises `DocumentError`."""
    return parse_model(ZoneTable, load_document(file))


def zone_group(table: ZoneTable, name: str) -> ZoneGroup:
    """A group of machines by name. Raises `LibraryEntryUnknown`."""
    for group in table.groups:
        if group.group == name:
            return group
    remedy = did_you_mean(name, [group.group for group in table.groups])
    raise LibraryEntryUnknown(f"there is no machine group {name!r}. {remedy}")


def zone_limit(table: ZoneTable, group: ZoneGroup, boundary: str) -> float:
    """A boundary such as `B/C` in mm/s. Raises `LibraryEntryUnknown` where the table has none."""
    if boundary not in group.limits:
        raise LibraryEntryUnknown(f"machine group {group.group} has no limit {boundary}")
    if unit_problem(table.unit) or not convertible(table.unit, UNIT):
        raise LibraryEntryUnknown(
            f"the table's unit {table.unit!r} is none of vibration. Use {UNIT}"
        )
    return conversion(table.unit, UNIT).apply(group.limits[boundary])
