"""`oilcan assets`: a table in and out, the taxonomy, labels."""

from pathlib import Path

import pytest
from psycopg import Connection as Session
from psycopg import connect as open_session
from typer.testing import CliRunner

from maintenance.errors import ImportRefused, RegisterConflict
from oilcan.command_line import app

pytestmark = pytest.mark.store

NEW = "tag,name,class,site\nP-1,Feed pump,centrifugal_pump,S\nP/1,,x,S\n"


@pytest.fixture
def url(database_url: str) -> str:
    """A database with a site, and the class of centrifugal pumps."""
    with open_session(database_url) as session:
        session.execute("INSERT INTO site (code, name) VALUES ('S', 'Site')")
    assert "+ class centrifugal_pump" in oilcan("taxonomy", "PU/CE", "--load", url=database_url)
    return database_url


def oilcan(*words: str, url: str) -> str:
    done = CliRunner().invoke(
        app, ["assets", *words, "--database-url", url], catch_exceptions=False
    )
    assert done.exit_code == 0, done.output
    return done.output


def tags(url: str) -> list[str]:
    session: Session[tuple[str]]
    with open_session(url) as session:
        return [tag for (tag,) in session.execute("SELECT tag FROM asset ORDER BY tag")]


def test_a_table_is_imported_exported_and_imported_again(url: str, tmp_path: Path) -> None:
    file = tmp_path / "assets.csv"
    file.write_text("\n".join(NEW.splitlines()[:2]), encoding="utf-8-sig")
    assert "1 changed, 0 unchanged; dry run" in oilcan("import", str(file), "--dry-run", url=url)
    assert tags(url) == []
    assert "+ asset P-1" in oilcan("import", str(file), url=url)
    assert "1 assets" in oilcan("export", str(file), url=url)
    assert "0 changed, 1 unchanged" in oilcan("import", str(file), url=url)


def test_every_wrong_row_is_named_and_nothing_is_taken(url: str, tmp_path: Path) -> None:
    file = tmp_path / "assets.csv"
    file.write_text(NEW)
    with pytest.raises(ImportRefused) as caught:
        oilcan("import", str(file), url=url)
    assert f"{file}: row 3, column tag" in str(caught.value)
    assert tags(url) == []


def test_the_taxonomy_is_listed_and_printed_as_a_plant_file(url: str) -> None:
    assert "PU/CE" in oilcan("taxonomy", url=url)
    assert "equipment: PU/CE" in oilcan("taxonomy", "PU/CE", url=url)
    with pytest.raises(RegisterConflict, match="no equipment 'XX'"):
        oilcan("taxonomy", "XX", url=url)


def test_labels_are_written_for_the_assets_that_are_named(url: str, tmp_path: Path) -> None:
    file = tmp_path / "assets.csv"
    file.write_text("tag,name,class,site\nP-1,A,centrifugal_pump,S\nP-2,B,centrifugal_pump,S\n")
    oilcan("import", str(file), url=url)
    words = ["--address", "https://oilcan.plant", "--tag", "P-2"]
    assert "1 labels" in oilcan("labels", str(tmp_path / "labels"), *words, url=url)
    assert [each.name for each in (tmp_path / "labels").iterdir()] == ["P-2.svg"]
