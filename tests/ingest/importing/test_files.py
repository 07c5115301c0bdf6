"""Files of readings: their blocks, and the line on which each row stands."""

import gzip
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingest.errors import ImportRefused
from ingest.importing.files import Block, digest_of, open_reading_file


def blocks(path: Path) -> list[Block]:
    return list(open_reading_file(path).blocks())


def write(folder: Path, text: str, name: str = "a.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_row_knows_its_line(tmp_path: Path) -> None:
    [block] = blocks(write(tmp_path, "time,tag,value\n1,a,2\n3,b,4\n"))
    assert block.line.tolist() == [2, 3]
    assert block.rows.to_pylist()[1] == {"time": "3", "tag": "b", "value": "4"}


def test_rows_of_another_width_are_kept_aside_and_counted_as_lines(tmp_path: Path) -> None:
    [block] = blocks(write(tmp_path, "time,tag,value\n1,a\n3,b,4\n5,c,6,7\n8,d,9\n1\n"))
    assert block.line.tolist() == [3, 5]
    assert sorted(block.broken) == [2, 4, 6]
    assert "3 columns are expected, there are 2: 1,a" in block.broken[2]
    assert block.last_line == 6


def test_lines_go_on_over_blocks(tmp_path: Path) -> None:
    row = "2026-11-23T00:00:00Z,P-101.temp,1.5" + "0" * 60
    rows = [row if number % 50_000 else "broken" for number in range(1, 150_001)]
    found = blocks(write(tmp_path, "time,tag,value\n" + "\n".join(rows) + "\n"))
    assert len(found) > 1
    lines = [line for block in found for line in block.line.tolist()]
    broken = [line for block in found for line in block.broken]
    assert broken == [50_001, 100_001, 150_001]
    assert sorted(lines + broken) == list(range(2, 150_002))


def test_a_mark_of_the_encoding_and_a_gzip_are_no_trouble(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(b"\xef\xbb\xbftime,tag,value\r\n1,a,2\r\n"))
    file = open_reading_file(path)
    assert file.columns == ["time", "tag", "value"]
    assert [block.rows.to_pylist() for block in file.blocks()] == [
        [{"time": "1", "tag": "a", "value": "2"}]
    ]


def test_a_parquet_file_counts_rows_from_1(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"time": [1, 2], "tag": ["a", "b"], "value": [1.0, 2.0]}), path)
    [block] = blocks(path)
    assert block.line.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", b"", "nothing in it"),
        ("a.csv", b"time;tag;value\n1;a;2\n", "--delimiter"),
        ("a.csv", b"time,tag,value\n\xff\xfe,a,2\n", "a.csv"),
        ("a.parquet", b"not parquet", "a.parquet"),
        ("a.csv.gz", b"not gzip", "a.csv.gz"),
    ],
)
def test_a_damaged_file_is_refused_with_its_name(
    tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ImportRefused, match=said):
        blocks(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImportRefused, match=r"no\.csv"):
        open_reading_file(tmp_path / "no.csv")


def test_the_digest_is_of_content_and_manner(tmp_path: Path) -> None:
    one, two = write(tmp_path, "a", "1"), write(tmp_path, "a", "2")
    assert digest_of(one, "x") == digest_of(two, "x")
    assert digest_of(one, "x") != digest_of(one, "y")
