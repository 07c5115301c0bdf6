"""One process that is kept running, with real processes in the place of engines and roles."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from oilcan.child import Child, ChildState, Program, kept_running
from oilcan.output import Output, RotatingFile

_PATIENCE_S = 10.0
_STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
_POLITE = (
    "import signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: (print('bye'), sys.exit()))\n"
    "print('up', flush=True); time.sleep(60)"
)


def child_of(
    folder: Path,
    script: str,
    *,
    ready: Callable[[], bool] | None = None,
    grace_s: float = 4.0,
    shown: list[str] | None = None,
) -> Child:
    program = Program(
        name="worker",
        command=[sys.executable, "-c", script],
        environment=os.environ,
        ready=ready,
        grace_s=grace_s,
    )
    file = RotatingFile(folder / "worker.log", max_bytes=100_000)
    return Child(program, Output(file, show=(shown or []).append), lambda: None)


def says(folder: Path) -> str:
    return (folder / "worker.log").read_text()


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(_PATIENCE_S):
        while not holds():  # noqa: ASYNC110 - processes have no events
            await asyncio.sleep(0.01)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_a_killed_process_is_soon_running_again(tmp_path: Path):
    child = child_of(tmp_path, "import time; time.sleep(60)")
    async with kept_running([child]):
        await until(lambda: child.pid is not None)
        first = child.pid
        assert first is not None
        killed = time.monotonic()
        os.kill(first, signal.SIGKILL)
        await until(lambda: child.pid not in {None, first})
    assert time.monotonic() - killed < 2
    assert child.restarts == 1


async def test_its_output_is_kept_over_restarts(tmp_path: Path):
    child = child_of(tmp_path, "import os; print('I am', os.getpid())")
    async with kept_running([child]):
        await until(lambda: says(tmp_path).count("I am") >= 2)


async def test_a_process_that_keeps_failing_is_started_ever_more_slowly(tmp_path: Path):
    child = child_of(tmp_path, "raise SystemExit(3)")
    async with kept_running([child]):
        await asyncio.sleep(1.5)
    assert 1 <= child.restarts <= 8


async def test_loss_and_recovery_are_told_once(tmp_path: Path):
    flag = tmp_path / "healed"
    script = (
        f"import pathlib, time; assert pathlib.Path({str(flag)!r}).exists(), 'ill'; time.sleep(60)"
    )
    child = child_of(tmp_path, script, ready=flag.exists)
    with capture_logs() as logs:
        async with kept_running([child]):
            await until(lambda: child.restarts >= 3)
            flag.touch()
            await child.wait_ready()
            await until(lambda: len(logs) == 2)
    assert [entry["event"] for entry in logs] == ["ended, starting it again", "runs again"]
    assert logs[0]["last_words"] == "AssertionError: ill"
    assert logs[0]["reason"] == "exit code 1"


async def test_a_command_that_does_not_exist_is_told_and_tried_again(tmp_path: Path):
    child = child_of(tmp_path, "")
    child.program = Program("worker", ["/no/such/program"], os.environ)
    with capture_logs() as logs:
        async with kept_running([child]):
            await until(lambda: child.restarts >= 2)
    assert "No such file or directory" in logs[0]["last_words"]


async def test_it_is_asked_to_stop_first(tmp_path: Path):
    child = child_of(tmp_path, _POLITE)
    async with kept_running([child]):
        await until(lambda: "up" in says(tmp_path))
    await until(lambda: "bye" in says(tmp_path))
    assert child.state is ChildState.ENDED


async def test_it_is_killed_after_its_grace(tmp_path: Path):
    child = child_of(tmp_path, _STUBBORN, grace_s=0.2)
    async with kept_running([child]):
        await until(lambda: "up" in says(tmp_path))
        pid = child.pid
        assert pid is not None
        left = time.monotonic()
    assert time.monotonic() - left < 2
    assert not alive(pid)


async def test_a_second_cancellation_kills_at_once(tmp_path: Path):
    child = child_of(tmp_path, _STUBBORN, grace_s=60)

    async def run() -> None:
        async with kept_running([child]):
            await asyncio.Event().wait()

    task = asyncio.create_task(run())
    await until(lambda: "up" in says(tmp_path))
    pid = child.pid
    assert pid is not None
    task.cancel()
    await asyncio.sleep(0.1)
    assert alive(pid)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 2)
    assert not alive(pid)


async def test_orphans_that_hold_the_output_open_delay_nothing(tmp_path: Path):
    script = "import subprocess, time; subprocess.Popen(['sleep', '3']); time.sleep(60)"
    child = child_of(tmp_path, script)
    async with kept_running([child]):
        await until(lambda: child.pid is not None)
        first = child.pid
        assert first is not None
        await asyncio.sleep(0.3)
        os.kill(first, signal.SIGKILL)
        started = time.monotonic()
        await until(lambda: child.pid not in {None, first})
    assert time.monotonic() - started < 1.5


def test_it_ends_when_we_are_killed(tmp_path: Path):
    script = (
        "import asyncio, os, pathlib, sys\n"
        "from oilcan.child import *\n"
        "from oilcan.output import *\n"
        "program = Program('worker', ['sleep', '60'], os.environ)\n"
        f"file = RotatingFile(pathlib.Path({str(tmp_path / 'worker.log')!r}), max_bytes=1000)\n"
        "child = Child(program, Output(file, show=print), lambda: print(child.pid, flush=True))\n"
        "asyncio.run(child.run())"
    )
    ours = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert ours.stdout is not None
    pid = int(ours.stdout.readline())
    ours.kill()
    ours.wait()
    ours.stdout.close()
    deadline = time.monotonic() + _PATIENCE_S
    while alive(pid):
        assert time.monotonic() < deadline
        time.sleep(0.02)
