"""Find and read the YAML files of a plant folder. Needs neither a database nor units of measurement,
so that a gateway can read its sources with the base install.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from config.documents import Document, Place, Problem, load_document
from config.errors import DocumentError
from config.suggestion import did_you_mean
from edge.source_file import Source, load_sources

WORK_KEYS: tuple[str, ...] = (
    "calendars",
    "people",
    "teams",
    "channels",
    "automations",
    "service_levels",
    "assignment_rules",
    "storerooms",
    "parts",
    "vendors",
    "contracts",
    "job_plans",
    "rounds",
    "articles",
    "maintenance_plans",
    "work_policies",
)
"""Lists that describe how work is done (`oilcan.plant.sections`)."""

PLANT_KEYS = ("sites", "asset_classes", "assets", "sources", "profiles", *WORK_KEYS)
"""What a file may hold at its top, alone or together."""

RULE_KEYS = ("asset_class", "inputs", "params", "rules", "tests")
"""What a rule file holds at its top; a file of tests alone has `asset_class` and `tests`."""


_REGISTER = re.compile(r"^(sites|asset_classes|assets)\s*:", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Reading:
    """What could be read of a folder, by path, and every problem with reading it.

    `register_lost`: a file that cannot be read holds a part of the register, so that nothing can
    be said to be missing from it.
    """

    documents: list[Document]
    problems: list[Problem]
    register_lost: bool


def read_documents(folder: Path) -> Reading:
    """Read every `*.yaml` below a folder."""
    documents: list[Document] = []
    problems: list[Problem] = []
    register_lost = False
    files = sorted(file for file in folder.rglob("*.yaml") if file.is_file())
    if not files:
        message = "has no plant files" if folder.is_dir() else "is no folder"
        problems.append(Problem(Place(str(folder)), message, "Name a folder that has *.yaml files"))
    for file in files:
        try:
            document = load_document(file, relative_to=folder)
        except DocumentError as error:
            problems += error.problems
            register_lost |= _holds_register(file)
        else:
            documents.append(document)
            problems += _unknown_keys(document)
    return Reading(documents, problems, register_lost)


def _holds_register(file: Path) -> bool:
    """Does a file that is not sound YAML look as if it held sites, classes or assets?"""
    try:
        return _REGISTER.search(file.read_text("utf-8", errors="replace")) is not None
    except OSError:
        return True


def load_edge_sources(folder: Path) -> list[Source]:
    """The sources of a plant folder, checked by themselves; whether their points exist is not.

    Raises `DocumentError`.
    """
    reading = read_documents(folder)
    sources, wrong = load_sources(reading.documents)
    if reading.problems or wrong:
        raise DocumentError([*reading.problems, *wrong])
    return sources


def _unknown_keys(document: Document) -> Iterator[Problem]:
    if document.data is None:
        return
    known = (*PLANT_KEYS, *RULE_KEYS)
    if not isinstance(document.data, dict):
        yield document.problem((), "a plant file has keys at its top", f"Use {', '.join(known)}")
        return
    if "rules" in document.data:  # The rules' own reader looks at every key of its file.
        return
    unknown = [str(key) for key in document.data if key not in known]
    for key in unknown:
        yield document.problem((key,), f"{key} is not known here", did_you_mean(key, known))
    if "asset_class" in document.data and "tests" not in document.data and not unknown:
        yield document.problem(("asset_class",), "a rule file without rules", "Add `rules:`")
