"""What the parameters of assets make of the rules that they override."""

from collections.abc import Iterator, Sequence

from conditions.rule import Rule
from conditions.threshold import dead_band_problem
from config.documents import Problem
from oilcan.plant.entries import Entries, Placed
from oilcan.plant.shape import AssetEntry


def parameter_problems(entries: Entries, rules: Sequence[Rule]) -> Iterator[Problem]:
    """Parameters of assets under which a rule would raise and clear at once."""
    for asset in entries.assets:
        for rule in rules if asset.shape.params else ():
            if rule.asset_class == asset.shape.asset_class:
                yield from _impossible_levels(asset, rule)


def _impossible_levels(asset: Placed[AssetEntry], rule: Rule) -> Iterator[Problem]:
    overridden = {name: asset.shape.params.get(name, at) for name, at in rule.parameters.items()}
    names = [name for name in asset.shape.params if name in rule.parameters]
    wrong = [dead_band_problem(rule, level, overridden) for level in rule.levels] if names else []
    for problem in dict.fromkeys(filter(None, wrong)):
        message = f"with this {names[0]}, rule {rule.name} has no dead band: {problem}"
        remedy = "Keep the clear threshold on the other side of the raise threshold"
        yield asset.problem(("params", names[0]), message, remedy)
