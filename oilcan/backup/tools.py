"""PostgreSQL's own programs for dumping and restoring, run on a database that a URL names."""

import os
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import IO

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from oilcan.engines.postgres import binaries
from oilcan.errors import BackupFailed

_WORDS = 2_000


def with_database(url: str, name: str) -> str:
    """The same server, another database."""
    return make_conninfo(url, dbname=name)


@contextmanager
def dumping(url: str, snapshot: str) -> Iterator[IO[bytes]]:
    """The bytes of a snapshot's dump. Raises `BackupFailed` at the end where they are not all."""
    words = ["--format=custom", "--compress=gzip:3", f"--snapshot={snapshot}"]
    with _running("pg_dump", url, words, stdin=subprocess.DEVNULL) as process:
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        yield process.stdout


@contextmanager
def restoring(url: str) -> Iterator[IO[bytes]]:
    """Where a dump's bytes go. Raises `BackupFailed` at the end where not all is restored."""
    with _running("pg_restore", url, ["--exit-on-error"], stdin=subprocess.PIPE) as process:
        assert process.stdin is not None  # noqa: S101 - it is a pipe
        # Where it ends before it had all, what it said tells why.
        with suppress(BrokenPipeError):
            yield process.stdin
            process.stdin.close()


@contextmanager
def _running(
    program: str, url: str, words: Sequence[str], *, stdin: int
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a program on a database; on leaving, wait for it and look at how it ended."""
    parts = conninfo_to_dict(url)
    password = parts.pop("password", None)
    target = make_conninfo("", **{name: str(part) for name, part in parts.items()})
    command = [str(binaries() / program), "--no-owner", "--no-privileges", "--dbname", target]
    # Other users of this machine can read a command line, not an environment.
    environment = {**os.environ, **({"PGPASSWORD": str(password)} if password else {})}
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(  # noqa: S603 - our own program, on the administrator's URL
            [*command, *words], env=environment, stdin=stdin, stdout=subprocess.PIPE, stderr=said
        )
        with process:
            yield process
        if process.returncode:
            said.seek(0)
            text = said.read().decode("utf-8", "replace").strip()
            raise BackupFailed(f"{program} ended with {process.returncode}: {text[-_WORDS:]}")
