"""The entries of a plant's files, each with its place, and what is wrong with each by itself."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from config.documents import Document, KeyPath, Place, Problem, parse_model
from config.errors import DocumentError
from maintenance.register.file import AssetClassShape, LocationShape, SiteShape
from oilcan.plant.shape import AssetEntry

ShapeT = TypeVar("ShapeT", bound=BaseModel)
OtherT = TypeVar("OtherT", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Placed(Generic[ShapeT]):
    """An entry and where it stands."""

    document: Document
    path: KeyPath
    shape: ShapeT

    def place(self, *path: str | int) -> Place:
        """The place of one of its values."""
        return self.document.place((*self.path, *path))

    def problem(self, path: KeyPath, message: str, remedy: str) -> Problem:
        """A problem with one of its values."""
        return Problem(self.place(*path), message, remedy)


@dataclass(frozen=True, slots=True)
class Declared:
    """All names that files declare, those of entries with a mistake of their own too.

    One mistake is then told once, and not again by everything that refers to its entry.
    """

    sites: frozenset[str]
    locations: frozenset[tuple[str, str]]
    roles: Mapping[str, Mapping[str, str]]
    """Asset class -> role -> unit."""
    assets: frozenset[str]
    points: frozenset[str]
    parameters: Mapping[str, frozenset[str]]
    """Asset class -> parameters of its rule files."""


@dataclass(frozen=True, slots=True)
class Entries:
    """The entries that are in order by themselves."""

    sites: Sequence[Placed[SiteShape]]
    asset_classes: Sequence[Placed[AssetClassShape]]
    assets: Sequence[Placed[AssetEntry]]

    def locations(self) -> Iterator[tuple[str, Placed[LocationShape]]]:
        """Every location with the code of its site."""
        for site in self.sites:
            for index, location in enumerate(site.shape.locations):
                path = (*site.path, "locations", index)
                yield site.shape.code, Placed(site.document, path, location)


def read_entries(documents: Sequence[Document]) -> tuple[Entries, list[Problem]]:
    """Sites, classes and assets of all documents; one with a mistake is a problem instead."""
    problems: list[Problem] = []
    entries = Entries(
        read_section(documents, "sites", SiteShape, problems.extend),
        read_section(documents, "asset_classes", AssetClassShape, problems.extend),
        read_section(documents, "assets", AssetEntry, problems.extend),
    )
    return entries, problems


def read_section(
    documents: Sequence[Document],
    key: str,
    shape: type[ShapeT],
    report: Callable[[Sequence[Problem]], None],
) -> list[Placed[ShapeT]]:
    """The entries under a key of every document; one with a mistake is reported instead."""
    found: list[Placed[ShapeT]] = []
    for document in documents:
        if not isinstance(_section(document, key), list):
            report([document.problem((key,), f"{key} is not a list", "Begin each entry with `-`")])
            continue
        for index in range(len(_section(document, key))):
            try:
                path = (key, index)
                found.append(Placed(document, path, parse_model(shape, document, path)))
            except DocumentError as error:
                report(error.problems)
    return found


def _section(document: Document, key: str) -> Any:
    """The list under a key of the document's top; an empty one where there is nothing."""
    data = document.data if isinstance(document.data, dict) else {}
    return [] if data.get(key) is None else data[key]


def declared(documents: Sequence[Document]) -> Declared:
    """All names that the documents declare."""
    sites = list(_raw(documents, "sites"))
    classes = list(_raw(documents, "asset_classes"))
    assets = list(_raw(documents, "assets"))
    return Declared(
        sites=frozenset(str(site.get("code")) for site in sites),
        locations=frozenset(
            (str(site.get("code")), str(location.get("code")))
            for site in sites
            for location in _mappings(site.get("locations"))
        ),
        roles={str(each.get("code")): _units(each.get("roles")) for each in classes},
        assets=frozenset(str(asset.get("tag")) for asset in assets),
        points=frozenset(
            f"{asset.get('tag')}.{role}" for asset in assets for role in _keys(asset.get("points"))
        ),
        parameters=_parameters(documents),
    )


def _raw(documents: Sequence[Document], key: str) -> Iterator[dict[Any, Any]]:
    for document in documents:
        yield from _mappings(_section(document, key))


def _mappings(value: object) -> Iterator[dict[Any, Any]]:
    if isinstance(value, list):
        yield from (each for each in value if isinstance(each, dict))


def _keys(value: object) -> list[str]:
    return [str(key) for key in value] if isinstance(value, dict) else []


def _units(roles: object) -> dict[str, str]:
    fields = roles.items() if isinstance(roles, dict) else ()
    return {
        str(role): str(role_fields.get("unit", "1") if isinstance(role_fields, dict) else "1")
        for role, role_fields in fields
    }


def _parameters(documents: Sequence[Document]) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for document in documents:
        if isinstance(document.data, dict) and "asset_class" in document.data:
            asset_class = str(document.data["asset_class"])
            names = frozenset(_keys(document.data.get("params")))
            found[asset_class] = found.get(asset_class, frozenset()) | names
    return found
