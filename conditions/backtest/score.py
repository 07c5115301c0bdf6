"""How warnings fit the failures that happened: precision, recall and lead time. Pure.

A *warning* is a raised event, or a work order that would have been made. It speaks of a failure of
the same asset and failure mode (where either mode is unknown, of any). With a failure at f, a
warning at w is

    true        f - window <= w <= f - lead: it came in time
    late        f - lead < w < f: it came too late to act
    aftermath   f <= w <= f + aftermath: it tells of what everybody knows by then
    undecided   else, and w + window lies behind the end: a failure may still come
    false       else

A failure is *caught* if a true warning speaks of it. It is *scored* if its asset was replayed, it
lies within the range, and so does f - lead: a warning in time was possible.

    precision = true / (true + false)          late, aftermath and undecided warnings are left out
    recall    = caught failures / scored failures
    lead time = f - w of the first true warning of each caught failure
    sign time = f - onset of the first event in [f - window, f], caught or not
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median

UNKNOWN_MODES = frozenset({None, "", "UNK"})


@dataclass(frozen=True, slots=True)
class Failure:
    """A failure that happened; `source` says where it is on record."""

    asset: str
    at_us: int
    failure_mode: str | None
    source: str = ""


@dataclass(frozen=True, slots=True)
class Forewarning:
    """Something that says that an asset will fail; it had first held at `onset_us`."""

    asset: str
    failure_mode: str | None
    at_us: int
    onset_us: int


@dataclass(frozen=True, slots=True)
class Horizon:
    """How far ahead a warning speaks, how early it has to come, and the range, all in µs."""

    window_us: int
    lead_us: int
    aftermath_us: int
    start_us: int
    end_us: int


class Verdict(StrEnum):
    """What a warning turned out to be."""

    TRUE = "true"
    LATE = "late"
    AFTERMATH = "aftermath"
    UNDECIDED = "undecided"
    FALSE = "false"


@dataclass(frozen=True, slots=True)
class FailureSeen:
    """A failure with the first warning in time and the first sign, in µs before it."""

    failure: Failure
    scored: bool
    lead_us: int | None
    sign_us: int | None

    @property
    def caught(self) -> bool:
        """Did a warning come in time?"""
        return self.lead_us is not None


@dataclass(frozen=True, slots=True)
class Score:
    """Counts of warnings by verdict, and of failures; ratios are None without a population."""

    verdicts: Mapping[Verdict, int]
    scored: int
    caught: int
    left_out: int
    lead_us: int | None
    """Median over the caught failures."""
    sign_us: int | None
    """Median over the scored failures that had a sign."""

    @property
    def precision(self) -> float | None:
        """Share of the decided warnings that came true."""
        decided = self.verdicts[Verdict.TRUE] + self.verdicts[Verdict.FALSE]
        return self.verdicts[Verdict.TRUE] / decided if decided else None

    @property
    def recall(self) -> float | None:
        """Share of the scored failures that were caught."""
        return self.caught / self.scored if self.scored else None


def speaks_of(warning: Forewarning, failure: Failure) -> bool:
    """Is the failure one of those that the warning is about?"""
    modes = (warning.failure_mode, failure.failure_mode)
    alike = modes[0] == modes[1] or any(mode in UNKNOWN_MODES for mode in modes)
    return warning.asset == failure.asset and alike


def judge(warning: Forewarning, failures: Sequence[Failure], horizon: Horizon) -> Verdict:
    """What a warning turned out to be; the best that any failure makes of it."""
    before = [f.at_us - warning.at_us for f in failures if speaks_of(warning, f)]
    if any(max(horizon.lead_us, 1) <= gap <= horizon.window_us for gap in before):
        return Verdict.TRUE
    if any(0 < gap < horizon.lead_us for gap in before):
        return Verdict.LATE
    if any(0 <= -gap <= horizon.aftermath_us for gap in before):
        return Verdict.AFTERMATH
    if warning.at_us + horizon.window_us > horizon.end_us:
        return Verdict.UNDECIDED
    return Verdict.FALSE


def look_back(
    failure: Failure,
    warnings: Sequence[Forewarning],
    horizon: Horizon,
    *,
    replayed: Collection[str],
) -> FailureSeen:
    """A failure, and what was said before it."""
    latest = failure.at_us - horizon.lead_us
    within = latest > horizon.start_us and failure.at_us <= horizon.end_us
    about = [warning for warning in warnings if speaks_of(warning, failure)]
    gaps = [failure.at_us - warning.at_us for warning in about]
    leads = [gap for gap in gaps if max(horizon.lead_us, 1) <= gap <= horizon.window_us]
    signs = [
        failure.at_us - warning.onset_us
        for warning, gap in zip(about, gaps, strict=True)
        if 0 <= gap <= horizon.window_us
    ]
    return FailureSeen(
        failure,
        scored=within and failure.asset in replayed,
        lead_us=max(leads, default=None),
        sign_us=max(signs, default=None),
    )


def score(
    warnings: Sequence[Forewarning],
    failures: Sequence[Failure],
    horizon: Horizon,
    *,
    replayed: Collection[str],
) -> tuple[Score, list[FailureSeen]]:
    """Warnings against failures; `replayed` are the assets whose history was looked at."""
    by_asset: dict[str, list[Forewarning]] = {}
    for warning in warnings:
        by_asset.setdefault(warning.asset, []).append(warning)
    failed: dict[str, list[Failure]] = {}
    for failure in failures:
        failed.setdefault(failure.asset, []).append(failure)
    verdicts = dict.fromkeys(Verdict, 0)
    for warning in warnings:
        verdicts[judge(warning, failed.get(warning.asset, []), horizon)] += 1
    seen = [
        look_back(failure, by_asset.get(failure.asset, []), horizon, replayed=replayed)
        for failure in sorted(failures, key=lambda failure: failure.at_us)
    ]
    scored = [one for one in seen if one.scored]
    return (
        Score(
            verdicts=verdicts,
            scored=len(scored),
            caught=sum(one.caught for one in scored),
            left_out=len(seen) - len(scored),
            lead_us=_median([one.lead_us for one in scored]),
            sign_us=_median([one.sign_us for one in scored]),
        ),
        seen,
    )


def _median(values: Sequence[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return round(median(known)) if known else None
