"""A sound plant folder to change, and what checking it says."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from config.errors import DocumentError
from oilcan.plant.folder import load_plant

Edit = Callable[[str, str, str], None]
Problems = Callable[[], list[str]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of `sound/`."""
    copy = tmp_path / "plant"
    shutil.copytree(Path(__file__).parent / "sound", copy)
    return copy


@pytest.fixture
def edit(folder: Path) -> Edit:
    """Replace a text, which has to be there, in a file of the folder."""

    def replace(file: str, old: str, new: str) -> None:
        text = (folder / file).read_text("utf-8")
        assert old in text
        (folder / file).write_text(text.replace(old, new, 1), "utf-8")

    return replace


@pytest.fixture
def problems(folder: Path) -> Problems:
    """Every problem of the folder, as people read it."""

    def load() -> list[str]:
        with pytest.raises(DocumentError) as caught:
            load_plant(folder)
        return [str(problem) for problem in caught.value.problems]

    return load
