"""What the parameters of assets make of the rules that they override."""

from collections.abc import Iterator, Mapping, Sequence

from conditions.parameter import override_value, parameter_units
from conditions.rule import Rule
from conditions.threshold import dead_band_problem
from config.documents import Problem
from oilcan.plant.entries import Entries, Placed
from oilcan.plant.shape import AssetEntry

Units = Mapping[tuple[str, str], str]
"""(asset class, parameter) -> unit."""


def parameter_problems(entries: Entries, rules: Sequence[Rule]) -> Iterator[Problem]:
    """Parameters of assets in a foreign unit, or under which a rule would raise and clear at once."""
    units = parameter_units(rules)
    for asset in entries.assets:
        yield from _foreign_units(asset, units)
        for rule in rules if asset.shape.params else ():
            if rule.asset_class == asset.shape.asset_class:
                yield from _impossible_levels(asset, rule, own_parameters(asset.shape, units))


def own_parameters(asset: AssetEntry, units: Units) -> dict[str, float]:
    """The asset's own values in the units of its class's rules, without those that have no way."""
    own = {
        name: override_value(one.value, one.unit, units.get((asset.asset_class, name)))
        for name, one in asset.params.items()
    }
    return {name: value for name, value in own.items() if value is not None}


def _foreign_units(asset: Placed[AssetEntry], units: Units) -> Iterator[Problem]:
    for name, one in asset.shape.params.items():
        unit = units.get((asset.shape.asset_class, name))
        if override_value(one.value, one.unit, unit) is None:
            message = f"{name} is in {one.unit}, the rules use it in {unit}"
            yield asset.problem(("params", name), message, f"Give it in {unit}")


def _impossible_levels(
    asset: Placed[AssetEntry], rule: Rule, own: Mapping[str, float]
) -> Iterator[Problem]:
    overridden = {name: own.get(name, at) for name, at in rule.parameters.items()}
    names = [name for name in own if name in rule.parameters]
    wrong = [dead_band_problem(rule, level, overridden) for level in rule.levels] if names else []
    for problem in dict.fromkeys(filter(None, wrong)):
        message = f"with this {names[0]}, rule {rule.name} has no dead band: {problem}"
        remedy = "Keep the clear threshold on the other side of the raise threshold"
        yield asset.problem(("params", names[0]), message, remedy)
