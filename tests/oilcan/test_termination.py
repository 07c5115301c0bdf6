"""A process that is told to end stops its work in order and exits cleanly."""

import signal
import subprocess
import sys

import pytest

_WORK = """
import asyncio
from oilcan.termination import until_terminated
async def work():
    print("working", flush=True)
    try:
        await asyncio.sleep(60)
    finally:
        await asyncio.sleep(0.01)
        print("tidied up", flush=True)
asyncio.run(until_terminated(work()))
"""
_FAILING = """
import asyncio
from oilcan.termination import until_terminated
async def work():
    raise ValueError("no such thing")
asyncio.run(until_terminated(work()))
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_work_is_ended_in_its_own_order(number: signal.Signals):
    process = subprocess.Popen([sys.executable, "-c", _WORK], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "working\n"
    process.send_signal(number)
    rest, _ = process.communicate(timeout=10)
    assert (rest, process.returncode) == ("tidied up\n", 0)


def test_an_error_of_the_work_passes_through():
    result = subprocess.run(
        [sys.executable, "-c", _FAILING], capture_output=True, text=True, check=False
    )
    assert result.returncode == 1
    assert "ValueError: no such thing" in result.stderr
