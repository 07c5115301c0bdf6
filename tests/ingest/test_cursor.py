"""A cursor holds what was taken in: by position, and by batch where the log holds one twice."""

from hypothesis import given
from hypothesis import strategies as st

from config.log import BatchId, Kind, Position, Record
from ingest.cursor import Cursor


def record(sequence: int, batch: BatchId, stream: str = "s") -> Record:
    return Record(Kind.READINGS, 0, batch, Position(stream, sequence), b"")


def test_a_record_read_again_is_held() -> None:
    first = record(5, BatchId("e", "run", 1))
    assert not Cursor().holds(first)
    assert Cursor().after(first).holds(first)


def test_a_batch_that_the_log_holds_twice_is_held_and_passed() -> None:
    batch = BatchId("e", "run", 1)
    cursor = Cursor().after(record(5, batch))
    again = record(9, batch)
    assert cursor.holds(again)
    assert cursor.after(again).position.sequence == 9


def test_a_new_run_of_an_edge_counts_from_its_own_start() -> None:
    cursor = Cursor().after(record(5, BatchId("e", "run", 7)))
    assert not cursor.holds(record(6, BatchId("e", "other", 1)))


def test_a_log_made_anew_is_read_from_its_start() -> None:
    cursor = Cursor().after(record(500, BatchId("e", "run", 7)))
    assert not cursor.holds(record(1, BatchId("e", "run", 8), stream="new"))


@given(st.lists(st.tuples(st.sampled_from(["a", "b"]), st.integers(0, 5)), max_size=30))
def test_after_a_record_it_and_all_before_it_are_held(taken: list[tuple[str, int]]) -> None:
    cursor, passed = Cursor(), []
    for place, (edge, sequence) in enumerate(taken, 1):
        passed.append(record(place, BatchId(edge, "run", sequence)))
        cursor = cursor.after(passed[-1])
        assert all(cursor.holds(one) for one in passed)
