"""The parts of the register that the database keeps as JSON, both ways."""

from collections.abc import Mapping
from typing import Any

from ingest.point import PointKind
from maintenance.register.asset import Role
from maintenance.register.attribute import Attribute, AttributeKind


def roles_from_json(roles: Mapping[str, Mapping[str, Any]]) -> dict[str, Role]:
    """Roles by name, from role -> {"name", "unit", "kind"}."""
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


def attributes_from_json(attributes: Mapping[str, Mapping[str, Any]]) -> dict[str, Attribute]:
    """Attributes of a class, from key -> {"name", "kind", "unit", "required", "choices"}."""
    return {
        key: Attribute(
            name=fields["name"],
            kind=AttributeKind(fields["kind"]),
            unit=fields["unit"],
            required=fields["required"],
            choices=tuple(fields["choices"]),
        )
        for key, fields in attributes.items()
    }


def attributes_to_json(attributes: Mapping[str, Attribute]) -> dict[str, dict[str, Any]]:
    """The other way round."""
    return {
        key: {
            "name": each.name,
            "kind": each.kind.value,
            "unit": each.unit,
            "required": each.required,
            "choices": list(each.choices),
        }
        for key, each in attributes.items()
    }
