"""How urgent work is: criticality of the asset by severity of the event, as a matrix. Pure."""

from collections.abc import Mapping
from types import MappingProxyType

from conditions.event import Severity

MOST_URGENT = 1
LEAST_URGENT = 5

PriorityMatrix = Mapping[str, Mapping[Severity, int]]
"""Criticality `A` (highest), `B`, `C` -> severity -> priority, 1 the most urgent."""

DEFAULT_MATRIX: PriorityMatrix = MappingProxyType(
    {
        "A": {Severity.CRITICAL: 1, Severity.HIGH: 2, Severity.MEDIUM: 3, Severity.LOW: 4},
        "B": {Severity.CRITICAL: 2, Severity.HIGH: 3, Severity.MEDIUM: 4, Severity.LOW: 5},
        "C": {Severity.CRITICAL: 3, Severity.HIGH: 4, Severity.MEDIUM: 5, Severity.LOW: 5},
    }
)

DEFAULT_NAME = "default"
"""What reasons call `DEFAULT_MATRIX`."""


def priority(
    criticality: str,
    severity: Severity,
    matrix: PriorityMatrix = DEFAULT_MATRIX,
    *,
    name: str = DEFAULT_NAME,
) -> tuple[int, str]:
    """Priority 1 (most urgent) to 5, and the sentence that says how it was found."""
    found = matrix[criticality][severity]
    return found, (
        f"Priority {found}: the asset has criticality {criticality} "
        f"and the condition has severity {severity.label} (matrix {name})."
    )
