"""The templates of the starter library: listed, and written out as rule files of one's own."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import wrap

from conditions.errors import LibraryEntryUnknown
from conditions.library.shape import About, RuleNote, ZoneTable
from conditions.library.zones import load_zones, zone_group, zone_limit
from config.documents import parse_document, parse_model
from config.suggestion import did_you_mean

FOLDER = Path(__file__).parent / "templates"

_ZONE = re.compile(r"<zone ([A-Z]/[A-Z])>")
_CLASS = re.compile(r"^asset_class: (\S+)$", re.MULTILINE)
_POINT = re.compile(r"\bpoint: (\w+)")
_WIDTH = 96


@dataclass(frozen=True, slots=True)
class Template:
    """A template: what it says of itself, and the text of its rule file with places for zones."""

    name: str
    about: About
    text: str

    @property
    def asset_class(self) -> str:
        """The class that it is written for; a copy may name another."""
        found = _CLASS.search(self.text)
        return found[1] if found else ""


@dataclass(frozen=True, slots=True)
class Adaptation:
    """What a copy has otherwise: class, roles (template's -> own), group of machine, table."""

    asset_class: str | None = None
    roles: Mapping[str, str] = field(default_factory=dict)
    group: str | None = None
    zones: ZoneTable | None = None


def templates() -> Iterator[Template]:
    """Every template, by name."""
    for file in sorted(FOLDER.glob("*.yaml")):
        head, _, text = file.read_text(encoding="utf-8").partition("\n---\n")
        about = parse_model(About, parse_document(head, file.name, environment={}))
        yield Template(file.stem, about, text)


def find_template(name: str) -> Template:
    """A template by name. Raises `LibraryEntryUnknown`."""
    known = {template.name: template for template in templates()}
    if name not in known:
        raise LibraryEntryUnknown(f"there is no template {name!r}. {did_you_mean(name, known)}")
    return known[name]


def rule_file(template: Template, adaptation: Adaptation = Adaptation()) -> str:
    """The template as a rule file, with its meaning and the sources of its numbers as comments.

    Raises `LibraryEntryUnknown` for a role or a machine group that is none.
    """
    if unknown := adaptation.roles.keys() - template.about.roles.keys():
        remedy = did_you_mean(min(unknown), template.about.roles)
        raise LibraryEntryUnknown(f"{template.name} reads no role {min(unknown)!r}. {remedy}")
    text, sources = _with_zones(template, adaptation)
    if adaptation.asset_class:
        text = _CLASS.sub(f"asset_class: {adaptation.asset_class}", text)
    text = _POINT.sub(lambda found: f"point: {adaptation.roles.get(found[1], found[1])}", text)
    text = "".join(
        _with_note(line, template.about.rules) for line in text.splitlines(keepends=True)
    )
    return "".join(_head(template, sources)) + text


def _with_zones(template: Template, adaptation: Adaptation) -> tuple[str, dict[str, str]]:
    """The text with the limits of a machine group, and the sources of all numbers."""
    sources = dict(template.about.sources)
    if not _ZONE.search(template.text):
        return template.text, sources
    table = adaptation.zones or load_zones()
    group = zone_group(table, adaptation.group or template.about.group or "")
    note = f" {group.note}" if group.note else ""
    sources["vibration zones"] = (
        f"{group.group} ({group.machine}): {group.standard}; checked: {group.checked}.{note}"
    )
    return _ZONE.sub(
        lambda found: f"{zone_limit(table, group, found[1]):g}", template.text
    ), sources


def _head(template: Template, sources: Mapping[str, str]) -> Iterator[str]:
    yield from _comment(f"{template.about.title}. From the library's template {template.name}.")
    if template.about.set_for_each_asset:
        names = ", ".join(template.about.set_for_each_asset)
        yield from _comment(f"Set under `params:` of each asset: {names}.")
    yield "#\n"
    for name, source in sources.items():
        yield from _comment(f"{name}: {source}")


def _with_note(line: str, notes: Mapping[str, RuleNote]) -> str:
    """A line of the file; before a rule's first line stands what it means."""
    found = re.match(r"( *)- id: (\S+)$", line.rstrip())
    note = notes.get(found[2]) if found else None
    if found is None or note is None:
        return line
    told = f"{note.means} Look first at: {'; '.join(note.check_first)}. Source: {note.source}."
    return "".join(_comment(told, indent=found[1])) + line


def _comment(text: str, *, indent: str = "") -> Iterator[str]:
    for line in wrap(text, _WIDTH - len(indent)):
        yield f"{indent}# {line}\n"
