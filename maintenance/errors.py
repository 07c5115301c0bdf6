"""The errors of maintenance, named for what the caller does next.

OilcanError
└── MaintenanceError
    ├── NotFound             correct the number or tag: there is no such thing
    ├── StaleVersion         read again, then decide again: someone was faster
    ├── TransitionRefused    take one of `allowed`: the order's state does not let this happen
    ├── RequirementMissing   give what is missing (`field`), then ask again
    ├── AssetRetired         choose another asset, or bring this one back: it takes no new work
    ├── ProblemOpen          work on the order that it names: it is about the same problem
    ├── KeptInFiles          change the plant's files and apply them: they keep it
    └── CodeTaken            choose another code: people, vendors and teams share one set of them
"""

from collections.abc import Sequence

from config.errors import OilcanError


class MaintenanceError(OilcanError):
    """Root of the errors of maintenance."""


class NotFound(MaintenanceError):
    """There is no such thing: `kind` says of what sort, `key` which one was asked for."""

    def __init__(self, kind: str, key: str) -> None:
        self.kind = kind
        self.key = key
        super().__init__(f"there is no {kind} {key}")


class StaleVersion(MaintenanceError):
    """The order has changed since the caller read it; `present` is its version now."""

    def __init__(self, number: str, *, expected: int, present: int) -> None:
        self.number = number
        self.expected = expected
        self.present = present
        super().__init__(f"{number} has version {present}, not {expected}: read it again")


class TransitionRefused(MaintenanceError):
    """The order's state does not let the action happen; `allowed` names those that it does."""

    def __init__(self, number: str, *, action: str, state: str, allowed: Sequence[str]) -> None:
        self.number = number
        self.action = action
        self.state = state
        self.allowed = tuple(allowed)
        now = f"allowed now: {', '.join(allowed)}" if allowed else "nothing is allowed any more"
        super().__init__(f"cannot {action} {number}: it is {state}; {now}")


class RequirementMissing(MaintenanceError):
    """The action needs `field`, which was not given."""

    def __init__(self, number: str, *, action: str, field: str, message: str) -> None:
        self.number = number
        self.action = action
        self.field = field
        super().__init__(f"cannot {action} {number}: {message}")


class AssetRetired(MaintenanceError):
    """The asset is retired: it takes no new work."""

    def __init__(self, asset: str) -> None:
        self.asset = asset
        super().__init__(f"asset {asset} is retired and takes no new work")


class ProblemOpen(MaintenanceError):
    """There is an open order about the same problem already; `number` names it."""

    def __init__(self, problem: str, number: str) -> None:
        self.problem = problem
        self.number = number
        super().__init__(f"{number} is open about the same problem ({problem})")


class KeptInFiles(MaintenanceError):
    """The plant's files keep it: the next `oilcan apply` would take a change back in silence."""

    def __init__(self, kind: str, key: str) -> None:
        self.kind = kind
        self.key = key
        super().__init__(
            f"{kind} {key} is kept in the plant's files: change it there and run `oilcan apply`"
        )


class CodeTaken(MaintenanceError):
    """The code names something else that an order can be given to."""

    def __init__(self, code: str, holder: str) -> None:
        self.code = code
        self.holder = holder
        super().__init__(f"{code} is the code of a {holder}: choose another one")
