"""Print what an application of a plant did, in colour where the terminal has any."""

from types import MappingProxyType

from rich.console import Console
from rich.text import Text

from config.difference import ChangeKind
from oilcan.plant.diff import PlantDiff, change_line, summary_line

_STYLES = MappingProxyType(
    {
        ChangeKind.ADDED: "green",
        ChangeKind.CHANGED: "yellow",
        ChangeKind.REVIVED: "cyan",
        ChangeKind.RETIRED: "red",
    }
)


def print_report(diff: PlantDiff, console: Console) -> None:
    """Print a line for each change and one that sums up."""
    for change in diff.changes:
        console.print(Text(change_line(change), style=_STYLES[change.kind]), soft_wrap=True)
    console.print(Text(summary_line(diff), style="bold"), soft_wrap=True)
