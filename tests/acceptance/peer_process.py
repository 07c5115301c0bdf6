"""A peer as a process of its own, which does what it is told line by line."""

import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any


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
def speaking(command: Sequence[str], environment: Mapping[str, str]) -> Iterator[Peer]:
    """A peer until the end of the block; it ends like a process that is killed."""
    process = subprocess.Popen(
        command,
        env=environment,
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
