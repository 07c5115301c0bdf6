"""What comes of the messages of edge nodes, and what is counted."""

from dataclasses import dataclass, field

from edge.sparkplug.reading import Row
from edge.sparkplug.rebirth import Command


@dataclass(slots=True)
class Outcome:
    """Readings, commands to publish, problems as (edge node, what is wrong), each in order.

    `nodes` are edge nodes that came or went, with the reason why they went.
    """

    rows: list[Row] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    problems: list[tuple[str, str]] = field(default_factory=list)
    nodes: list[tuple[str, str | None]] = field(default_factory=list)


@dataclass(slots=True)
class Counts:
    """What happened since the start."""

    births: int = 0
    deaths: int = 0
    late_deaths: int = 0
    """Deaths of a connection that is not the one we know."""
    gaps: int = 0
    rebirth_requests: int = 0
    repeated: int = 0
    retained: int = 0
    skipped: int = 0
    """Values that are no numbers: text, data sets, templates, files, arrays, and transient ones."""
    unresolved: int = 0
    """Values left out because nobody told what their alias or their type is."""
    rejected: int = 0
    """Messages that are not Sparkplug B, and metrics that make no tag."""
