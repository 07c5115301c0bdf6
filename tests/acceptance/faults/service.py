"""Programs of the line: started as users start them, killed at will, started again."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from oilcan.engines.process import start

PATIENCE_S = 60.0


def wait_until(
    holds: Callable[[], bool], what: str | Callable[[], str], within_s: float = PATIENCE_S
) -> None:
    """Wait for a condition that nobody tells of; it fails in words."""
    deadline = time.monotonic() + within_s
    while not holds():
        if time.monotonic() > deadline:
            told = what if isinstance(what, str) else what()
            raise AssertionError(f"not within {within_s} s: {told}")
        time.sleep(0.05)


def listens(port: int) -> bool:
    """Does somebody listen on a port of loopback?"""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


class Service:
    """One program. Start it from the main thread: it dies with the thread that started it."""

    _process: subprocess.Popen[bytes] | None

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        output: Path,
        *,
        environment: Mapping[str, str] | None = None,
        ready: Callable[[], bool] = lambda: True,
        end_signal: signal.Signals = signal.SIGTERM,
    ) -> None:
        self.name = name
        self._command = command
        self._output = output
        self._first_environment = {**os.environ, **(environment or {})}
        self._environment = self._first_environment
        self._ready = ready
        self._end_signal = end_signal
        self._process = None

    @property
    def pid(self) -> int:
        """Of the process that runs."""
        assert self._process is not None, f"{self.name} does not run"
        return self._process.pid

    def start(self, **environment: str) -> None:
        """Start, again and again until it serves: what was killed may still hold its place."""
        self._environment = {**self._first_environment, **environment}
        self._spawn()
        wait_until(self._serves, f"{self.name} is ready")

    def kill(self) -> None:
        """Kill -9."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Have it end in good order."""
        self._end(self._end_signal)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Have it stand still through the block, its connections open."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def revive(self) -> None:
        """Start it again if it ended by itself, as a supervisor does."""
        if self._process is not None and self._process.poll() is not None:
            self._spawn()

    def said(self) -> str:
        """Everything that it wrote so far."""
        return self._output.read_text("utf-8", "replace") if self._output.exists() else ""

    def _spawn(self) -> None:
        self._process = start(self._command, self._output, environment=self._environment)

    def _serves(self) -> bool:
        self.revive()
        return self._ready()

    def _end(self, sent: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(sent)
            process.wait(PATIENCE_S)
