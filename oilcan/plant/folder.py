"""Load a plant folder: read every file, check each by itself and all together, connect to nothing."""

from pathlib import Path

from conditions.rule_file import load_rules
from conditions.rule_tests.file import load_tests
from config.documents import Problem
from config.errors import DocumentError
from edge.source_file import load_sources
from oilcan.plant.documents import read_documents
from oilcan.plant.entries import declared, read_entries
from oilcan.plant.entry_check import entry_problems
from oilcan.plant.parameter_check import parameter_problems
from oilcan.plant.plant import Plant, build_plant
from oilcan.plant.sections import read_sections
from oilcan.plant.source_check import source_problems


def load_plant(folder: Path) -> Plant:
    """The plant of a folder's `*.yaml` files.

    Raises `DocumentError` with every problem of every file, by file and line.
    """
    reading = read_documents(folder)
    known = declared(reading.documents)
    entries, wrong_entries = read_entries(reading.documents)
    sources, wrong_sources = load_sources(reading.documents)
    problems = [*reading.problems, *wrong_entries, *wrong_sources]
    rules, wrong_rules = load_rules(reading.documents, known.roles)
    work, wrong_work = read_sections(reading.documents, known)
    if not reading.register_lost:
        problems += wrong_work
        problems += wrong_rules
        if not wrong_rules:
            problems += load_tests(reading.documents, rules)[1]
        problems += entry_problems(entries, known)
        problems += source_problems(reading.documents, entries, known)
        problems += parameter_problems(entries, rules)
    if problems:
        raise DocumentError(sorted(set(problems), key=_order))
    return build_plant(entries, sources=sources, rules=rules, work=work)


def _order(problem: Problem) -> tuple[str, int, int, str]:
    return problem.place.file, problem.place.line, problem.place.column, problem.message
