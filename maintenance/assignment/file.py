"""A rule of assignment in plant files, and as the API takes it."""

from pydantic import ConfigDict, Field

from maintenance.assignment.rule import Preference, Rule
from maintenance.orders.work_order import OrderType
from maintenance.people.file import Craft, StaffCode
from maintenance.register.file import Code, FileShape, Name


class AssignmentRuleShape(FileShape):
    """Who gets which orders, under `assignment_rules:`.

    The first rule by rank that is for an order and knows somebody who can do it decides. Lists that
    are left out name everything.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "code": "pumps",
                    "name": "Pumps",
                    "asset_classes": ["centrifugal_pump"],
                    "candidates": ["workshop"],
                    "skills": ["pump"],
                }
            ]
        },
    )

    code: Code = Field(description="Its code, unique among rules.", examples=["pump-repairs"])
    name: Name = Field(description="What people call it.", examples=["Repairs of pumps"])
    rank: int = Field(
        default=100, ge=0, le=100_000, description="Lower ones are tried first.", examples=[10]
    )
    types: tuple[OrderType, ...] = Field(
        default=(), description="For orders of these types.", examples=[["corrective"]]
    )
    priorities: tuple[int, ...] = Field(
        default=(), description="For orders of these priorities.", examples=[[1, 2]]
    )
    sites: tuple[Code, ...] = Field(
        default=(), description="For assets at these sites.", examples=[["berlin"]]
    )
    locations: tuple[Code, ...] = Field(
        default=(),
        description="For assets in these locations, or in one within them.",
        examples=[["hall-1"]],
    )
    asset_classes: tuple[Code, ...] = Field(
        default=(), description="For assets of these classes.", examples=[["centrifugal_pump"]]
    )
    crafts: tuple[Craft, ...] = Field(
        default=(), description="For orders that ask for these crafts.", examples=[["mechanical"]]
    )
    job_plans: tuple[Code, ...] = Field(
        default=(), description="For orders with these job plans.", examples=[["inspect-bearing"]]
    )
    candidates: tuple[StaffCode, ...] = Field(
        default=(),
        description="Codes of people, teams (their members) and vendors among whom is chosen; left "
        "out: everybody.",
        examples=[["mechanics", "airtech"]],
    )
    craft: Craft | None = Field(
        default=None,
        description="Craft that they need; left out: that of the order.",
        examples=["mechanical"],
    )
    skills: tuple[Craft, ...] = Field(
        default=(),
        description="Skills that they need, with certificates that are valid.",
        examples=[["pump"]],
    )
    prefer: Preference = Field(
        default=Preference.SOONEST,
        description="soonest: who can begin first; least_work: who has the least open work.",
        examples=["least_work"],
    )
    max_load_percent: int = Field(
        default=100,
        ge=1,
        le=1000,
        description="Open work that somebody may have, in per cent of what they can give in 7 days.",
        examples=[120],
    )
    otherwise: StaffCode | None = Field(
        default=None,
        description="Who gets it where nobody can: a person, team or vendor, as a whole; left out: "
        "the next rule decides.",
        examples=["mechanics"],
    )

    def definition(self) -> Rule:
        """As the program has it."""
        fields = {name: getattr(self, name) for name in type(self).model_fields}
        return Rule(**{**fields, "types": tuple(each.value for each in self.types)})
