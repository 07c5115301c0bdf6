"""How far histories are stored outlives the edge's process, whatever becomes of the file."""

from pathlib import Path

import pytest

from edge.opcua.positions import Positions


def test_what_was_written_is_read_by_the_next_process(tmp_path: Path) -> None:
    file = tmp_path / "edge" / "press.json"
    Positions(file).write({"K-1.temp": 5, "K-1.speed": 7})
    Positions(file).write({"K-1.temp": 9})
    assert Positions(file).read() == {"K-1.temp": 9}
    assert [each.name for each in file.parent.iterdir()] == ["press.json"]


def test_without_a_file_nothing_is_kept() -> None:
    Positions(None).write({"K-1.temp": 5})
    assert Positions(None).read() == {}


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"K-1.temp": "5", "K-1.x": true}', "\x00"])
def test_a_file_that_says_nothing_is_as_none_and_is_written_anew(tmp_path: Path, text: str) -> None:
    file = tmp_path / "press.json"
    file.write_text(text)
    positions = Positions(file)
    assert positions.read() == {}
    positions.write({"K-1.temp": 5})
    assert Positions(file).read() == {"K-1.temp": 5}


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "edge").write_text("a file in the folder's place")
    with pytest.raises(OSError, match="edge"):
        Positions(tmp_path / "edge" / "press.json").write({"K-1.temp": 5})
