"""`oilcan check` prints every mistake of a folder; with any, nothing is applied."""

from pathlib import Path

import pytest

from config.database import Connection, fetch_one
from config.errors import DocumentError
from oilcan.plant.apply import apply_plant
from oilcan.plant.check import run
from oilcan.plant.folder import load_plant

MISTAKES = Path(__file__).parent / "mistakes"

TEN = [
    "assets.yaml:7:5: assets[0].criticalty is not known here. Did you mean 'criticality'?",
    (
        "assets.yaml:18:18: point P-102.pressure is in degC, its role is in bar. "
        "Use bar, or a unit of the same kind"
    ),
    "assets.yaml:23:5: there is no asset class 'centrifugal_pmp'. Did you mean 'centrifugal_pump'?",
    (
        "assets.yaml:27:69: asset U-1 is a part of itself: U-1 -> U-2 -> U-1. "
        "Take `parent:` from one of them"
    ),
    (
        "more-assets.yaml:3:6: asset P-102 is already at assets.yaml:11:5. "
        "Rename or remove one of the two"
    ),
    (
        "plant.yaml:6:5: sites[0].time_zone: 'Europe/Berln' is not a time zone. "
        "Did you mean 'Europe/Berlin'?"
    ),
    (
        "rules/pump.yaml:7:21: 'vibr' is neither an input nor a parameter of this file. "
        "Did you mean 'vib'?"
    ),
    "    vibr > 7.1",
    "    ~~~~",
    (
        "rules/pump.yaml:9:41: clear < 400 overlaps raise > 300. "
        "Clear on the other side of the dead band, such as `<= …`"
    ),
    (
        "sources/broken.yaml:5:9: is not valid YAML: did not find expected ',' or ']'. "
        "Correct the YAML here or just above"
    ),
    (
        "sources/hall-1.yaml:13:11: source hall-1 reads P-102.de_vibratoin, which is no point. "
        "Did you mean 'P-102.de_vibration'?"
    ),
]


def test_ten_mistakes_give_ten_messages(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(MISTAKES) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[:-1] == TEN
    assert lines[-1] == "10 problems in 6 files"


def test_a_sound_folder_is_told_what_it_holds(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(folder) == 0
    assert capsys.readouterr().out == (
        "no problems: 1 site, 2 assets, 4 points, 2 sources, 1 rule\n"
    )


@pytest.mark.store
async def test_of_a_folder_with_mistakes_nothing_is_applied(
    folder: Path, connection: Connection, database_url: str
) -> None:
    await apply_plant(database_url, load_plant(folder))
    before = await contents(connection)
    with pytest.raises(DocumentError):
        await apply_plant(database_url, load_plant(MISTAKES))
    assert await contents(connection) == before


async def contents(connection: Connection) -> object:
    """Everything that applying a plant writes."""
    return await fetch_one(
        connection,
        """
        SELECT (SELECT json_agg(site ORDER BY id) FROM site)::text,
               (SELECT json_agg(asset_class ORDER BY id) FROM asset_class)::text,
               (SELECT json_agg(asset ORDER BY id) FROM asset)::text,
               (SELECT json_agg(point ORDER BY id) FROM point)::text,
               (SELECT json_agg(rule_version ORDER BY id) FROM rule_version)::text,
               (SELECT json_agg(rule_parameter ORDER BY name) FROM rule_parameter)::text
        """,
    )
