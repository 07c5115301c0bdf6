"""The folder of all data, OILCAN_HOME: held by one `oilcan up`, which writes there what it runs."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from oilcan.engine_addresses import STATE_FILE
from oilcan.errors import AlreadyRunning

LOCK_FILE = "up.lock"


@contextmanager
def held(home: Path) -> Iterator[None]:
    """Hold `home` for this process; the kernel lets go of it when the process is gone.

    Raises `AlreadyRunning` with the other's process id.
    """
    home.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(home / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    with os.fdopen(descriptor, "r+", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            pid = file.read().strip() or "unknown"
            raise AlreadyRunning(
                f"Oilcan already runs on {home} as process {pid}: stop it, "
                "or give another folder with --home"
            ) from error
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield


def write_state(home: Path, state: dict[str, Any]) -> None:
    """Put `up.json` in place, whole: a reader sees the old one or the new one."""
    file = home / STATE_FILE
    draft = file.with_suffix(".new")
    draft.write_text(json.dumps(state, indent=2) + "\n", encoding="utf-8")
    draft.replace(file)


def remove_state(home: Path) -> None:
    """Take `up.json` away: nothing runs."""
    (home / STATE_FILE).unlink(missing_ok=True)
