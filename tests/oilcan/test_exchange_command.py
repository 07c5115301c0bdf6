"""Files in and out at the command line."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from config.database import Connection
from config.errors import SettingsError
from ingest.point import Point, PointKind
from oilcan.exchange_command import Selection, chosen, tags_of, zone_of

pytestmark = pytest.mark.store


def oilcan(*words: str, url: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "oilcan", *words],
        capture_output=True,
        text=True,
        env={**os.environ, "OILCAN_DATABASE_URL": url, "TERM": "dumb"},
        check=False,
    )


@pytest.fixture
async def point(connection: Connection) -> None:
    """The register with the one point P-101.temp."""
    await connection.execute("INSERT INTO site (code, name) VALUES ('S', 'Site')")
    await connection.execute("INSERT INTO asset_class (code, name) VALUES ('pump', 'Pump')")
    await connection.execute(
        "INSERT INTO asset (tag, name, class_id, site_id)"
        " SELECT 'P-101', 'Pump', c.id, s.id FROM site s, asset_class c"
    )
    await connection.execute(
        "INSERT INTO point (tag, asset_id, role, unit)"
        " SELECT 'P-101.temp', id, 'temp', 'degC' FROM asset"
    )


@pytest.mark.usefixtures("point")
def test_a_file_goes_in_once_and_comes_out_again(database_url: str, tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("time,P-101.temp\n2026-11-01T00:00:00Z,20\n2026-11-01T00:01:00Z,warm\n")
    looked = oilcan("import", "readings", str(file), "--dry-run", url=database_url)
    assert looked.returncode == 1
    assert "would store up to 1 readings of 1 point\n" in looked.stdout
    imported = oilcan("import", "readings", str(file), url=database_url)
    assert imported.returncode == 1
    assert "stored 1 readings of 1 point\n" in imported.stdout
    assert f"1 rejected, with the reason: {file}.rejects.csv" in imported.stdout
    again = oilcan("import", "readings", str(file), url=database_url)
    assert "nothing to do" in again.stdout
    out = tmp_path / "out.csv"
    exported = oilcan("export", "readings", str(out), "--asset", "P-101", url=database_url)
    assert exported.stdout == f"{out}: 1 readings of 1 point\n"
    assert out.read_text().splitlines()[1].startswith("2026-11-01 00:00:00.000000Z")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["import", "readings", "missing.csv"], "missing.csv"),
        (["import", "readings", "a.csv", "--time-zone", "Mars/Base"], "no such zone"),
        (["import", "readings", "a.csv", "--map", "P-101.temp"], "NAME=TAG"),
        (["export", "readings", "a.txt"], ".csv or .parquet"),
        (["export", "readings", "a.csv", "--tag", "P-9.x"], "no point 'P-9.x'"),
        (["export", "readings", "a.csv", "--from", "noon"], "--from 'noon'"),
    ],
)
def test_what_cannot_be_done_is_said_in_words(
    database_url: str, words: list[str], said: str
) -> None:
    result = oilcan(*words, url=database_url)
    assert (result.returncode, result.stdout) == (1, "")
    assert said in result.stderr
    assert "Traceback" not in result.stderr


def test_a_selection_is_of_points_and_of_assets() -> None:
    def point(tag: str) -> Point:
        asset, _, role = tag.partition(".")
        rest = role, "", "1", PointKind.GAUGE, None, None, None, None
        return Point(1, tag, 1, asset, "pump", *rest)

    points = [point(tag) for tag in ("A.x", "A.y", "B.x", "C.x")]
    assert chosen(points, Selection()) == points
    assert [p.tag for p in chosen(points, Selection(["A.x"], ["B"]))] == ["A.x", "B.x"]
    with pytest.raises(SettingsError, match="no asset with points 'D'"):
        chosen(points, Selection(assets=["D"]))


def test_names_may_hold_an_equals_sign() -> None:
    assert tags_of(["a=b=P-101.temp"]) == {"a=b": "P-101.temp"}


def test_a_zone_has_to_exist() -> None:
    assert zone_of("Europe/Berlin") == "Europe/Berlin"
    assert zone_of(None) is None
    with pytest.raises(SettingsError):
        zone_of("../etc/passwd")
