"""The property Quality of edge nodes becomes ours."""

import pytest

from edge.reading import Quality, Reason, quality_code
from edge.sparkplug.quality import quality_of


@pytest.mark.parametrize(
    ("written", "quality", "reason"),
    [
        (None, Quality.GOOD, Reason.NONE),
        (192, Quality.GOOD, Reason.NONE),
        (216, Quality.GOOD, Reason.NONE),
        (64, Quality.UNCERTAIN, Reason.NONE),
        (68, Quality.UNCERTAIN, Reason.STALE),
        (84, Quality.UNCERTAIN, Reason.RANGE),
        (0, Quality.BAD, Reason.DEVICE),
        (4, Quality.BAD, Reason.CONFIGURATION),
        (8, Quality.BAD, Reason.COMMUNICATION),
        (24, Quality.BAD, Reason.COMMUNICATION),
        (25, Quality.BAD, Reason.COMMUNICATION),
        (500, Quality.BAD, Reason.STALE),
        (999, Quality.BAD, Reason.DEVICE),
        (2**64 - 1, Quality.BAD, Reason.DEVICE),
    ],
)
def test_qualities(written: int | None, quality: Quality, reason: Reason) -> None:
    assert quality_of(written) == quality_code(quality, reason)
