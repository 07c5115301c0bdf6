"""Whatever stands in the files, loading gives a plant or problems, never another error."""

import copy
import tempfile
from pathlib import Path
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from config.errors import DocumentError
from oilcan.plant.folder import load_plant
from oilcan.plant.plant import Plant

SOUND = Path(__file__).parent / "sound"
FILES = {
    str(file.relative_to(SOUND)): yaml.safe_load(file.read_text("utf-8"))
    for file in sorted(SOUND.rglob("*.yaml"))
}

Way = tuple[Any, ...]
SCALARS = st.sampled_from([None, True, 0, -1, 1.5, "", "x", "P-101", "berlin", "1", "P-101.speed"])
ODD = st.one_of(
    SCALARS,
    st.floats(),
    st.dates(),
    st.lists(SCALARS, max_size=2),
    st.dictionaries(SCALARS, SCALARS, max_size=2),
)


def ways(value: Any, way: Way = ()) -> list[Way]:
    """The way to every value below one."""
    items: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, list):
        items = list(enumerate(value))
    return [way, *(found for key, child in items for found in ways(child, (*way, key)))]


WAYS = [way for way in ways(FILES) if way]


def replace(files: dict[str, Any], way: Way, value: Any) -> None:
    """Put a value at a way, if an earlier replacement has left that way."""
    *steps, last = way
    place: Any = files
    for step in steps:
        try:
            place = place[step]
        except (KeyError, IndexError, TypeError):
            return
    if isinstance(place, dict) or (isinstance(place, list) and last in range(len(place))):
        place[last] = value


@given(st.lists(st.tuples(st.sampled_from(WAYS), ODD), min_size=1, max_size=4))
@settings(max_examples=150, deadline=None)
def test_any_values_are_a_plant_or_problems(changes: list[tuple[Way, Any]]) -> None:
    files = copy.deepcopy(FILES)
    for way, value in changes:
        replace(files, way, value)
    assert loaded_or_refused(files)


@given(st.sampled_from([way for way in WAYS if isinstance(way[-1], str)]), SCALARS)
@settings(max_examples=100, deadline=None)
def test_any_keys_are_a_plant_or_problems(way: Way, key: Any) -> None:
    files = copy.deepcopy(FILES)
    place: Any = files
    for step in way[:-1]:
        place = place[step]
    if place is not files:
        place[key] = place.pop(way[-1])
    assert loaded_or_refused(files)


def loaded_or_refused(files: dict[str, Any]) -> bool:
    """Is a folder of these files a plant, or refused with problems that all have a remedy?"""
    with tempfile.TemporaryDirectory() as name:
        for file, data in files.items():
            path = Path(name) / file
            path.parent.mkdir(exist_ok=True)
            path.write_text(yaml.safe_dump(data, sort_keys=False), "utf-8")
        try:
            return isinstance(load_plant(Path(name)), Plant)
        except DocumentError as error:
            return bool(error.problems) and all(problem.remedy for problem in error.problems)
