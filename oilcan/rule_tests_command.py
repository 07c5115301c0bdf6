"""`oilcan rules test`: run the tests of rules, and show where one differs. Connects to nothing."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from conditions.rule_file import load_rules
from conditions.rule_tests.case import Outcome, RuleTest, run_test
from conditions.rule_tests.expectation import Compared, Step
from conditions.rule_tests.file import has_tests, load_tests
from config.documents import Document, Place, Problem, load_document
from config.errors import DocumentError
from oilcan.plant.documents import read_documents
from oilcan.plant.entries import declared


def run_tests(path: Path, *, name: str | None, console: Console) -> int:
    """Run the tests of a folder or a file; returns the exit code, 1 where one fails.

    `name` picks those with it in their own or their rule's name. Raises `DocumentError`.
    """
    tests = [test for test in find_tests(path) if _named(test, name)]
    if not tests:
        problem = Problem(Place(str(path)), "has no tests", "Add `tests:` beside the rules")
        raise DocumentError([problem])
    outcomes = [run_test(test) for test in tests]
    for outcome in outcomes:
        _print(outcome, console)
    failed = sum(not outcome.passed for outcome in outcomes)
    console.print(f"{len(outcomes) - failed} passed, {failed} failed", highlight=False)
    return 1 if failed else 0


def find_tests(path: Path) -> list[RuleTest]:
    """The tests of a folder, or of one file of it.

    Roles and units of points are checked where the folder says what they are. Raises
    `DocumentError` with every problem of the rules and their tests.
    """
    folder = path if path.is_dir() else path.parent
    reading = read_documents(folder)
    roles = declared(reading.documents).roles or None
    rules, wrong_rules = load_rules(reading.documents, roles)
    chosen = reading.documents if path.is_dir() else [load_document(path, relative_to=folder)]
    tests, wrong_tests = load_tests(_with_tests(chosen), rules)
    # A rule with a mistake has no tests that could be found wrong for want of it.
    problems = [*reading.problems, *(wrong_rules or wrong_tests)]
    if problems:
        raise DocumentError(sorted(set(problems), key=lambda p: (p.place.file, p.place.line)))
    return tests


def _with_tests(documents: Sequence[Document]) -> list[Document]:
    return [document for document in documents if has_tests(document)]


def _named(test: RuleTest, name: str | None) -> bool:
    return name is None or name in test.name or name in test.rule.name


def _print(outcome: Outcome, console: Console) -> None:
    test = outcome.test
    mark = "[green]ok[/]  " if outcome.passed else "[red]FAIL[/]"
    where = f"[dim]{test.file}:{test.line}[/]"
    console.print(f"{mark}  {test.rule.id}: {test.name}  {where}", highlight=False)
    if not outcome.passed:
        console.print(_table(outcome.lines))


def _table(lines: Sequence[Compared]) -> Table:
    """What was expected beside what was found, a cross where they differ."""
    table = Table("", "expected", "found", box=None, padding=(0, 2, 0, 2))
    for line in lines:
        mark = "" if line.same else "x"
        style = None if line.same else "red"
        table.add_row(mark, _said(line.expected), _said(line.found), style=style)
    return table


def _said(step: Step | None) -> str:
    return "nothing" if step is None else str(step)
