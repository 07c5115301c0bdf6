"""Run the store and acceptance tests on a real TimescaleDB (Apache edition, from Debian 13).

    python tests/timescale.py [arguments for pytest]

Makes a Debian 13 root with `postgresql-17-timescaledb` once and keeps it in a cache, then runs its
server as user `postgres` in a mount namespace of its own: nothing stays mounted or running.
Needs root, `mmdebstrap` and `unshare`, and says so in words where one is missing.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from oilcan.engines.process import die_with_parent, free_port

_CACHE = Path(os.environ.get("OILCAN_TEST_CACHE", "/var/cache/oilcan"))
_ROOT = _CACHE / "debian-13-timescaledb"
_BINARIES = "/usr/lib/postgresql/17/bin"
_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"

_SERVE = r"""
set -eu
mount -t proc proc "$1/proc"
mount --bind /dev "$1/dev"
mount -t tmpfs -o mode=1777 tmpfs "$1/dev/shm"
mount --bind "$2" "$1/srv"
root=$1; shift 2
exec chroot --userspec=postgres:postgres "$root" /bin/sh -c '
  port=$0
  test -e /srv/data || {0}/initdb -D /srv/data -U postgres --auth=trust --no-sync >/srv/initdb.log
  exec {0}/postgres -D /srv/data -p "$port" -c listen_addresses=127.0.0.1 \
    -c unix_socket_directories=/srv -c shared_preload_libraries=timescaledb \
    -c timescaledb.telemetry_level=off -c max_worker_processes=32 -c max_connections=100 \
    -c timezone=UTC -c jit=off "$@"
' "$@"
""".replace("{0}", _BINARIES)
FORGETFUL = ("-c", "fsync=off", "-c", "full_page_writes=off", "-c", "synchronous_commit=off")
"""Settings of a server whose data nobody wants after a crash."""


def missing() -> str | None:
    """What this machine lacks, in words, or None."""
    if os.geteuid() != 0:
        return "a chroot needs root: run `sudo make test-timescale`"
    for program, package in (("unshare", "util-linux"), ("mmdebstrap", "mmdebstrap")):
        if shutil.which(program) is None:
            return f"{program} is missing: apt-get install {package}"
    if not Path(_KEYRING).exists():
        return "Debian's keys are missing: apt-get install debian-archive-keyring"
    return None


def make_root() -> None:
    """Make the Debian root if it is not in the cache yet; half a minute."""
    if (_ROOT / "usr/lib/postgresql/17/lib/timescaledb.so").exists():
        return
    _CACHE.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix="root-", dir=_CACHE))
    unfinished.chmod(0o755)
    command = ["mmdebstrap", "--quiet", "--variant=minbase"]
    command += ["--include=postgresql-17-timescaledb", "trixie", str(unfinished)]
    subprocess.run(command, check=True)
    shutil.rmtree(_ROOT, ignore_errors=True)
    unfinished.rename(_ROOT)


@contextmanager
def timescaledb(*settings: str) -> Iterator[str]:
    """A running TimescaleDB on loopback, with these arguments for its server; gives its URL."""
    port = free_port()
    folder = Path(tempfile.mkdtemp(prefix="oilcan-timescaledb-"))
    folder.chmod(0o777)
    with (folder / "server.log").open("wb") as output:
        server = subprocess.Popen(
            [
                "unshare",
                "--mount",
                "--propagation",
                "private",
                "sh",
                "-c",
                _SERVE,
                "serve",
                str(_ROOT),
                str(folder),
                str(port),
                *settings,
            ],
            stdout=output,
            stderr=subprocess.STDOUT,
            preexec_fn=die_with_parent(signal.SIGINT),
        )
    try:
        url = f"postgresql://postgres@127.0.0.1:{port}/postgres"
        _wait(url, server, folder)
        yield url
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


def _wait(url: str, server: subprocess.Popen[bytes], folder: Path) -> None:
    for _ in range(600):
        try:
            psycopg.connect(url, connect_timeout=2).close()
        except psycopg.OperationalError:
            if server.poll() is not None:
                break
            time.sleep(0.1)
        else:
            return
    sys.exit(f"TimescaleDB did not start:\n{(folder / 'server.log').read_text()}")


def main() -> int:
    """Run pytest against TimescaleDB; its exit code."""
    if (lack := missing()) is not None:
        sys.stderr.write(f"test-timescale: {lack}\n")
        return 1
    make_root()
    arguments = sys.argv[1:] or ["-m", "store or acceptance"]
    with timescaledb(*FORGETFUL) as url:
        environment = {**os.environ, "OILCAN_TEST_DATABASE_URL": url}
        return subprocess.run(
            [sys.executable, "-m", "pytest", *arguments], env=environment, check=False
        ).returncode


if __name__ == "__main__":
    sys.exit(main())
