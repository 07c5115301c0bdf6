"""What a topic of a source says is checked before anything connects, with a remedy."""

import pytest

from config.documents import parse_document
from edge.source_file import load_sources

SOURCE = (
    "sources: [{type: mqtt, name: a, connect: 'mqtt://h', topics: [{filter: 'a/{asset}', %s}]}]"
)
CSV = "payload: csv, tag: '{asset}.x', value: v"
JSON = "payload: json, tag: '{asset}.x', value: $.v"


def problems(topic: str) -> list[str]:
    found = load_sources([parse_document(SOURCE % topic, "s.yaml", environment={})])[1]
    return [str(problem) for problem in found]


@pytest.mark.parametrize(
    "topic",
    [
        CSV,
        f"{CSV}, header: false, columns: [t, v], time: t",
        f'{CSV}, delimiter: "\\t"',
        "payload: csv, tag: '{asset}.{p}', columns: [p, v], value: v",
        "payload: csv, tag: '{asset}.x', header: false, value: 2, time: 1, time_unit: s",
        f"{CSV}, time: t, time_format: '%Y-%m-%d %H:%M', time_zone: Asia/Kolkata",
        f"{JSON}, document_time: $.t, names: {{p: $.q}}, enum: {{'ON': 1, 'true': 0}}",
    ],
)
def test_what_is_accepted(topic: str) -> None:
    assert problems(topic) == []


@pytest.mark.parametrize(
    ("topic", "message"),
    [
        (f"{CSV}, delimiter: ';;'", "';;' parts no columns. Write one character"),
        (f"{CSV}, delimiter: ''", "parts no columns"),
        (f"{CSV}, header: false", "nothing names the column 'v'. Name all columns"),
        (f"{CSV}, columns: [t, w]", "nothing names the column 'v'"),
        (f"{CSV}, columns: [v], time: t", "nothing names the column 't'"),
        (f"{CSV}, columns: [v, v]", "a column's name is given twice"),
        ("payload: csv, value: 0, tag: A.x", "0 is no column"),
        ("payload: csv, tag: '{asset}.{p}', columns: [q, v], value: v", "{p}"),
        (f"{CSV}, time: t, time_format: '%H:%M'", "is no format of a time. Write year, month"),
        (f"{CSV}, time: t, time_format: '%Q'", "is no format of a time"),
        (f"{CSV}, time_format: '%Y%m%d', time_unit: s", "both say how times are written"),
        (f"{CSV}, time_zone: Mars/Olympus", "no time zone. Write one such as Europe/Berlin"),
        (f"{JSON}, decimal: ';'", "decimal"),
        (f"{JSON}, enum: {{ON: 1}}", "YAML takes ON, off, yes and no for true and false. Quote"),
        (f"{JSON}, names: {{asset: $.q}}", "the filter gives 'asset' too"),
        (f"{JSON}, names: {{A-1: $.q}}", "is no name for a tag"),
        (f"{JSON}, document_time: '$.t[*]'", "stands for several values"),
    ],
)
def test_what_is_refused(topic: str, message: str) -> None:
    found = problems(topic)
    assert found
    assert any(message in problem for problem in found)
    assert all(problem.startswith("s.yaml:1:") for problem in found)


@pytest.mark.parametrize("value", ["0", "-1", "1.5", "''", "true", "[v]"])
def test_a_column_that_is_none_is_told_once_with_its_remedy(value: str) -> None:
    (said,) = problems(f"payload: csv, tag: A.x, value: {value}")
    assert "is no column. Write its name, or its place from 1" in said
