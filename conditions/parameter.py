"""Parameters of rules: the unit each is in, what an asset makes of it, and who said so."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from conditions.rule import Rule
from config.unit_algebra import conversion, convertible

Overrides = Mapping[str, tuple[float, str]]
"""Name -> (value, where it was said) of one asset."""


@dataclass(frozen=True, slots=True)
class ParameterValue:
    """A parameter of a rule as it is for one asset.

    `source` is the file and line that say so: the asset's, or those of the rule for the default.
    """

    name: str
    value: float
    unit: str
    default: float
    overridden: bool
    source: str


def parameter_units(rules: Iterable[Rule]) -> dict[tuple[str, str], str]:
    """(asset class, parameter) -> the unit in which the class's rules use it."""
    return {
        (rule.asset_class, name): unit
        for rule in rules
        for name, unit in rule.parameter_units.items()
    }


def override_value(value: float, unit: str | None, wanted: str | None) -> float | None:
    """An asset's own value in the unit of the rules; None where there is no way from its unit.

    Without a unit it is in that of the rules; `wanted` is None where no rule uses the parameter.
    """
    if unit is None or wanted is None:
        return value
    return conversion(unit, wanted).apply(value) if convertible(unit, wanted) else None


def parameter_values(rule: Rule, overrides: Overrides) -> Iterator[ParameterValue]:
    """Every parameter of a rule as it is for an asset with these overrides."""
    for name, default in rule.parameters.items():
        value, source = overrides.get(name, (default, f"{rule.file}:{rule.line}"))
        unit = rule.parameter_units.get(name, "1")
        yield ParameterValue(name, value, unit, default, name in overrides, source)
