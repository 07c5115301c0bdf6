"""YAML files whose every value knows its place, so that a message can name file and line.

A `Document` is plain data plus the place of each key path. A `Problem` says what is wrong, where,
and what would be right; a program collects all of them and raises one `DocumentError`.
"""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from config.errors import DocumentError
from config.model_errors import explain
from config.problem import Excerpt as Excerpt
from config.problem import Place as Place
from config.problem import Problem as Problem
from config.yaml_nodes import KeyPath as KeyPath
from config.yaml_nodes import Loader, construct, refuse_deep, walk

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")

_RESOLVER = yaml.resolver.Resolver()

ModelT = TypeVar("ModelT", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed YAML file: its data, and where each key path stands."""

    file: str
    data: Any
    places: dict[KeyPath, Place] = field(repr=False)

    def place(self, path: KeyPath = ()) -> Place:
        """The place of a value, or of the nearest enclosing value that has one."""
        for end in range(len(path), -1, -1):
            if (found := self.places.get(path[:end])) is not None:
                return found
        return Place(self.file)

    def problem(
        self, path: KeyPath, message: str, remedy: str, excerpt: Excerpt | None = None
    ) -> Problem:
        """A problem with the value at `path`."""
        return Problem(self.place(path), message, remedy, excerpt)

    def known_part(self, path: KeyPath) -> KeyPath:
        """`path` without the steps that are no keys here, such as pydantic's union tags.

        Its last step stays, since a missing key is no key yet.
        """
        way: KeyPath = ()
        for depth, step in enumerate(path, start=1):
            if depth == len(path) or (*way, step) in self.places:
                way = (*way, step)
        return way


def load_document(file: Path, *, relative_to: Path | None = None) -> Document:
    """Read one YAML file (YAML 1.1, safe tags only; a repeated key is an error).

    Raises `DocumentError` where the file cannot be read or is not YAML.
    """
    name = (file.relative_to(relative_to) if relative_to else file).as_posix()
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        problem = Problem(Place(name), f"cannot be read ({error})", "Give a readable UTF-8 file")
        raise DocumentError([problem]) from error
    return parse_document(text, name)


def parse_document(
    text: str, name: str, *, environment: Mapping[str, str] = os.environ
) -> Document:
    """Parse YAML text; `name` stands for the file in messages.

    `${NAME}` inside a value is replaced from the environment, so that passwords and ports stay out
    of files. Raises `DocumentError` with every repeated key and every variable that is not set.
    """
    try:
        refuse_deep(text)
        loader = Loader(text)
        try:
            root = loader.get_single_node()
            if root is None:
                return Document(name, None, {})
            problems = [*_repeated_keys(root, name), *_expand(root, name, environment)]
            if problems:
                raise DocumentError(problems)
            return Document(name, construct(loader, root), _places(root, name))
        finally:
            loader.dispose()
    except (yaml.YAMLError, ValueError) as error:
        raise DocumentError([_yaml_problem(error, text, name)]) from error


def _yaml_problem(error: Exception, text: str, name: str) -> Problem:
    mark = None
    message = str(error)
    if isinstance(error, yaml.MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        message = error.problem or error.context or message
    place = Place(name, mark.line + 1, mark.column + 1) if mark else Place(name)
    if isinstance(error, yaml.reader.ReaderError):
        # libyaml counts in bytes.
        before = text.encode()[: error.position].split(b"\n")
        place = Place(name, len(before), len(before[-1]) + 1)
        message = error.reason
    return Problem(place, f"is not valid YAML: {message}", "Correct the YAML here or just above")


def _repeated_keys(root: yaml.Node, name: str) -> Iterator[Problem]:
    """A problem for each key that a mapping gives twice."""
    for _, _, node in walk(root):
        if not isinstance(node, yaml.MappingNode):
            continue
        seen: dict[str, Place] = {}
        for key_node, _ in node.value:
            key, place = str(key_node.value), _place(key_node, name)
            if key in seen:
                message = f"key {key!r} is given twice, first at line {seen[key].line}"
                yield Problem(place, message, "Keep one of the two")
            seen.setdefault(key, place)


def _expand(root: yaml.Node, name: str, environment: Mapping[str, str]) -> Iterator[Problem]:
    """Replace `${NAME}` in every value below `root`; yield a problem for each unset name."""
    done: set[int] = set()
    for _, _, node in walk(root):
        if not isinstance(node, yaml.ScalarNode) or id(node) in done:
            continue
        done.add(id(node))
        for variable in _VARIABLE.findall(node.value):
            if variable not in environment:
                message = f"environment variable {variable} is not set"
                yield Problem(_place(node, name), message, f"Set {variable}, or write the value")
        if _VARIABLE.search(node.value):
            node.value = _VARIABLE.sub(lambda m: environment.get(m[1], ""), node.value)
            if not node.style:
                node.tag = _RESOLVER.resolve(yaml.ScalarNode, node.value, (True, False))  # type: ignore[no-untyped-call]


def _places(root: yaml.Node, name: str) -> dict[KeyPath, Place]:
    """The place of every value; of a key given twice by `<<` the later one, which counts."""
    return {path: _place(mark, name) for path, mark, _ in walk(root)}


def _place(node: yaml.Node, name: str) -> Place:
    return Place(name, node.start_mark.line + 1, node.start_mark.column + 1)


def parse_model(model: type[ModelT], document: Document, path: KeyPath = ()) -> ModelT:
    """The value at `path` of `document` as a pydantic model.

    Raises `DocumentError` with one problem for each wrong field, at the field's own place.
    """
    value: Any = document.data
    for key in path:
        value = value[key]
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise DocumentError(validation_problems(error, document, path, model=model)) from error


def validation_problems(
    error: ValidationError, document: Document, path: KeyPath = (), *, model: Any = None
) -> list[Problem]:
    """A problem for each error that pydantic found in the value at `path`.

    Given the `model` that it was read as, a misspelt key is told the one that was meant.
    """
    problems = []
    for item in error.errors():
        place = document.known_part((*path, *item["loc"]))
        problems.append(document.problem(place, *explain(item, model, place)))
    return problems
