"""The errors of the front door, named for what the caller does next.

OilcanError
├── AlreadyRunning      stop the other `oilcan up`, or give another home
├── PortTaken           give another port with the option that it names
├── PlantRefused        correct the plant folder: carries what `oilcan apply` said
├── GatewayUnknown      give the name of a gateway that is let in
├── NotReady            look into the log file that it names
├── BackupFailed        read what PostgreSQL's own programs said: there is no backup, or no restore
├── BackupDamaged       use another backup: this file is none, or not whole
├── RestoreRefused      do what it says first: the database is not free for the backup
├── KeyMissing          set OILCAN_API_KEY, or give --key
├── ServerUnreachable   start the server, or give its address with --server
└── ServerRefused       do what the server's answer says
"""

from config.errors import OilcanError


class AlreadyRunning(OilcanError):
    """Another `oilcan up` runs on this home."""


class PortTaken(OilcanError):
    """Someone else listens on a port that was asked for."""


class PlantRefused(OilcanError):
    """The plant folder could not be applied; nothing of it was."""


class GatewayUnknown(OilcanError):
    """There is no gateway of this name."""


class NotReady(OilcanError):
    """A process did not begin to serve in time."""


class BackupFailed(OilcanError):
    """A backup could not be written, or not be restored; nothing was changed."""


class BackupDamaged(OilcanError):
    """A file is no backup, or not whole."""


class RestoreRefused(OilcanError):
    """The database is in use or not empty, or the backup does not fit the server or the program."""


class KeyMissing(OilcanError):
    """A command that goes through the API was given no API key."""


class ServerUnreachable(OilcanError):
    """The API did not answer."""


class ServerRefused(OilcanError):
    """The API refused what was asked."""
