"""A gateway reads its sources with the base install."""

import subprocess
import sys
from pathlib import Path

import pytest

from oilcan.plant.documents import read_documents

_WITHOUT_SERVER = """
import sys
from pathlib import Path
for name in ("pint", "psycopg", "psycopg_pool", "numba", "fastapi"):
    sys.modules[name] = None
from oilcan.plant.documents import load_edge_sources
print(*[source.name for source in load_edge_sources(Path(sys.argv[1]))])
"""


def test_sources_are_read_without_what_a_server_needs(folder: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-c", _WITHOUT_SERVER, str(folder)],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[3],
    )
    assert (result.stdout, result.stderr) == ("hall-1 broker\n", "")


def test_files_are_read_by_path_whatever_they_are_called(folder: Path) -> None:
    (folder / "a b").mkdir()
    (folder / "a b" / "ü.yaml").write_text("sites:\n", "utf-8")
    names = [document.file for document in read_documents(folder).documents]
    assert names[0] == "a b/ü.yaml"
    assert names[1:] == sorted(names[1:])


def test_what_is_no_yaml_file_is_left_alone(folder: Path) -> None:
    (folder / "README.md").write_text("{", "utf-8")
    (folder / "folder.yaml").mkdir()
    assert len(read_documents(folder).documents) == 4


@pytest.mark.parametrize(
    ("text", "lost"), [("assets: [", True), ("sources: [", False), ("- [", False)]
)
def test_a_broken_file_that_looks_like_the_register_is_known(
    text: str, lost: bool, folder: Path
) -> None:
    (folder / "broken.yaml").write_text(text, "utf-8")
    assert read_documents(folder).register_lost is lost
