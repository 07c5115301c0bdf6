"""All points of an asset fall into one partition, the same on every machine."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.partition import asset_of, partition_of


@pytest.mark.parametrize(
    ("tag", "asset"),
    [("P-101.de_vibration", "P-101"), ("P-101.motor.current", "P-101"), ("P-101", "P-101")],
)
def test_the_asset_is_what_stands_before_the_first_dot(tag: str, asset: str) -> None:
    assert asset_of(tag) == asset


@given(st.text(), st.integers(1, 256))
def test_a_partition_is_one_of_those_there_are(asset: str, partitions: int) -> None:
    assert 0 <= partition_of(asset, partitions) < partitions


def test_the_partition_of_an_asset_never_changes() -> None:
    # Written down, since a log on disk was filled by it.
    assert [partition_of(asset, 16) for asset in ("P-101", "C-201", "M-301")] == [11, 0, 6]


def test_assets_spread_over_the_partitions() -> None:
    counts = [0] * 8
    for number in range(8000):
        counts[partition_of(f"P-{number}", 8)] += 1
    assert min(counts) > 800
