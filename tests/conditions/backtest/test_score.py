"""Forewarnings against failures: every verdict, and the ratios with their populations."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conditions.backtest.failure_file import read_failures
from conditions.backtest.score import (
    Failure,
    Forewarning,
    Horizon,
    Score,
    Verdict,
    judge,
    look_back,
    score,
)
from conditions.errors import FailuresUnreadable
from config.clock import from_us

HORIZON = Horizon(window_us=10, lead_us=2, aftermath_us=3, start_us=0, end_us=1000)
FAILED = Failure("P-1", 100, "VIB")


def warned(at: int, *, asset: str = "P-1", mode: str | None = "VIB") -> Forewarning:
    return Forewarning(asset, mode, at, at - 1)


def scored(*times: int, failures: tuple[Failure, ...] = (FAILED,)) -> Score:
    return score([warned(at) for at in times], failures, HORIZON, replayed={"P-1"})[0]


@pytest.mark.parametrize(
    ("at", "verdict"),
    [
        (89, Verdict.FALSE),
        (90, Verdict.TRUE),
        (98, Verdict.TRUE),
        (99, Verdict.LATE),
        (100, Verdict.AFTERMATH),
        (103, Verdict.AFTERMATH),
        (104, Verdict.FALSE),
        (990, Verdict.FALSE),
        (991, Verdict.UNDECIDED),
    ],
)
def test_a_warning_is_judged_by_how_long_before_the_failure_it_came(
    at: int, verdict: Verdict
) -> None:
    assert judge(warned(at), [FAILED], HORIZON) is verdict


def test_without_a_lead_a_warning_at_the_failure_itself_is_none() -> None:
    assert judge(warned(100), [FAILED], replace(HORIZON, lead_us=0)) is Verdict.AFTERMATH
    assert judge(warned(99), [FAILED], replace(HORIZON, lead_us=0)) is Verdict.TRUE


@pytest.mark.parametrize(
    ("warning", "verdict"),
    [
        (warned(95, asset="P-2"), Verdict.FALSE),
        (warned(95, mode="OHE"), Verdict.FALSE),
        (warned(95, mode="UNK"), Verdict.TRUE),
        (warned(95, mode=None), Verdict.TRUE),
    ],
)
def test_a_warning_speaks_of_its_asset_and_mode_alone(
    warning: Forewarning, verdict: Verdict
) -> None:
    assert judge(warning, [FAILED], HORIZON) is verdict


def test_a_failure_of_no_stated_mode_is_met_by_any_warning() -> None:
    assert judge(warned(95), [replace(FAILED, failure_mode=None)], HORIZON) is Verdict.TRUE


def test_a_warning_between_two_failures_counts_for_the_one_to_come() -> None:
    failures = [FAILED, replace(FAILED, at_us=108)]
    assert judge(warned(102), failures, HORIZON) is Verdict.TRUE


def test_lead_and_sign_are_those_of_the_first_warning_in_the_window() -> None:
    seen = look_back(FAILED, [warned(91), warned(95)], HORIZON, replayed={"P-1"})
    assert (seen.caught, seen.lead_us, seen.sign_us) == (True, 9, 10)


def test_a_failure_that_was_told_of_too_late_has_a_sign_and_is_not_caught() -> None:
    seen = look_back(FAILED, [warned(99)], HORIZON, replayed={"P-1"})
    assert (seen.caught, seen.lead_us, seen.sign_us) == (False, None, 2)


@pytest.mark.parametrize(
    ("failure", "counts"),
    [
        (FAILED, True),
        (replace(FAILED, at_us=2), False),
        (replace(FAILED, at_us=3), True),
        (replace(FAILED, at_us=1000), True),
        (replace(FAILED, at_us=1001), False),
        (replace(FAILED, asset="P-9"), False),
    ],
)
def test_a_failure_counts_where_a_warning_in_time_was_possible(
    failure: Failure, counts: bool
) -> None:
    assert look_back(failure, [], HORIZON, replayed={"P-1"}).scored is counts


def test_precision_leaves_out_what_is_late_known_or_undecided() -> None:
    found = scored(50, 60, 95, 99, 101, 995)
    assert found.precision == pytest.approx(1 / 3)
    assert sum(found.verdicts.values()) == 6


def test_recall_is_over_the_failures_that_count() -> None:
    others = (replace(FAILED, at_us=500), replace(FAILED, asset="P-9"))
    found = scored(95, failures=(FAILED, *others))
    assert (found.recall, found.scored, found.left_out) == (0.5, 2, 1)


def test_without_a_population_there_is_no_ratio() -> None:
    found = scored(failures=())
    assert (found.precision, found.recall, found.lead_us) == (None, None, None)


@given(st.lists(st.integers(1, 999)), st.lists(st.integers(3, 999), max_size=8))
def test_every_warning_has_one_verdict_and_caught_failures_have_a_true_warning(
    times: list[int], failed: list[int]
) -> None:
    failures = tuple(replace(FAILED, at_us=at) for at in failed)
    found = scored(*times, failures=failures)
    assert sum(found.verdicts.values()) == len(times)
    assert found.caught <= found.scored == len(failures)
    assert (found.caught > 0) == (found.verdicts[Verdict.TRUE] > 0)


def test_failures_are_read_from_csv() -> None:
    text = "asset,time,failure_mode\nP-1,2026-01-01T00:00Z,VIB\nP-2,2026-01-02 03:00,\n"
    one, other = read_failures(text.splitlines(), "f.csv")
    assert (one.asset, from_us(one.at_us).isoformat(), one.failure_mode) == (
        "P-1",
        "2026-01-01T00:00:00+00:00",
        "VIB",
    )
    assert (other.failure_mode, from_us(other.at_us).hour) == (None, 3)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "f.csv:1: there is no column 'asset'"),
        ("asset,at\nP-1,1", "no column 'time'"),
        ("asset,time\nP-1,soon", "f.csv:2: 'soon' is no time"),
        ("asset,time\n,2026-01-01", "f.csv:2: no asset"),
    ],
)
def test_a_file_of_failures_that_cannot_be_read_is_told_with_its_line(text: str, said: str) -> None:
    with pytest.raises(FailuresUnreadable, match=said):
        read_failures(text.splitlines(), "f.csv")
