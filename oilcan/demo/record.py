"""What the registers held, and when: the truth that the demo's check measures against.

A file of JSON lines, one for each change of a register, variable, topic or alarm:
`{"us": 1760000000000000, "protocol": "modbus", "tag": "P-101.de_vibration", "value": 4.51}`.
An alarm's tag is `ASSET/CODE`, and its value 1 or 0.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TextIO

from oilcan.demo.inventory import Protocol


@dataclass(frozen=True, slots=True)
class Change:
    """A register took a value at `us`, in microseconds since 1970."""

    us: int
    protocol: Protocol
    tag: str
    value: float


@dataclass(slots=True)
class Recorder:
    """Writes each value that differs from the tag's last one."""

    output: TextIO
    _last: dict[str, float] = field(default_factory=dict)

    def note(self, protocol: Protocol, us: int, values: Iterable[tuple[str, float]]) -> None:
        """Note values by tag that stand in the registers since `us`."""
        for tag, value in values:
            if self._last.get(tag) != value:
                self._last[tag] = value
                self.output.write(json.dumps(asdict(Change(us, protocol, tag, value))) + "\n")
        self.output.flush()


def read_changes(file: Path) -> Iterator[Change]:
    """The changes noted so far, in order; a last line still being written is left out."""
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    for line in text.splitlines(keepends=True):
        if line.endswith("\n"):
            fields = json.loads(line)
            yield Change(**{**fields, "protocol": Protocol(fields["protocol"])})
