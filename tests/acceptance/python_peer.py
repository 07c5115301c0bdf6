"""Peers from PyPI that cannot live beside our own libraries: each in an environment of its own."""

import hashlib
import json
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.acceptance.npm_peer import PEERS
from tests.acceptance.peer_process import Peer, speaking


def installed(name: str) -> Path:
    """The Python that has a peer's library; installed where its requirements are new."""
    lock = PEERS / name / "requirements.txt"
    version = hashlib.sha256(lock.read_bytes() + sys.version.encode()).hexdigest()[:12]
    home = Path(sys.prefix) / "peers" / f"{name}-{version}"
    if not home.exists():
        home.parent.mkdir(exist_ok=True)
        _install(home, lock)
    return home / "bin" / "python"


def _install(home: Path, lock: Path) -> None:
    """Environments cannot be moved: the one that is whole is linked to, whoever made it first."""
    made = Path(tempfile.mkdtemp(prefix=f"{home.name}-", dir=home.parent))
    venv.create(made, with_pip=True)
    python = made / "bin" / "python"
    words = ["-m", "pip", "install", "--quiet", "--require-hashes", "--requirement", str(lock)]
    done = subprocess.run([python, *words], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    # Another run may have been faster.
    if not home.exists():
        home.symlink_to(made)


@contextmanager
def running(name: str, python: Path, **options: Any) -> Iterator[Peer]:
    """A peer until the end of the block; it ends like a process that is killed."""
    command = [str(python), str(PEERS / name / "server.py"), json.dumps(options)]
    with speaking(command, {}) as peer:
        yield peer
