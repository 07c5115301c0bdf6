"""Short streams of one input as a person writes them: `3 until 10m, to 9 until 30m, 8 at 36m`.

    3 until 10m        readings of 3, one each `every`, up to 10 min after the start
    to 9 until 30m     a ramp from the last value to 9
    3 to 9 until 30m   a ramp from 3 to 9
    unknown until 35m  bad readings without a number
    nothing until 2h   no readings at all
    8 at 36m (8@36m)   one reading; `unknown at 36m` one bad reading

Parts follow one another, parted by commas. Pure.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count, takewhile

from conditions.rule_tests.moment import parse_moment

_NUMBER = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"
_PART = re.compile(
    rf"(?:(?P<first>{_NUMBER})?\s*(?:to\s+(?P<last>{_NUMBER}))?|(?P<word>unknown|nothing|off|on))"
    rf"\s*(?P<how>until|at|@)\s*(?P<time>\S.*)"
)
# A test is short; a slip such as 10d for 10s is told rather than waited for.
MOST_READINGS = 1_000_000
_WORDS = {"on": 1.0, "off": 0.0}


class StreamError(ValueError):
    """A stream that cannot be read; says which part and what would be right."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A reading `at` so many µs after the start; None: unknown."""

    at: int
    value: float | None


@dataclass(frozen=True, slots=True)
class Stream:
    """The readings of one input, and how long it was spoken of."""

    samples: Sequence[Sample]
    end: int


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of a stream; `first` and `last` differ on a ramp."""

    text: str
    first: float | None
    last: float | None
    word: str
    single: bool
    time: int


def parse_stream(text: str, *, every: int) -> Stream:
    """The readings of a stream, one each `every` µs where it says `until`.

    A part gives readings from where the one before ended up to its own end; the end itself belongs
    to the next part, or to the last one. Raises `StreamError`.
    """
    if every <= 0:
        raise StreamError("`every` is 0")
    parts = [_parse_part(part.strip()) for part in text.split(",")]
    samples: list[Sample] = []
    now, value = 0, None
    for number, part in enumerate(parts):
        if part.time < now or (part.time == now and not part.single):
            raise StreamError(f"{part.text!r} ends before the part in front of it")
        if (part.time - now) // every > MOST_READINGS:
            raise StreamError(
                f"{part.text!r} has more than {MOST_READINGS:,} readings: say `every`"
            )
        samples += _samples(part, now, every=every, start=value, final=number == len(parts) - 1)
        now = part.time
        value = part.last if part.last is not None else value
    return Stream(_without_doubles(samples), now)


def _parse_part(text: str) -> _Part:
    match = _PART.fullmatch(text)
    if match is None or not (match["first"] or match["last"] or match["word"]):
        raise StreamError(
            f"{text!r} cannot be read; write `3 until 10m`, `to 9 until 30m`, `8 at 36m`, "
            "`unknown until 35m` or `nothing until 2h`"
        )
    single = match["how"] != "until"
    if single and (match["last"] or match["word"] == "nothing"):
        raise StreamError(f"{text!r} takes time: write `until`")
    try:
        time = parse_moment(match["time"])
    except ValueError as error:
        raise StreamError(f"{text!r}: {str(error).partition(' | ')[0]}") from error
    first = float(match["first"]) if match["first"] else _WORDS.get(match["word"] or "")
    last = float(match["last"]) if match["last"] else first
    return _Part(text, first, last, match["word"] or "", single, time)


def _samples(
    part: _Part, now: int, *, every: int, start: float | None, final: bool
) -> Iterator[Sample]:
    if part.word == "nothing":
        return
    if part.single:
        yield Sample(part.time, part.first)
        return
    if part.word == "unknown":
        first, last = None, None
    else:
        first, last = (start if part.first is None else part.first), part.last
        if first is None:
            raise StreamError(f"{part.text!r} has nothing to start from: write `3 to 9 until 30m`")
    whole = part.time - now
    for at in takewhile(lambda at: at < part.time, count(now, every)):
        yield Sample(at, _between(first, last, (at - now) / whole))
    if final:
        yield Sample(part.time, last)


def _between(first: float | None, last: float | None, share: float) -> float | None:
    if first is None or last is None:
        return None
    return first if first == last else first + (last - first) * share


def _without_doubles(samples: Sequence[Sample]) -> list[Sample]:
    """One reading for each time: the first, as the store keeps it."""
    kept: dict[int, Sample] = {}
    for sample in samples:
        kept.setdefault(sample.at, sample)
    return sorted(kept.values(), key=lambda sample: sample.at)
