"""What is wrong between the entries of a plant's files: names that do not exist, twice or in a ring."""

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from config.documents import Place, Problem
from config.suggestion import did_you_mean
from config.units import comparable
from ingest.point import PointKind
from maintenance.register.attribute import attribute_problems
from maintenance.register.file import AssetClassShape, RoleShape
from maintenance.register.file_content import attributes_of
from maintenance.register.tree import rings
from oilcan.plant.entries import Declared, Entries, Placed
from oilcan.plant.shape import AssetEntry

_ADD = "Add it under `{}:`"
_OF_COUNTERS: Mapping[str, str] = MappingProxyType(
    {
        "rollover": "rolls over",
        "jitter": "has jitter",
        "max_per_hour": "counts at most so much an hour",
    }
)


def entry_problems(entries: Entries, known: Declared) -> Iterator[Problem]:
    """Every problem of sites, locations, classes and assets with each other."""
    yield from _repeated(entries)
    yield from _location_parents(entries, known)
    classes = {each.shape.code: each.shape for each in entries.asset_classes}
    for asset in entries.assets:
        yield from _unknown_names(asset, known)
        yield from _point_problems(asset, classes.get(asset.shape.asset_class))
        yield from _unknown_parameters(asset, known)
        yield from _attribute_problems(asset, classes.get(asset.shape.asset_class))
    yield from _asset_rings(entries)


def _repeated(entries: Entries) -> Iterator[Problem]:
    yield from _twice("site", ((site.shape.code, site.place("code")) for site in entries.sites))
    yield from _twice(
        "location",
        ((f"{site}/{one.shape.code}", one.place("code")) for site, one in entries.locations()),
    )
    yield from _twice(
        "asset class", ((each.shape.code, each.place("code")) for each in entries.asset_classes)
    )
    yield from _twice("asset", ((each.shape.tag, each.place("tag")) for each in entries.assets))


def _twice(what: str, named: Iterable[tuple[str, Place]]) -> Iterator[Problem]:
    first: dict[str, Place] = {}
    for name, place in named:
        if name in first:
            message = f"{what} {name} is already at {first[name]}"
            yield Problem(place, message, "Rename or remove one of the two")
        first.setdefault(name, place)


def _location_parents(entries: Entries, known: Declared) -> Iterator[Problem]:
    parents: dict[tuple[str, str], tuple[str, str]] = {}
    places: dict[tuple[str, str], Place] = {}
    for site, location in entries.locations():
        parent = location.shape.parent
        if parent is None:
            continue
        if (site, parent) not in known.locations:
            codes = [code for of_site, code in known.locations if of_site == site]
            message = f"site {site} has no location {parent!r}"
            yield location.problem(("parent",), message, did_you_mean(parent, codes))
        parents[site, location.shape.code] = (site, parent)
        places[site, location.shape.code] = location.place("parent")
    for ring in rings(parents):
        message = f"location {ring[0][1]} lies in itself: {_arrows(code for _, code in ring)}"
        yield Problem(places[ring[0]], message, "Take `parent:` from one of them")


def _unknown_names(asset: Placed[AssetEntry], known: Declared) -> Iterator[Problem]:
    shape = asset.shape
    if shape.asset_class not in known.roles:
        message = f"there is no asset class {shape.asset_class!r}"
        yield asset.problem(
            ("class",),
            message,
            did_you_mean(shape.asset_class, known.roles, otherwise=_ADD.format("asset_classes")),
        )
    if shape.site not in known.sites:
        message = f"there is no site {shape.site!r}"
        yield asset.problem(
            ("site",),
            message,
            did_you_mean(shape.site, known.sites, otherwise=_ADD.format("sites")),
        )
    elif shape.location is not None and (shape.site, shape.location) not in known.locations:
        codes = [code for site, code in known.locations if site == shape.site]
        message = f"site {shape.site} has no location {shape.location!r}"
        remedy = did_you_mean(shape.location, codes, otherwise="Add it under the site's locations")
        yield asset.problem(("location",), message, remedy)
    if shape.parent is not None and shape.parent not in known.assets:
        message = f"there is no asset {shape.parent!r}"
        yield asset.problem(("parent",), message, did_you_mean(shape.parent, known.assets))


def _point_problems(
    asset: Placed[AssetEntry], asset_class: AssetClassShape | None
) -> Iterator[Problem]:
    if asset_class is None:
        return
    for name in asset.shape.points:
        role = asset_class.roles.get(name)
        if role is None:
            message = f"class {asset_class.code} has no role {name!r}"
            remedy = did_you_mean(name, asset_class.roles, otherwise="Add it to the class's roles")
            yield asset.problem(("points", name), message, remedy)
        else:
            yield from _misfits(asset, name, role)


def _misfits(asset: Placed[AssetEntry], name: str, role: RoleShape) -> Iterator[Problem]:
    """What of a point does not fit its role."""
    point = asset.shape.points[name]
    tag = f"{asset.shape.tag}.{name}"
    if point.unit is not None and not comparable(point.unit, role.unit):
        message = f"point {tag} is in {point.unit}, its role is in {role.unit}"
        remedy = f"Use {role.unit}, or a unit of the same kind"
        yield asset.problem(("points", name, "unit"), message, remedy)
    if (point.kind or role.kind) is not PointKind.COUNTER:
        for field, words in _OF_COUNTERS.items():
            if getattr(point, field) is not None:
                message = f"point {tag} {words}, but is no counter"
                remedy = f"Remove `{field}:` or write `kind: counter`"
                yield asset.problem(("points", name, field), message, remedy)
    elif point.rollover is not None and point.jitter is not None and point.jitter >= point.rollover:
        message = f"jitter {point.jitter:g} is no less than rollover {point.rollover:g}"
        yield asset.problem(("points", name, "jitter"), message, "Give the noise of the last digit")


def _attribute_problems(
    asset: Placed[AssetEntry], asset_class: AssetClassShape | None
) -> Iterator[Problem]:
    if asset_class is None:
        return
    for wrong in attribute_problems(attributes_of(asset_class), asset.shape.attributes):
        name = wrong.field.partition(".")[2]
        path = ("attributes", name) if name in asset.shape.attributes else ("tag",)
        yield asset.problem(path, wrong.message, wrong.remedy)


def _unknown_parameters(asset: Placed[AssetEntry], known: Declared) -> Iterator[Problem]:
    asset_class = asset.shape.asset_class
    parameters = known.parameters.get(asset_class, frozenset())
    unknown = [name for name in asset.shape.params if name not in parameters]
    for name in unknown if asset_class in known.roles else ():
        message = f"no rule of class {asset_class} has a parameter {name!r}"
        remedy = did_you_mean(
            name, parameters, otherwise="Remove it, or give a rule file `params:`"
        )
        yield asset.problem(("params", name), message, remedy)


def _asset_rings(entries: Entries) -> Iterator[Problem]:
    by_tag = {asset.shape.tag: asset for asset in entries.assets}
    parents = {tag: asset.shape.parent for tag, asset in by_tag.items() if asset.shape.parent}
    for ring in rings(parents):
        message = f"asset {ring[0]} is a part of itself: {_arrows(ring)}"
        yield by_tag[ring[0]].problem(("parent",), message, "Take `parent:` from one of them")


def _arrows(names: Iterable[str]) -> str:
    ring = list(names)
    return " -> ".join([*ring, ring[0]])
