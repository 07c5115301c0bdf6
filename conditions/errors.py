"""The errors of conditions, named for what the caller does next.

ConditionsError             print the message, exit 1
├── EventNotFound           give the id of an event that exists
├── RuleNotFound            give the name of a rule that exists
├── RuleInvalid             correct the rule: each mistake is named with its remedy
├── RuleTransitionRefused   take one of the actions that it names
├── BacktestNotFound        give the id of a backtest that exists
├── BacktestRefused         correct what was asked for: range, rules, parameter, values
├── BacktestCancelled       nothing: somebody wanted it so
├── FailuresUnreadable      correct the line of the file that it names
├── AssetUnknown            apply the asset before what is said about it
├── RuleUnknown             name a rule that exists, or a device's alarm as alarm/CODE
├── EventClosed             nothing is left to shelve: the event has cleared
├── ShelfTooLong            shelve it for less long
├── NotShelved              it is annunciated already
├── ResetRefused            wait until it returns to normal, acknowledge it, then reset it
├── AlreadyOutOfService     return it to service before it is taken out again
├── NotInForce              give the id of one that is in force
├── LibraryEntryUnknown     name a template, a role or a machine group of the library
└── SnapshotUnreadable      read the log from its start: the state was written in another form
"""

from collections.abc import Sequence

from config.errors import OilcanError


class ConditionsError(OilcanError):
    """Root of every error of conditions."""


class EventNotFound(ConditionsError):
    """No condition event has this id."""


class RuleNotFound(ConditionsError):
    """No rule has this name."""


class RuleInvalid(ConditionsError):
    """A rule that was given has mistakes."""


class RuleTransitionRefused(ConditionsError):
    """A version's state does not have the action; `allowed` has those that it has."""

    def __init__(self, name: str, *, action: str, state: str, allowed: Sequence[str]) -> None:
        self.allowed = tuple(allowed)
        said = ", ".join(self.allowed) or "nothing"
        super().__init__(f"cannot {action} {name}: it is {state}; allowed now: {said}")


class BacktestNotFound(ConditionsError):
    """No backtest has this id."""


class BacktestRefused(ConditionsError):
    """A backtest that could tell nothing was asked for."""


class BacktestCancelled(ConditionsError):
    """A backtest was ended before it was through."""


class FailuresUnreadable(ConditionsError):
    """A file of failures holds something else."""


class AssetUnknown(ConditionsError):
    """A parameter is set for an asset that is not in the register."""


class RuleUnknown(ConditionsError):
    """Something is said about a rule that does not exist: it would never hold."""


class LibraryEntryUnknown(ConditionsError):
    """The starter library has no such template, role or machine group."""


class SnapshotUnreadable(ConditionsError):
    """The engine's snapshot is damaged or of another format."""


class EventClosed(ConditionsError):
    """The event has cleared and waits for nothing."""


class ShelfTooLong(ConditionsError):
    """An event of this severity may not be shelved until then."""


class NotShelved(ConditionsError):
    """The event is on no shelf."""


class ResetRefused(ConditionsError):
    """The event is not latched, still active, or not acknowledged."""


class AlreadyOutOfService(ConditionsError):
    """The same alarms are out of service."""


class NotInForce(ConditionsError):
    """No outage or suppression of this id is in force."""
