"""The errors under everything, named for what the caller does next.

OilcanError                 print the message, exit 1
├── SettingsError           correct the setting that it names
├── DocumentError           correct the file: carries every problem with its place
├── EngineError             look at the engine's own log: it did not start or stop
├── DatabaseUnavailable     wait and try again: the server cannot be reached
├── DatabaseOutdated        run `oilcan migrate`
├── MigrationError          restore, or correct the database by hand: a migration did not apply
└── LogUnavailable          wait and try again: the log cannot be reached, or does not confirm
    └── LogFull             make room: the log refuses more until its readers have caught up
"""

from collections.abc import Sequence

from config.problem import Problem


class OilcanError(Exception):
    """Root of every error that Oilcan raises on purpose."""


class SettingsError(OilcanError):
    """A setting is missing or has a value that cannot be used."""


class DocumentError(OilcanError):
    """One or more problems in files; nothing of them was used."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(problem.explain() for problem in self.problems))


class EngineError(OilcanError):
    """An engine that runs beside us did not start or stop."""


class DatabaseUnavailable(OilcanError):
    """The database server cannot be reached."""


class DatabaseOutdated(OilcanError):
    """The schema is older than this program."""


class MigrationError(OilcanError):
    """A migration could not be applied, or an applied one has changed since."""


class LogUnavailable(OilcanError):
    """The log cannot be reached, or does not confirm."""

    @classmethod
    def unconfirmed(cls, error: Exception) -> "LogUnavailable":
        """What a caller that waited for the log's word is told; a full disk gives none."""
        if isinstance(error, TimeoutError):
            return cls("the log did not confirm in time: look whether its disk is full")
        return cls(f"the log did not confirm: {error!r}")


class LogFull(LogUnavailable):
    """The log has reached its bound."""
