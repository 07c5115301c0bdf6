"""Each folder of cases/ is a source, what devices published to it, and what has to come of that.

A new bug or device becomes a folder: source.yaml, messages.yaml (topic, payload as text or hex,
retained) and expected.yaml. Messages come a second apart, the first one at `START`.
"""

import math
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from config.clock import to_us
from config.documents import load_document
from edge.mqtt.payload import Message
from edge.mqtt.reader import Findings, TopicReader
from edge.mqtt.source import MqttSource
from edge.reading import Reason, split_quality
from edge.source_file import load_sources

CASES = Path(__file__).parent / "cases"
START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def source(case: Path) -> MqttSource:
    sources, problems = load_sources([load_document(case / "source.yaml", relative_to=case)])
    assert problems == []
    assert isinstance(sources[0], MqttSource)
    return sources[0]


def messages(case: Path) -> list[Message]:
    written = yaml.safe_load((case / "messages.yaml").read_text("utf-8"))
    return [
        Message(
            each["topic"],
            bytes.fromhex(each["hex"]) if "hex" in each else each["payload"].encode(),
            to_us(START + timedelta(seconds=second)),
            each.get("retained", False),
        )
        for second, each in enumerate(written)
    ]


def told(found: Findings) -> dict[str, Any]:
    """What came of it as an expected.yaml says it."""
    rows = [
        f"{tag} {moment(ts)} {'-' if math.isnan(value) else value:} {quality_text(quality)}"
        for tag, ts, value, quality in found.rows
    ]
    alarms = [
        f"{each.asset} {each.code} {moment(each.ts)} {'on' if each.active else 'off'} "
        f"{each.severity} {each.message} {each.acknowledged_by}".strip()
        for each in found.alarms
    ]
    rejected = [
        f"{moment(each.received_us)} {each.address}: {each.problem}" for each in found.rejected
    ]
    nodes = [f"{node}: {reason or 'there'}" for node, reason in found.nodes]
    every = {"readings": rows, "alarms": alarms, "rejected": rejected, "devices": nodes}
    return {name: lines for name, lines in every.items() if lines}


def moment(us: int) -> str:
    at = datetime.fromtimestamp(us / 1e6, UTC)
    return at.strftime("%Y-%m-%dT%H:%M:%S.%f").rstrip("0").rstrip(".")


def quality_text(code: int) -> str:
    quality, reason = split_quality(code)
    named = Reason(reason).name.lower() if reason else ""
    return f"{quality.name.lower()} {named}".strip()


@pytest.mark.parametrize("case", sorted(CASES.iterdir()), ids=lambda case: str(case.name))
def test_a_case(case: Path) -> None:
    reader, found = TopicReader(source(case)), Findings()
    for message in messages(case):
        reader.read(message, found)
    assert told(found) == yaml.safe_load((case / "expected.yaml").read_text("utf-8"))
