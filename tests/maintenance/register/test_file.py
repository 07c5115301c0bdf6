"""Entries of the register in files."""

from typing import Any

import pytest
from pydantic import ValidationError

from maintenance.register.file import AssetShape, SiteShape

ASSET = {"tag": "P-101", "name": "Pump", "class": "pump", "site": "berlin"}


@pytest.mark.parametrize("tag", ["P-101", "10PAC01AP001", "Förderband_3", "P:1"])
def test_a_tag_is_what_plants_write(tag: str) -> None:
    assert AssetShape.model_validate({**ASSET, "tag": tag}).tag == tag


@pytest.mark.parametrize(
    "tag", ["", "P.101", "P 101", "P/101", "P#1", "P+1", "a>b", "{a}", "x" * 101]
)
def test_a_tag_that_would_break_a_subject_or_a_topic_is_refused(tag: str) -> None:
    with pytest.raises(ValidationError, match="tag"):
        AssetShape.model_validate({**ASSET, "tag": tag})


@pytest.mark.parametrize(
    ("zone", "remedy"),
    [("Europe/Berln", "Did you mean 'Europe/Berlin'?"), ("here", "Write it as in Europe/Berlin")],
)
def test_a_time_zone_that_is_none_has_a_remedy(zone: str, remedy: str) -> None:
    with pytest.raises(ValidationError) as caught:
        SiteShape.model_validate({"code": "s", "name": "S", "time_zone": zone})
    assert remedy in str(caught.value)


@pytest.mark.parametrize(
    "change", [{"tag": 101}, {"name": ""}, {"criticality": "D"}, {"class": None}, {"colour": "red"}]
)
def test_an_entry_with_a_wrong_field_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        AssetShape.model_validate({**ASSET, **change})


def test_an_entry_never_changes_once_read() -> None:
    asset = AssetShape.model_validate(ASSET)
    with pytest.raises(ValidationError, match="frozen"):
        asset.tag = "P-102"
