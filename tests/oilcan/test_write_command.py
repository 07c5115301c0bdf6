"""`oilcan write` at a shell: through the API with a key, and its outcome in words."""

import os
import subprocess
import sys
from typing import Any

import pytest

from oilcan.engines.process import free_port
from oilcan.write_command import told

WRITE: dict[str, Any] = {
    "id": 7,
    "tag": "P-1.speed",
    "value": 42.5,
    "unit": "Hz",
    "state": "confirmed",
    "message": "",
    "read_back": 42.5,
}


def oilcan(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "oilcan", "write", *words],
        capture_output=True,
        text=True,
        env={key: text for key, text in os.environ.items() if key != "OILCAN_API_KEY"},
        check=False,
    )


def test_a_confirmed_write_tells_what_the_device_holds() -> None:
    assert told(WRITE) == "write 7: P-1.speed = 42.5 Hz: confirmed\nthe device holds 42.5 Hz"


def test_an_unknown_outcome_says_what_to_do() -> None:
    lost = {**WRITE, "unit": "1", "state": "unknown", "message": "no answer", "read_back": None}
    assert told(lost).splitlines() == [
        "write 7: P-1.speed = 42.5: unknown",
        "no answer",
        "look at the device before you write again: nothing is sent again by itself",
    ]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "set OILCAN_API_KEY"),
        (["--key", "ock_x_y", "--server", "http://127.0.0.1:{port}"], "nothing was sent"),
        (["--key", "ock_x_y", "--server", "ftp://host"], "ftp://host is no server"),
    ],
)
def test_what_is_missing_is_a_message_and_no_traceback(words: list[str], message: str) -> None:
    words = [word.format(port=free_port()) for word in words]
    result = oilcan("A.x", "1", "--reason", "x", *words)
    assert result.returncode == 1
    assert message in result.stderr
    assert "Traceback" not in result.stderr
