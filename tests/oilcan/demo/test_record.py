"""The record of what the registers held."""

from pathlib import Path

from oilcan.demo.inventory import Protocol
from oilcan.demo.record import Change, Recorder, read_changes


def test_only_changes_are_noted(tmp_path: Path) -> None:
    file = tmp_path / "registers.jsonl"
    with file.open("w") as output:
        recorder = Recorder(output)
        recorder.note(Protocol.MODBUS, 1, [("a.x", 1.0), ("a.y", 2.0)])
        recorder.note(Protocol.MODBUS, 2, [("a.x", 1.0), ("a.y", 3.0)])
        assert list(read_changes(file)) == [
            Change(1, Protocol.MODBUS, "a.x", 1.0),
            Change(1, Protocol.MODBUS, "a.y", 2.0),
            Change(2, Protocol.MODBUS, "a.y", 3.0),
        ]


def test_a_line_still_being_written_is_left_out(tmp_path: Path) -> None:
    file = tmp_path / "registers.jsonl"
    file.write_text('{"us": 1, "protocol": "mqtt", "tag": "a.x", "value": 1.0}\n{"us": 2, "pro')
    assert list(read_changes(file)) == [Change(1, Protocol.MQTT, "a.x", 1.0)]


def test_before_the_first_change_there_is_none(tmp_path: Path) -> None:
    assert list(read_changes(tmp_path / "registers.jsonl")) == []
