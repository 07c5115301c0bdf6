"""The folder of all data: held by one process, and told what runs there."""

import json
import os
from pathlib import Path

import pytest

from oilcan.errors import AlreadyRunning
from oilcan.home import held, remove_state, write_state


def test_a_second_holder_is_refused_and_told_who_the_first_is(tmp_path: Path):
    with (
        held(tmp_path),
        pytest.raises(AlreadyRunning, match=f"process {os.getpid()}"),
        held(tmp_path),
    ):
        pytest.fail("both hold the home")


def test_it_is_free_again_after_its_holder(tmp_path: Path):
    with held(tmp_path):
        pass
    with held(tmp_path):
        assert (tmp_path / "up.lock").read_text() == f"{os.getpid()}\n"


def test_it_is_made_if_it_is_missing(tmp_path: Path):
    with held(tmp_path / "a" / "b"):
        assert (tmp_path / "a" / "b").is_dir()


def test_state_is_replaced_whole(tmp_path: Path):
    write_state(tmp_path, {"pid": 1})
    write_state(tmp_path, {"pid": 2})
    assert [file.name for file in tmp_path.iterdir()] == ["up.json"]
    assert json.loads((tmp_path / "up.json").read_text()) == {"pid": 2}


def test_nothing_is_left_where_nothing_runs(tmp_path: Path):
    write_state(tmp_path, {"pid": 1})
    remove_state(tmp_path)
    remove_state(tmp_path)
    assert list(tmp_path.iterdir()) == []
