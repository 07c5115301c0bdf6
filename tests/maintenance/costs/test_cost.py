"""Labour to the cent, and when a hint says replace."""

import pytest

from maintenance.costs.cost import Hint, labour_cost, repair_or_replace


@pytest.mark.parametrize(
    ("minutes", "rate_minor_per_hour", "amount_minor"),
    [(60, 4500, 4500), (1, 4500, 75), (50, 4550, 3792), (59, 4500, 4425), (0, 4500, 0)],
)
def test_atlas_long_division_truncates_labour_here_minutes_are_paid_to_the_cent(
    minutes: int, rate_minor_per_hour: int, amount_minor: int
) -> None:
    assert labour_cost(minutes, rate_minor_per_hour) == amount_minor


@pytest.mark.parametrize(
    ("spent_minor", "hint"),
    [(0, Hint.REPAIR), (4_999, Hint.REPAIR), (5_000, Hint.WATCH), (10_000, Hint.REPLACE)],
)
def test_the_hint_follows_what_was_spent(spent_minor: int, hint: Hint) -> None:
    assert repair_or_replace(spent_minor, 10_000, years=5).hint is hint


def test_without_a_replacement_value_there_is_no_hint() -> None:
    found = repair_or_replace(5_000, None, years=5)
    assert (found.hint, found.replacement_minor) == (Hint.UNKNOWN, None)
