"""A plant folder is read again when a file in it changed, and only then."""

from pathlib import Path

import pytest

from config.errors import DocumentError
from oilcan.plant.source_watch import SourceWatch

_SOURCE = "sources: [{type: opcua, name: %s, connect: 'opc.tcp://h', nodes: []}]\n"


def names(watch: SourceWatch) -> list[str] | None:
    found = watch.changed()
    return None if found is None else [source.name for source in found]


def test_a_folder_that_did_not_change_is_not_read_again(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(_SOURCE % "a")
    watch = SourceWatch(tmp_path)
    assert [source.name for source in watch.read()] == ["a"]
    assert names(watch) is None


def test_files_that_are_written_added_renamed_or_removed_are_seen(tmp_path: Path) -> None:
    first = tmp_path / "a.yaml"
    first.write_text(_SOURCE % "a")
    watch = SourceWatch(tmp_path)
    watch.read()
    first.write_text(_SOURCE % "longer")
    assert names(watch) == ["longer"]
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "b.yaml").write_text(_SOURCE % "b")
    assert names(watch) == ["longer", "b"]
    first.rename(tmp_path / "a.txt")
    assert names(watch) == ["b"]


def test_an_editor_that_puts_a_new_file_in_place_is_seen(tmp_path: Path) -> None:
    old, new = tmp_path / "a.yaml", tmp_path / "a.new"
    old.write_text(_SOURCE % "a")
    watch = SourceWatch(tmp_path)
    watch.read()
    new.write_text(_SOURCE % "b")
    new.replace(old)
    assert names(watch) == ["b"]


def test_a_wrong_file_is_told_once_and_read_when_it_is_mended(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(_SOURCE % "a")
    watch = SourceWatch(tmp_path)
    watch.read()
    file.write_text("sources: [")
    with pytest.raises(DocumentError, match=r"a\.yaml"):
        watch.changed()
    assert names(watch) is None
    file.write_text(_SOURCE % "mended")
    assert names(watch) == ["mended"]
