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


class Peer:
    """A peer that runs, and does as it is told."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def tell(self, command: str, **given: Any) -> None:
        """Have it carry out a command, and wait until it has."""
        assert self._process.stdin is not None
        print(json.dumps({"command": command, **given}), file=self._process.stdin, flush=True)
        self.answers("done")

    def answers(self, wanted: str) -> None:
        """Its next answer is this; what it says beside its answers is passed over."""
        assert self._process.stdout is not None
        while (line := self._process.stdout.readline()).strip() != wanted:
            assert line, "the peer ended"
            assert not line.startswith("error:"), line


@contextmanager
def running(name: str, home: Path, **options: Any) -> Iterator[Peer]:
    """A peer until the end of the block; it ends like a process that is killed."""
    node = shutil.which("node")
    assert node is not None, "node is missing; tests/debian.sh installs it"
    process = subprocess.Popen(
        [node, str(PEERS / name / "server.js"), json.dumps(options)],
        env={"NODE_PATH": str(home / "node_modules"), "HOME": str(home)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with process:
        try:
            peer = Peer(process)
            peer.answers("ready")
            yield peer
        finally:
            process.kill()
