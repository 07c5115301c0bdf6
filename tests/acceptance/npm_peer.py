"""Servers from npm that are not ours: installed once by their lock, run as processes of their own."""

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.acceptance.peer_process import Peer, speaking

PEERS = Path(__file__).parent / "peers"


def installed(name: str, peers: Path = PEERS) -> Path:
    """The folder that holds `node_modules` of a peer; installed where its lock is new."""
    lock = peers / name / "package-lock.json"
    version = hashlib.sha256(lock.read_bytes()).hexdigest()[:12]
    home = Path(sys.prefix) / "peers" / f"{name}-{version}"
    if home.exists():
        return home
    home.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home.parent) as made:
        for file in ("package.json", "package-lock.json"):
            shutil.copy(peers / name / file, made)
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"]
        # pglite-socket asks for a pglite of its own beside the one with TimescaleDB.
        command.append("--legacy-peer-deps")
        done = subprocess.run(command, cwd=made, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
        # Another run may have been faster.
        if not home.exists():
            shutil.copytree(made, home)
    return home


@contextmanager
def running(name: str, home: Path, **options: Any) -> Iterator[Peer]:
    """A peer until the end of the block; it ends like a process that is killed."""
    node = shutil.which("node")
    assert node is not None, "node is missing; tests/debian.sh installs it"
    command = [node, str(PEERS / name / "server.js"), json.dumps(options)]
    with speaking(command, {"NODE_PATH": str(home / "node_modules"), "HOME": str(home)}) as peer:
        yield peer
