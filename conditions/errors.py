"""The errors of conditions, named for what the caller does next.

ConditionsError             print the message, exit 1
├── EventNotFound           give the id of an event that exists
├── RuleNotFound            give the name of a rule that exists
├── AssetUnknown            apply the asset before what is said about it
└── SnapshotUnreadable      read the log from its start: the state was written in another form
"""

from config.errors import OilcanError


class ConditionsError(OilcanError):
    """Root of every error of conditions."""


class EventNotFound(ConditionsError):
    """No condition event has this id."""


class RuleNotFound(ConditionsError):
    """No rule has this name."""


class AssetUnknown(ConditionsError):
    """A parameter is set for an asset that is not in the register."""


class SnapshotUnreadable(ConditionsError):
    """The engine's snapshot is damaged or of another format."""
