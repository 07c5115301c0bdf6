"""`oilcan check`: every mistake of a plant folder, one on a line."""

from pathlib import Path

import typer

from config.errors import DocumentError
from oilcan.plant.folder import load_plant
from oilcan.plant.plant import Plant
from oilcan.plant.sections import SECTIONS


def run(folder: Path) -> int:
    """Print every problem of the folder, or what it holds; returns the exit code, 1 or 0."""
    try:
        plant = load_plant(folder)
    except DocumentError as error:
        for problem in error.problems:
            typer.echo(problem.explain())
        files = len({problem.place.file for problem in error.problems})
        typer.echo(f"{_count(len(error.problems), 'problem')} in {_count(files, 'file')}")
        return 1
    typer.echo(f"no problems: {_contents(plant)}")
    return 0


def _contents(plant: Plant) -> str:
    counts = {
        "site": len(plant.register.sites),
        "asset": len(plant.register.assets),
        "point": len(plant.points),
        "source": len(plant.sources),
        "rule": len(plant.rules),
        **{one.what: len(plant.work[one.key]) for one in SECTIONS if plant.work.get(one.key)},
    }
    return ", ".join(_count(number, what) for what, number in counts.items())


def _count(number: int, what: str) -> str:
    return f"{number} {what}" + ("" if number == 1 else "s")
