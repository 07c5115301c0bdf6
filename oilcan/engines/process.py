"""Start a program that dies with us, as a user that it accepts."""

import ctypes
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from config.errors import EngineError

_PR_SET_PDEATHSIG = 1
_LOOPBACK = "127.0.0.1"
UNPRIVILEGED_USER, UNPRIVILEGED_GROUP = "nobody", "nogroup"


def start(
    command: Sequence[str], output: Path, *, environment: dict[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Start a program with its output appended to a file; it is ended when we end, however we do."""
    output.parent.mkdir(parents=True, exist_ok=True)
    with output.open("ab") as sink:
        return subprocess.Popen(  # noqa: S603 - the commands are ours, never a user's text
            command,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,
            preexec_fn=die_with_parent(),
        )


def die_with_parent(sig: signal.Signals = signal.SIGTERM) -> Callable[[], None] | None:
    """For `preexec_fn`: have the kernel send `sig` to the child when this process is gone.

    The kernel goes by the thread that started the child: start children from the main thread.
    """
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None)
    parent = os.getpid()

    def arrange() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, int(sig))
        if os.getppid() != parent:  # it went before we had arranged to follow
            os._exit(1)

    return arrange


def unprivileged(paths: Sequence[Path], *, death_signal: str) -> list[str]:
    """Words to put before a command that refuses to run as root; none where we are not root.

    Where `paths` (its binaries, its own folders) lie behind folders closed to others, as under
    /root, the program keeps the one capability to pass them. Raises `EngineError`.
    """
    if os.geteuid() != 0:
        return []
    if shutil.which("setpriv") is None:
        raise EngineError("to run as root, Oilcan needs `setpriv` (package util-linux)")
    words = [
        "setpriv",
        f"--reuid={UNPRIVILEGED_USER}",
        f"--regid={UNPRIVILEGED_GROUP}",
        "--clear-groups",
        f"--pdeathsig={death_signal}",
    ]
    if not all(_open_to_others(path) for path in paths):
        words += ["--inh-caps=-all,+dac_override", "--ambient-caps=-all,+dac_override"]
    return [*words, "--"]


def _open_to_others(path: Path) -> bool:
    return all(parent.stat().st_mode & stat.S_IXOTH for parent in path.resolve().parents)


def free_port() -> int:
    """A TCP port on loopback that nobody listens on, nor is given for a minute who asks for any.

    A connection that has just ended stays behind on it (TIME_WAIT): the system keeps it from those
    who want any port, also as callers, and lets servers have it, which say SO_REUSEADDR.
    """
    with socket.create_server((_LOOPBACK, 0)) as listener:
        port: int = listener.getsockname()[1]
        with socket.create_connection((_LOOPBACK, port)):
            accepted, _ = listener.accept()
            accepted.close()
        return port
