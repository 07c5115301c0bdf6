"""Where processes write to: files that are set aside, and errors that are passed on."""

import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oilcan.output import KEPT, Output, RotatingFile, is_error


def output(path: Path, shown: list[str], *, max_bytes: int = 1000) -> Output:
    return Output(RotatingFile(path, max_bytes=max_bytes), show=shown.append)


def test_a_file_that_would_grow_too_large_is_set_aside(tmp_path: Path):
    file = RotatingFile(tmp_path / "edge.log", max_bytes=10)
    for word in (b"first...", b"second..", b"third..."):
        file.write(word)
    file.close()
    assert (tmp_path / "edge.log").read_bytes() == b"third..."
    assert (tmp_path / "edge.log.1").read_bytes() == b"second.."
    assert (tmp_path / "edge.log.2").read_bytes() == b"first..."


def test_only_the_youngest_files_are_kept(tmp_path: Path):
    file = RotatingFile(tmp_path / "edge.log", max_bytes=10)
    for number in range(20):
        file.write(f"line {number:4}".encode())
    file.close()
    assert len(list(tmp_path.iterdir())) == 1 + KEPT


def test_a_new_process_appends_to_the_file_of_the_old_one(tmp_path: Path):
    for word in (b"one", b"two"):
        file = RotatingFile(tmp_path / "edge.log", max_bytes=10)
        file.write(word)
        file.close()
    assert (tmp_path / "edge.log").read_bytes() == b"onetwo"


def test_a_full_disk_ends_nothing_and_errors_are_still_passed_on():
    shown: list[str] = []
    taking = output(Path("/dev/full"), shown)
    taking.take(b"1 [error    ] no space left on device\n")
    taking.close()
    assert shown == ["1 [error    ] no space left on device"]


@pytest.mark.parametrize(
    "line",
    [
        b"2026-01-01T00:00:00Z [error    ] cannot be decoded   role=edge",
        b"2026-01-01 00:00:00 UTC [7] PANIC:  could not write to file",
        b"[7] 2026/01/01 00:00:00.000000 [FTL] no space left on device",
    ],
)
def test_an_error_is_known_whoever_wrote_it(line: bytes):
    assert is_error(line)


@pytest.mark.parametrize(
    "line",
    [
        b"2026-01-01T00:00:00Z [warning  ] source is lost   role=edge",
        b"2026-01-01 00:00:00 UTC [7] FATAL:  the database system is starting up",
        b"2026-01-01 00:00:00 UTC [7] ERROR:  duplicate key value",
    ],
)
def test_what_heals_by_itself_is_no_error(line: bytes):
    assert not is_error(line)


@given(cuts=st.lists(st.integers(0, 60), max_size=5))
def test_errors_are_passed_on_whole_however_the_output_arrives(
    tmp_path_factory: pytest.TempPathFactory, cuts: list[int]
):
    data = b"quiet\n1 [error    ] first thing\nquiet\n2 [critical ] second\nrest"
    shown: list[str] = []
    taking = output(tmp_path_factory.mktemp("output") / "edge.log", shown)
    edges = [0, *sorted(cuts), len(data)]
    for begin, end in itertools.pairwise(edges):
        taking.take(data[begin:end])
    taking.close()
    assert shown == ["1 [error    ] first thing", "2 [critical ] second"]


def test_the_last_words_are_at_hand(tmp_path: Path):
    taking = output(tmp_path / "edge.log", [])
    taking.take(b"Traceback\nValueError: no such thing\n\n")
    taking.close()
    assert taking.last_line() == "ValueError: no such thing"


def test_the_frame_of_an_exception_group_is_no_last_word(tmp_path: Path):
    taking = output(tmp_path / "edge.log", [])
    taking.take(b"    | NameError: name 'cast' is not defined\n    +--------------------\n")
    taking.close()
    assert taking.last_line() == "NameError: name 'cast' is not defined"


def test_a_process_that_never_ends_its_line_takes_no_memory(tmp_path: Path):
    taking = output(tmp_path / "edge.log", [], max_bytes=100_000_000)
    for _ in range(100):
        taking.take(b"x" * 100_000)
    taking.close()
    assert len(taking.last_line()) <= 4096
