"""Equipment and failure modes of ISO 14224 to start from: codes and short names alone.

The list stands in `taxonomy.yaml`, with where it comes from.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from config.database import Connection
from config.suggestion import did_you_mean
from maintenance.errors import RegisterConflict
from maintenance.register import store
from maintenance.register.asset import AssetClass, KeptIn

_FILE = Path(__file__).with_name("taxonomy.yaml")


@dataclass(frozen=True, slots=True)
class Equipment:
    """An equipment class (`PU`) or a type of one (`PU/CE`); failure modes by code."""

    code: str
    name: str
    category: str
    failure_modes: Mapping[str, str]

    @property
    def class_code(self) -> str:
        """A code for a class of assets of this equipment."""
        return self.name.lower().replace("-", "_").replace(" ", "_")


@cache
def taxonomy() -> tuple[Equipment, ...]:
    """Every class, and after it each of its types."""
    said = yaml.safe_load(_FILE.read_text("utf-8"))
    return tuple(_equipment(said))


def chosen(codes: Sequence[str]) -> list[Equipment]:
    """The equipment of some codes. Raises `RegisterConflict` for one that there is not."""
    known = {each.code: each for each in taxonomy()}
    for code in codes:
        if code not in known:
            remedy = did_you_mean(code, known)
            raise RegisterConflict("equipment", f"there is no equipment {code!r}. {remedy}")
    return [known[code] for code in codes]


def plant_file(equipment: Sequence[Equipment]) -> str:
    """A plant file with a class for each, to be completed with roles and attributes."""
    classes = [
        {
            "code": each.class_code,
            "name": each.name,
            "equipment": each.code,
            "roles": {},
            "failure_modes": dict(each.failure_modes),
        }
        for each in equipment
    ]
    return yaml.safe_dump({"asset_classes": classes}, sort_keys=False, allow_unicode=True)


async def load_classes(connection: Connection, equipment: Sequence[Equipment]) -> list[str]:
    """Make a class that the database keeps for each that is not there; gives the codes made."""
    async with connection.transaction():
        present = await store.stored_asset_classes(connection)
        made = [
            AssetClass(
                code=each.class_code,
                name=each.name,
                roles={},
                equipment=each.code,
                failure_modes=each.failure_modes,
                kept_in=KeptIn.DATABASE,
            )
            for each in equipment
            if each.class_code not in present
        ]
        if made:
            await store.write_asset_classes(connection, made)
            await store.notify_register(connection)
    return [each.code for each in made]


def _equipment(said: Mapping[str, Any]) -> Iterator[Equipment]:
    names = said["failure_modes"]
    for category in said["categories"]:
        for each in category["classes"]:
            codes = {*category["failure_modes"], *each.get("more_failure_modes", ())}
            modes = {code: name for code, name in names.items() if code in codes}
            yield Equipment(each["code"], each["name"], category["name"], modes)
            for code, name in each.get("types", {}).items():
                yield Equipment(f"{each['code']}/{code}", name, category["name"], modes)
