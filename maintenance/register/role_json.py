"""The roles of an asset class as the database keeps them: role -> {"name", "unit", "kind"}."""

from collections.abc import Mapping
from typing import Any

from ingest.point import PointKind
from maintenance.register.asset import Role


def roles_from_json(roles: Mapping[str, Mapping[str, Any]]) -> dict[str, Role]:
    """Roles by name."""
    return {
        role: Role(fields["name"], fields["unit"], PointKind(fields["kind"]))
        for role, fields in roles.items()
    }


def roles_to_json(roles: Mapping[str, Role]) -> dict[str, dict[str, str]]:
    """The other way round."""
    return {
        name: {"name": role.name, "unit": role.unit, "kind": role.kind.value}
        for name, role in roles.items()
    }
