"""What sources of a plant's files name that the rest of the files does not have."""

from collections.abc import Iterator, Sequence

from config.documents import Document, Problem
from config.partition import asset_of
from config.suggestion import did_you_mean
from config.units import same_unit, unit_problem
from edge.source_file import SourceTag, source_assets, source_tags
from oilcan.plant.entries import Declared, Entries

_ADD = "Add it under `assets:`"


def source_problems(
    documents: Sequence[Document], entries: Entries, known: Declared
) -> Iterator[Problem]:
    """Tags and assets that sources name and nobody has, and units that differ from the point's."""
    units = dict(_units(entries))
    told = set()
    for named in source_assets(documents):
        told.add(named.asset)
        if named.asset not in known.assets:
            message = f"source {named.source} names asset {named.asset}, which does not exist"
            yield Problem(
                named.place, message, did_you_mean(named.asset, known.assets, otherwise=_ADD)
            )
    for tag in source_tags(documents):
        asset = asset_of(tag.tag)
        if tag.tag not in known.points and asset in known.assets:
            of_asset = [point for point in known.points if point.startswith(f"{asset}.")]
            message = f"source {tag.source} reads {tag.tag}, which is no point"
            remedy = did_you_mean(tag.tag, of_asset, otherwise=f"Add it to the points of {asset}")
            yield Problem(tag.place, message, remedy)
        elif asset not in known.assets | told:
            message = f"source {tag.source} reads {tag.tag}, but there is no asset {asset}"
            yield Problem(tag.place, message, did_you_mean(asset, known.assets, otherwise=_ADD))
        else:
            yield from _unit_difference(tag, units.get(tag.tag))


def _unit_difference(tag: SourceTag, unit: str | None) -> Iterator[Problem]:
    """A source converts nothing: its unit, where it states one, is that of the point."""
    if tag.unit is None or unit is None:
        return
    if unit_problem(tag.unit) is not None or not same_unit(tag.unit, unit):
        message = f"source {tag.source} gives {tag.tag} in {tag.unit}, the point is in {unit}"
        yield Problem(tag.place, message, f"Scale it to {unit}, or give the point another unit")


def _units(entries: Entries) -> Iterator[tuple[str, str]]:
    classes = {each.shape.code: each.shape for each in entries.asset_classes}
    for asset in entries.assets:
        roles = classes[asset.shape.asset_class].roles if asset.shape.asset_class in classes else {}
        for name, point in asset.shape.points.items():
            if name in roles:
                yield f"{asset.shape.tag}.{name}", point.unit or roles[name].unit
