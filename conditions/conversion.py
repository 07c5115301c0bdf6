"""From a point's unit to a rule's, and back."""

from dataclasses import dataclass

from config.units import comparable, registry, unit_problem

# A converted threshold is rounded to what a person means: 185 degF is 85 degC, not 85.00000000001.
_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Conversion:
    """value in the rule's unit = value in the point's unit * factor + offset."""

    factor: float = 1.0
    offset: float = 0.0

    def forward(self, value: float) -> float:
        """A reading in the rule's unit."""
        # Asked for every reading beside an event, where comparing with SAME would take the longest.
        if self.factor == 1.0 and self.offset == 0.0:
            return value
        return value * self.factor + self.offset

    def backward(self, value: float) -> float:
        """A threshold in the point's unit."""
        if self == SAME:
            return value
        return float(f"{(value - self.offset) / self.factor:.{_DIGITS}g}")


SAME = Conversion()


def conversion(point_unit: str, rule_unit: str) -> Conversion | None:
    """How to get from a point's unit to a rule's; None where there is no way."""
    if point_unit == rule_unit:
        return SAME
    if unit_problem(point_unit) or unit_problem(rule_unit):
        return None
    if not comparable(point_unit, rule_unit):
        return None
    names = ["dimensionless" if unit == "1" else unit for unit in (point_unit, rule_unit)]
    low, high = (
        float(registry().Quantity(value, names[0]).to(names[1]).magnitude) for value in (0.0, 1.0)
    )
    return Conversion(high - low, low)
