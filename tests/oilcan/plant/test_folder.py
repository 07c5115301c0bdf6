"""Loading a folder: a sound one becomes a plant, every mistake a problem with a remedy."""

from collections.abc import Callable
from pathlib import Path

import pytest

from config.errors import DocumentError
from ingest.point import PointKind
from oilcan.plant.documents import load_edge_sources
from oilcan.plant.folder import load_plant

Edit = Callable[[str, str, str], None]
Problems = Callable[[], list[str]]


def test_a_point_takes_from_its_role_what_it_does_not_say(folder: Path) -> None:
    points = {point.tag: point for point in load_plant(folder).points}
    vibration = points["P-101.de_vibration"]
    assert (vibration.name, vibration.unit) == ("Drive end vibration", "mm/s")
    assert points["P-101.energy"].kind is PointKind.COUNTER


def test_a_point_may_have_another_unit_of_its_roles_dimension(folder: Path) -> None:
    units = {point.tag: point.unit for point in load_plant(folder).points}
    assert units["P-101.pressure"] == "kPa"


def test_parameters_know_the_file_and_line_that_say_so(folder: Path) -> None:
    assert load_plant(folder).parameters == {("P-101", "vib_trip"): (6.5, "assets.yaml:14")}


def test_a_parameter_in_another_unit_is_kept_in_that_of_the_rules(folder: Path, edit: Edit) -> None:
    edit("assets.yaml", "vib_trip: 6.5", "vib_trip: {value: 0.7, unit: cm/s}")
    ((value, _),) = load_plant(folder).parameters.values()
    assert value == 7.0


def test_sources_and_rules_are_part_of_the_plant(folder: Path) -> None:
    plant = load_plant(folder)
    assert [source.name for source in plant.sources] == ["hall-1", "broker"]
    assert [rule.name for rule in plant.rules] == ["centrifugal_pump/vibration"]


def test_files_may_be_split_as_people_like(folder: Path) -> None:
    before = load_plant(folder)
    (folder / "deep" / "er").mkdir(parents=True)
    (folder / "assets.yaml").rename(folder / "deep" / "er" / "a.yaml")
    assert load_plant(folder).points == before.points


def test_a_point_may_be_given_by_its_role_alone(folder: Path, edit: Edit) -> None:
    edit("assets.yaml", "de_vibration: {resolution: 0.01}", "de_vibration:")
    assert len(load_plant(folder).points) == 4


# (file, what is replaced, by what, the one problem that follows)
MISTAKES = [
    (
        "assets.yaml",
        "vib_trip: 6.5",
        "vib_trip: {value: 5, unit: bar}",
        "assets.yaml:14:14: vib_trip is in bar, the rules use it in mm/s. Give it in mm/s",
    ),
    (
        "rules/pump.yaml",
        "> vib_trip",
        "> 5 bar",
        "rules/pump.yaml:10:14: the unit of '5 bar' is not in quotes. Write '5 bar'",
    ),
    (
        "assets.yaml",
        "site: berlin\n    location",
        "site: berln\n    location",
        "assets.yaml:6:5: there is no site 'berln'. Did you mean 'berlin'?",
    ),
    (
        "assets.yaml",
        "location: hall-1",
        "location: hall-2",
        "assets.yaml:7:5: site berlin has no location 'hall-2'. Did you mean 'hall-1'?",
    ),
    (
        "assets.yaml",
        "parent: W-100",
        "parent: W-10",
        "assets.yaml:8:5: there is no asset 'W-10'. Did you mean 'W-100'?",
    ),
    (
        "assets.yaml",
        "parent: W-100",
        "parent: P-101",
        (
            "assets.yaml:8:5: asset P-101 is a part of itself: P-101 -> P-101. "
            "Take `parent:` from one of them"
        ),
    ),
    (
        "assets.yaml",
        "pressure: {unit: kPa}",
        "presure: {unit: kPa}",
        "assets.yaml:12:7: class centrifugal_pump has no role 'presure'. Did you mean 'pressure'?",
    ),
    (
        "assets.yaml",
        "unit: kPa",
        "unit: kpascl",
        (
            "assets.yaml:12:18: assets[1].points.pressure.unit: 'kpascl' is not a unit. "
            "Did you mean 'pascal'?"
        ),
    ),
    (
        "assets.yaml",
        "low: 0, high: 3600",
        "low: 10, high: 1",
        "assets.yaml:10:7: assets[1].points.speed: low 10 is above high 1. Exchange the two",
    ),
    (
        "assets.yaml",
        "low: 0, high: 3600",
        "rollover: 100",
        (
            "assets.yaml:10:30: point P-101.speed rolls over, but is no counter. "
            "Remove `rollover:` or write `kind: counter`"
        ),
    ),
    (
        "assets.yaml",
        "low: 0, high: 3600",
        "max_per_hour: 1",
        (
            "assets.yaml:10:30: point P-101.speed counts at most so much an hour, but is no counter. "
            "Remove `max_per_hour:` or write `kind: counter`"
        ),
    ),
    (
        "assets.yaml",
        "energy: {rollover: 1000000}",
        "energy: {rollover: 10, jitter: 10}",
        "assets.yaml:13:30: jitter 10 is no less than rollover 10. Give the noise of the last digit",
    ),
    (
        "assets.yaml",
        "resolution: 0.01",
        "resolution: yes",
        (
            "assets.yaml:11:22: assets[1].points.de_vibration.resolution: true is not a number. "
            "Give a number"
        ),
    ),
    (
        "assets.yaml",
        "vib_trip: 6.5",
        "vib_tripp: 6.5",
        (
            "assets.yaml:14:14: no rule of class centrifugal_pump has a parameter 'vib_tripp'. "
            "Did you mean 'vib_trip'?"
        ),
    ),
    (
        "assets.yaml",
        "criticality: A",
        "criticality: D",
        "assets.yaml:2:68: assets[0].criticality is 'D'. Known are: A, B, C",
    ),
    (
        "plant.yaml",
        "parent: utilities",
        "parent: utilitys",
        "plant.yaml:7:61: site berlin has no location 'utilitys'. Did you mean 'utilities'?",
    ),
    (
        "plant.yaml",
        "parent: utilities",
        "parent: hall-1",
        (
            "plant.yaml:7:61: location hall-1 lies in itself: hall-1 -> hall-1. "
            "Take `parent:` from one of them"
        ),
    ),
    (
        "plant.yaml",
        "  - code: system\n",
        "  - {code: centrifugal_pump, name: Pump}\n  - code: system\n",
        (
            "plant.yaml:13:5: asset class centrifugal_pump is already at plant.yaml:10:6. "
            "Rename or remove one of the two"
        ),
    ),
    (
        "plant.yaml",
        "asset_classes:",
        "assetclasses: []\nasset_classes:",
        "plant.yaml:9:1: assetclasses is not known here. Did you mean 'asset_classes'?",
    ),
    (
        "sources/hall-1.yaml",
        "asset: P-101",
        "asset: P-1O1",
        (
            "sources/hall-1.yaml:6:9: source hall-1 names asset P-1O1, which does not exist. "
            "Did you mean 'P-101'?"
        ),
    ),
    (
        "sources/hall-1.yaml",
        "unit: mm/s",
        "unit: m/s",
        (
            "sources/hall-1.yaml:9:11: source hall-1 gives P-101.de_vibration in m/s, the point is in "
            "mm/s. Scale it to mm/s, or give the point another unit"
        ),
    ),
    (
        "sources/hall-1.yaml",
        "plant/{asset}/{point}",
        'plant/{asset}", tag: "P-9.speed',
        (
            "sources/hall-1.yaml:14:35: source broker reads P-9.speed, but there is no asset P-9. "
            "Known are: P-101, W-100"
        ),
    ),
    (
        "rules/pump.yaml",
        "for: 2s",
        "for: 2 seconds",
        (
            "rules/pump.yaml:10:62: rules[0].levels.high.for: '2 seconds' is not a duration. "
            "Write a number and a unit: 500ms, 2s, 5m, 2h or 7d"
        ),
    ),
    (
        "rules/pump.yaml",
        "rules:",
        "rule:",
        "rules/pump.yaml:5:1: rule is not known here. Did you mean 'rules'?",
    ),
]


@pytest.mark.parametrize(("file", "old", "new", "problem"), MISTAKES)
def test_a_mistake_is_told_once_with_place_and_remedy(
    file: str, old: str, new: str, problem: str, edit: Edit, problems: Problems
) -> None:
    edit(file, old, new)
    assert problems() == [problem]


def test_what_refers_to_an_entry_with_a_mistake_is_not_told_too(
    edit: Edit, problems: Problems
) -> None:
    edit("plant.yaml", "unit: rpm", "unit: rmp")
    assert len(problems()) == 1


def test_what_an_unreadable_file_may_hold_is_not_told_to_be_missing(
    edit: Edit, problems: Problems
) -> None:
    edit("assets.yaml", "tag: P-101", "tag: [P-101")
    (problem,) = problems()
    assert problem.startswith("assets.yaml:4:9: is not valid YAML")


def test_an_override_that_leaves_no_dead_band_is_a_problem(edit: Edit, problems: Problems) -> None:
    edit("rules/pump.yaml", "< vib_trip - 0.5", "< 6.9")
    assert problems() == [
        (
            "assets.yaml:14:14: with this vib_trip, rule centrifugal_pump/vibration has no dead band: "
            "clear < 6.9 overlaps raise > 6.5. "
            "Keep the clear threshold on the other side of the raise threshold"
        )
    ]


def test_a_file_that_is_a_list_is_a_problem(folder: Path, problems: Problems) -> None:
    (folder / "list.yaml").write_text("- a\n", "utf-8")
    assert problems()[0].startswith("list.yaml:1:1: a plant file has keys at its top")


def test_a_section_that_is_no_list_is_a_problem(folder: Path, problems: Problems) -> None:
    (folder / "more.yaml").write_text("assets: {tag: P-1}\n", "utf-8")
    assert problems() == ["more.yaml:1:1: assets is not a list. Begin each entry with `-`"]


def test_an_empty_section_is_no_mistake(folder: Path) -> None:
    (folder / "more.yaml").write_text("assets:\nsites:\n", "utf-8")
    assert len(load_plant(folder).register.assets) == 2


def test_a_rule_file_without_rules_is_a_problem(folder: Path, problems: Problems) -> None:
    (folder / "more.yaml").write_text("asset_class: system\n", "utf-8")
    assert problems() == ["more.yaml:1:1: a rule file without rules. Add `rules:`"]


def test_a_folder_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="is no folder"):
        load_plant(tmp_path / "none")


def test_an_empty_folder_is_a_problem_since_it_would_retire_everything(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="has no plant files"):
        load_plant(tmp_path)


def test_an_edge_reads_its_sources_whatever_the_register_says(folder: Path, edit: Edit) -> None:
    edit("assets.yaml", "tag: P-101", "tag: P-109")
    assert [source.name for source in load_edge_sources(folder)] == ["hall-1", "broker"]


def test_an_edge_refuses_a_source_with_a_mistake(folder: Path, edit: Edit) -> None:
    edit("sources/hall-1.yaml", "tcp://", "udp://")
    with pytest.raises(DocumentError, match=r"sources/hall-1\.yaml:4:5"):
        load_edge_sources(folder)
