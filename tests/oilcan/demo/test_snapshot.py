"""What the demo shows, out of what the API says."""

from typing import Any

import pytest

from oilcan.demo.snapshot import Snapshot, SourceView, sources_of
from oilcan.demo.table import news


def status(readings: float, second: int, **parts: Any) -> dict[str, Any]:
    part = {"state": "connected", "message": "", "metrics": {"readings_total": readings}}
    return {
        "roles": [
            {
                "role": "edge",
                "alive": True,
                "said_at": f"2026-05-04T06:00:{second:02d}Z",
                "parts": {"pump-house": part} | parts,
            }
        ]
    }


def pump(snapshot_sources: tuple[SourceView, ...]) -> SourceView:
    return next(source for source in snapshot_sources if source.name == "pump-house")


def test_every_machine_has_its_source_even_before_it_is_heard_of() -> None:
    assert [(one.name, one.state) for one in sources_of({"roles": []}, Snapshot())] == [
        ("pump-house", ""),
        ("air-plc", ""),
        ("conveying", ""),
    ]


def test_readings_a_second_come_from_two_statuses() -> None:
    before = Snapshot(sources=sources_of(status(100.0, 10), Snapshot()))
    assert pump(sources_of(status(164.0, 12), before)).rate == pytest.approx(32.0)


def test_the_same_status_again_keeps_the_rate() -> None:
    first = Snapshot(sources=sources_of(status(100.0, 10), Snapshot()))
    second = Snapshot(sources=sources_of(status(164.0, 12), first))
    assert pump(sources_of(status(164.0, 12), second)).rate == pytest.approx(32.0)


def test_a_restarted_edge_counts_anew_without_a_negative_rate() -> None:
    before = Snapshot(sources=sources_of(status(1000.0, 10), Snapshot()))
    assert pump(sources_of(status(5.0, 12), before)).rate == 0.0


def test_news_tells_each_change_of_state_once() -> None:
    first = Snapshot(sources=sources_of(status(1.0, 10), Snapshot()))
    assert list(news(Snapshot(), first)) == ["source pump-house [modbus] connected"]
    assert list(news(first, first)) == []
