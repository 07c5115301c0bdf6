"""Lists of a plant's files that describe how work is done: job plans, calendars, parts and the like.

Each is one row of `SECTIONS`: the key at a file's top, the model of one entry, what is wrong
between entries, and the command that brings the database in line. Reading, checking, schema,
reference and `oilcan apply` follow from the row. What was made over the API is not touched by files
that do not name it.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from config.database import Connection
from config.documents import Document, Problem
from oilcan.plant.automation_sections import AUTOMATIONS, CHANNELS
from oilcan.plant.entries import Declared, Placed, read_section
from oilcan.plant.job_plan_sections import JOB_PLAN_SECTIONS
from oilcan.plant.knowledge_sections import KNOWLEDGE_SECTIONS
from oilcan.plant.people_sections import PEOPLE_SECTIONS
from oilcan.plant.plan_sections import MAINTENANCE_PLANS
from oilcan.plant.policy_sections import WORK_POLICIES
from oilcan.plant.section import Applied, Section
from oilcan.plant.stock_sections import STOCK_SECTIONS

SECTIONS: tuple[Section, ...] = (
    *PEOPLE_SECTIONS,
    CHANNELS,
    AUTOMATIONS,
    *STOCK_SECTIONS,
    *JOB_PLAN_SECTIONS,
    *KNOWLEDGE_SECTIONS,
    MAINTENANCE_PLANS,
    WORK_POLICIES,
)
"""In the order in which they are applied: a section may refer to those before it."""


def read_sections(
    documents: Sequence[Document], declared: Declared, sections: Sequence[Section] = SECTIONS
) -> tuple[dict[str, list[Any]], list[Problem]]:
    """Section's key -> its entries that are in order, and every problem with the others."""
    problems: list[Problem] = []
    placed = {
        section.key: read_section(documents, section.key, section.shape, problems.extend)
        for section in sections
    }
    known = {section.key: _names(documents, section) for section in sections}
    for section in sections:
        problems += _repeated(section, placed[section.key])
        if section.problems is not None:
            problems += section.problems(placed[section.key], declared, known)
    return {key: [each.shape for each in found] for key, found in placed.items()}, problems


async def apply_sections(
    connection: Connection,
    entries: Mapping[str, Sequence[Any]],
    sections: Sequence[Section] = SECTIONS,
) -> Applied:
    """Bring the database in line with every section; runs in the caller's transaction."""
    applied = [await one.apply(connection, entries.get(one.key, ())) for one in sections]
    return Applied(
        tuple(change for each in applied for change in each.changes),
        sum(each.unchanged for each in applied),
    )


def _names(documents: Sequence[Document], section: Section) -> frozenset[str]:
    rows = [
        row
        for document in documents
        if isinstance(document.data, dict)
        for row in document.data.get(section.key) or ()
    ]
    return frozenset(str(row.get(section.identity)) for row in rows if isinstance(row, dict))


def _repeated(section: Section, entries: Sequence[Placed[Any]]) -> Iterator[Problem]:
    first: dict[str, str] = {}
    for entry in entries:
        name = str(getattr(entry.shape, section.identity))
        if name in first:
            message = f"{section.what} {name} is already at {first[name]}"
            yield entry.problem((section.identity,), message, "Rename or remove one of the two")
        first.setdefault(name, str(entry.place(section.identity)))
