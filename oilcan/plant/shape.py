"""An asset in a plant's files with all that belongs to it: its points and its parameters."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from conditions.rule_shape import Parameter
from ingest.point_file import PointShape, RoleName
from maintenance.register.file import AssetShape


def _empty(value: object) -> object:
    return {} if value is None else value


class AssetEntry(AssetShape):
    """A maintained item, under `assets:`."""

    points: dict[RoleName, Annotated[PointShape, BeforeValidator(_empty)]] = Field(
        default_factory=dict,
        description="Its points by role of its class; their tags are `tag.role`.",
        examples=[{"de_vibration": {"resolution": 0.01, "low": 0, "high": 50}}],
    )
    params: dict[str, Parameter] = Field(
        default_factory=dict,
        description="Parameters of its class's rules that differ for this asset.",
        examples=[{"vib_trip": 6.5, "dp_dirty": {"value": 30, "unit": "kPa"}}],
    )
