"""Lists of plant files that describe how work is done."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict

from config.database import Connection
from config.difference import Change, ChangeKind
from oilcan.plant.documents import WORK_KEYS, read_documents
from oilcan.plant.entries import declared
from oilcan.plant.section import Applied, Section
from oilcan.plant.sections import SECTIONS, apply_sections, read_sections


class Tool(BaseModel):
    """An entry."""

    model_config = ConfigDict(extra="forbid")

    code: str
    size: int


async def apply_tools(connection: Connection, tools: Sequence[Tool]) -> Applied:
    """As a section's command does."""
    return Applied(tuple(Change(ChangeKind.ADDED, "tool", tool.code) for tool in tools), 1)


TOOLS = Section("tools", Tool, "tool", "code", apply_tools)


def read(tmp_path: Path, text: str) -> tuple[dict[str, list[Tool]], list[str]]:
    (tmp_path / "tools.yaml").write_text(text)
    documents = read_documents(tmp_path).documents
    found, problems = read_sections(documents, declared(documents), [TOOLS])
    return found, [problem.explain() for problem in problems]


def test_entries_are_read_by_their_section(tmp_path: Path) -> None:
    found, problems = read(tmp_path, "tools:\n  - {code: T1, size: 3}\n")
    assert (found["tools"], problems) == ([Tool(code="T1", size=3)], [])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("tools:\n  - {code: T1, size: big}\n", "tools.yaml:2"),
        ("tools:\n  - {code: T1, size: 1}\n  - {code: T1, size: 2}\n", "tool T1 is already at"),
        ("tools: {code: T1}\n", "tools is not a list"),
    ],
)
def test_a_mistake_is_told_with_its_place(tmp_path: Path, text: str, told: str) -> None:
    _, problems = read(tmp_path, text)
    assert len(problems) == 1
    assert told in problems[0]


async def test_what_each_section_did_is_told_together(connection: Connection) -> None:
    applied = await apply_sections(connection, {"tools": [Tool(code="T1", size=3)]}, [TOOLS, TOOLS])
    assert ([change.key for change in applied.changes], applied.unchanged) == (["T1", "T1"], 2)


def test_the_reader_of_documents_knows_the_key_of_every_section() -> None:
    assert {section.key for section in SECTIONS} == set(WORK_KEYS)
