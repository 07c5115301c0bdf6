"""The equipment to start from."""

import re

import pytest
import yaml

from config.database import Connection
from maintenance.errors import RegisterConflict
from maintenance.register.asset import KeptIn
from maintenance.register.file import AssetClassShape
from maintenance.register.queries import list_asset_classes
from maintenance.register.service import Register, apply_register
from maintenance.register.taxonomy import chosen, load_classes, plant_file, taxonomy


def test_every_code_and_every_class_is_there_once() -> None:
    codes = [each.code for each in taxonomy()]
    assert len(codes) == len(set(codes))
    assert len({each.class_code for each in taxonomy()}) == len(codes)
    assert all(re.fullmatch(r"[A-Z]{2}(/[A-Z]{2})?", code) for code in codes)


def test_every_failure_mode_that_is_named_has_a_name() -> None:
    assert all({"OTH", "UNK"} <= each.failure_modes.keys() for each in taxonomy())
    pump = next(each for each in taxonomy() if each.code == "PU/CE")
    assert (pump.name, pump.failure_modes["VIB"]) == ("Centrifugal pump", "Vibration")


def test_what_is_chosen_is_a_plant_file() -> None:
    said = yaml.safe_load(plant_file(chosen(["PU/CE", "CV"])))
    shapes = [AssetClassShape.model_validate(each) for each in said["asset_classes"]]
    assert [each.equipment for each in shapes] == ["PU/CE", "CV"]


def test_an_unknown_code_has_a_remedy() -> None:
    with pytest.raises(RegisterConflict, match="Did you mean 'PU/CE'"):
        chosen(["PU/CX"])


@pytest.mark.store
async def test_classes_are_loaded_once_and_files_leave_them_alone(connection: Connection) -> None:
    equipment = chosen(["PU/CE", "CO/SC"])
    assert await load_classes(connection, equipment) == ["centrifugal_pump", "screw_compressor"]
    assert await load_classes(connection, equipment) == []
    assert (await apply_register(connection, Register())).changes == ()
    found = await list_asset_classes(connection)
    assert {each.kept_in for each in found} == {KeptIn.DATABASE}
