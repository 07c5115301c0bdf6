"""What cannot be read is kept within bounds, and what is not kept is counted."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from edge.health import Health
from edge.rejected import PAYLOAD_BYTES, Rejected, RejectLimit, fitted
from edge.reporting import ReportingSink
from tests.edge.memory import Memory

MINUTE_US = 60_000_000
TEXTS = st.text(max_size=20) | st.text(min_size=900, max_size=1_100)


def rejected(received_us: int, payload: bytes = b"?") -> Rejected:
    return Rejected("hall", "plant/x", "not a number", payload, received_us)


@given(st.lists(st.integers(0, 5 * MINUTE_US), max_size=60), st.integers(0, 5))
def test_no_minute_keeps_more_than_its_share_and_none_is_lost_from_the_count(
    times: list[int], per_minute: int
) -> None:
    limit = RejectLimit(per_minute)
    all_of_them = [rejected(time) for time in sorted(times)]
    kept = limit.kept(all_of_them)
    assert len(kept) + limit.not_kept == len(all_of_them)
    came = Counter(one.received_us // MINUTE_US for one in all_of_them)
    passed = Counter(one.received_us // MINUTE_US for one in kept)
    assert passed == {
        minute: min(count, per_minute) for minute, count in came.items() if per_minute
    }


@given(st.lists(st.integers(0, 5 * MINUTE_US), max_size=30), st.integers(1, 30))
def test_how_many_come_at_once_changes_nothing(times: list[int], size: int) -> None:
    one_by_one, together = RejectLimit(3), RejectLimit(3)
    all_of_them = [rejected(time) for time in times]
    single = [one for each in all_of_them for one in one_by_one.kept([each])]
    parts = [all_of_them[start : start + size] for start in range(0, len(all_of_them), size)]
    assert [one for part in parts for one in together.kept(part)] == single
    assert one_by_one.not_kept == together.not_kept


@given(
    st.builds(
        Rejected,
        source=TEXTS,
        address=TEXTS,
        problem=TEXTS,
        payload=st.binary(max_size=20),
        received_us=st.integers(),
    )
)
def test_what_is_kept_can_be_written_by_every_database(one: Rejected) -> None:
    kept = fitted(one)
    for text in (kept.source, kept.address, kept.problem):
        assert "\0" not in text
        assert text.encode().decode() == text
        assert len(text) <= 1_000
    assert kept.payload == one.payload
    assert fitted(kept) == kept


def test_a_long_payload_is_cut_and_the_problem_says_so() -> None:
    kept = fitted(rejected(1, bytes(PAYLOAD_BYTES + 5)))
    assert len(kept.payload) == PAYLOAD_BYTES
    assert kept.problem == "not a number (the first 65536 of 65541 bytes are kept)"


async def test_a_source_that_floods_is_cut_short_and_its_health_counts_the_rest(
    memory: Memory,
) -> None:
    health = Health("hall")
    sink = ReportingSink(memory, lambda _: None, health, RejectLimit(2))
    await sink.set_aside([rejected(n) for n in range(5)])
    await sink.set_aside([rejected(6)])
    assert [one.received_us for one in memory.rejected] == [0, 1]
    assert health.part().metrics["rejected_not_kept_total"] == 4


async def test_a_new_run_of_its_collector_keeps_no_more_of_the_minute(memory: Memory) -> None:
    health, limit = Health("hall"), RejectLimit(2)
    for _ in range(3):
        sink = ReportingSink(memory, lambda _: None, health, limit)
        await sink.set_aside([rejected(1)])
    assert len(memory.rejected) == 2
