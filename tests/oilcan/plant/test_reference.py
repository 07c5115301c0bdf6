"""The reference says what the models check, and every key of the register is explained."""

from typing import Any

import pytest
from pydantic import BaseModel

from ingest.point_file import PointShape
from maintenance.register.file import AssetClassShape, LocationShape, RoleShape, SiteShape
from oilcan.plant.reference import FILE, reference
from oilcan.plant.shape import AssetEntry

MODELS = [SiteShape, LocationShape, AssetClassShape, RoleShape, AssetEntry, PointShape]


def test_the_checked_in_page_is_the_one_that_is_made() -> None:
    assert FILE.read_text("utf-8") == reference(), "run python -m oilcan.plant.reference"


@pytest.mark.parametrize("model", MODELS)
def test_every_key_has_a_description_and_an_example(model: type[BaseModel]) -> None:
    for name, field in model.model_fields.items():
        assert field.description, name
        assert field.examples, name


@pytest.mark.parametrize("model", MODELS)
def test_every_example_is_accepted(model: type[BaseModel]) -> None:
    values: dict[str, Any] = {
        field.alias or name: (field.examples or [None])[0]
        for name, field in model.model_fields.items()
    }
    assert model.model_validate(values).model_fields_set == set(model.model_fields)


def test_a_key_stands_in_a_table_with_what_is_taken_where_it_is_left_out() -> None:
    row = next(line for line in reference().splitlines() if line.startswith("| `time_zone`"))
    assert row.split(" | ")[1:3] == ["text", "`UTC`"]


def test_a_duration_is_written_as_in_files() -> None:
    row = next(line for line in reference().splitlines() if line.startswith("| `publish_every`"))
    assert row.split(" | ")[1:3] == ["text", "`500ms`"]
