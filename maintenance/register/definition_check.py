"""Whether an asset as it is wanted fits the register: pure, for one asset or for a whole table."""

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass

from config.suggestion import did_you_mean
from maintenance.register.asset import AssetClass, AssetDefinition
from maintenance.register.attribute import FieldProblem, attribute_problems

# Among more tags than this no likely one is looked for: it would take longer than to read the table.
_COMPARED = 2_000


@dataclass(frozen=True, slots=True)
class Known:
    """What assets may refer to: all of it is there and none of it retired."""

    sites: Set[str]
    locations: Set[tuple[str, str]]
    """Site and location."""
    classes: Mapping[str, AssetClass]
    tags: Set[str]


def definition_problems(asset: AssetDefinition, known: Known) -> Iterator[FieldProblem]:
    """What of an asset does not fit, each with what would be right."""
    yield from _place_problems(asset, known)
    if asset.parent is not None and asset.parent not in known.tags:
        near = known.tags if len(known.tags) <= _COMPARED else ()
        remedy = did_you_mean(asset.parent, near, otherwise="Make it first, or leave it out")
        yield FieldProblem("parent", f"there is no asset {asset.parent!r}", remedy)
    if asset.parent == asset.tag:
        yield FieldProblem("parent", f"{asset.tag} cannot be a part of itself", "Name another one")
    asset_class = known.classes.get(asset.asset_class)
    if asset_class is None:
        remedy = did_you_mean(asset.asset_class, known.classes, otherwise="Make the class first")
        yield FieldProblem("class", f"there is no asset class {asset.asset_class!r}", remedy)
    else:
        yield from attribute_problems(asset_class.attributes, asset.attributes)


def _place_problems(asset: AssetDefinition, known: Known) -> Iterator[FieldProblem]:
    if asset.site not in known.sites:
        remedy = did_you_mean(asset.site, known.sites, otherwise="Make the site first")
        yield FieldProblem("site", f"there is no site {asset.site!r}", remedy)
    elif asset.location is not None and (asset.site, asset.location) not in known.locations:
        codes = [code for site, code in known.locations if site == asset.site]
        remedy = did_you_mean(asset.location, codes, otherwise="Make the location first")
        message = f"site {asset.site} has no location {asset.location!r}"
        yield FieldProblem("location", message, remedy)
