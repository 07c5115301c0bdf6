"""A plant as its files describe it, checked, in the words of the packages that keep it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from conditions.parameter import parameter_units
from conditions.rule import Rule
from edge.source_file import Source
from ingest.point_file import PointDefinition
from maintenance.register.asset import AssetClass, Location, Role, Site
from maintenance.register.file import AssetClassShape
from maintenance.register.file_content import attributes_of, definition_of
from maintenance.register.service import Register
from oilcan.plant.entries import Entries, Placed
from oilcan.plant.parameter_check import own_parameters
from oilcan.plant.shape import AssetEntry

Parameters = Mapping[tuple[str, str], tuple[float, str]]
"""(asset, parameter) -> (value in the unit of the rules, file and line that say so)."""


@dataclass(frozen=True, slots=True)
class Plant:
    """Everything that a plant folder says."""

    register: Register
    points: Sequence[PointDefinition]
    parameters: Parameters
    sources: Sequence[Source]
    rules: Sequence[Rule]
    work: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    """Entries of the lists that describe how work is done, by key (`oilcan.plant.sections`)."""


def build_plant(
    entries: Entries,
    *,
    sources: Sequence[Source],
    rules: Sequence[Rule],
    work: Mapping[str, Sequence[Any]],
) -> Plant:
    """The plant of entries that fit together."""
    classes = {each.shape.code: each.shape for each in entries.asset_classes}
    return Plant(
        register=Register(
            sites=[
                Site(site.shape.code, site.shape.name, site.shape.time_zone)
                for site in entries.sites
            ],
            locations=[
                Location(site, one.shape.code, one.shape.name, one.shape.level, one.shape.parent)
                for site, one in entries.locations()
            ],
            asset_classes=[_asset_class(shape) for shape in classes.values()],
            assets=[definition_of(asset.shape) for asset in entries.assets],
        ),
        points=[
            point
            for asset in entries.assets
            for point in _points(asset.shape, classes[asset.shape.asset_class])
        ],
        parameters=dict(_parameters(entries.assets, rules)),
        sources=sources,
        rules=rules,
        work=work,
    )


def _asset_class(shape: AssetClassShape) -> AssetClass:
    roles = {
        name: Role(role.name or name, role.unit, role.kind) for name, role in shape.roles.items()
    }
    return AssetClass(
        code=shape.code,
        name=shape.name,
        roles=roles,
        equipment=shape.equipment,
        attributes=attributes_of(shape),
        failure_modes=shape.failure_modes,
    )


def _points(asset: AssetEntry, asset_class: AssetClassShape) -> Iterator[PointDefinition]:
    for name, point in asset.points.items():
        role = asset_class.roles[name]
        yield PointDefinition(
            tag=f"{asset.tag}.{name}",
            asset=asset.tag,
            role=name,
            name=point.name or role.name or name,
            unit=point.unit or role.unit,
            kind=point.kind or role.kind,
            resolution=point.resolution,
            low=point.low,
            high=point.high,
            rollover=point.rollover,
            jitter=point.jitter,
            max_per_hour=point.max_per_hour,
        )


def _parameters(
    assets: Sequence[Placed[AssetEntry]], rules: Sequence[Rule]
) -> Iterator[tuple[tuple[str, str], tuple[float, str]]]:
    units = parameter_units(rules)
    for asset in assets:
        for name, value in own_parameters(asset.shape, units).items():
            place = asset.place("params", name)
            yield (asset.shape.tag, name), (value, f"{place.file}:{place.line}")
