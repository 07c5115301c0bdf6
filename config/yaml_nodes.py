"""The nodes of a YAML text, within bounds that no text can pass to exhaust stack or memory."""

from collections.abc import Iterator
from typing import Any

import yaml

KeyPath = tuple[str | int, ...]
"""Way from a document's top to a value: mapping keys and list indices."""

# libyaml reads five times as fast, and is there in every wheel of PyYAML.
Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

# Files of people stay far below both.
_DEEPEST = 40
_MOST_VALUES = 2_000_000


def refuse_deep(text: str) -> None:
    """Raise `YAMLError` unless the text nests and repeats itself within bounds."""
    depth = 0
    for event in yaml.parse(text, Loader=Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > _DEEPEST:
            mark: Any = event.start_mark
            raise yaml.MarkedYAMLError(
                problem=f"values nested deeper than {_DEEPEST}", problem_mark=mark
            )


def walk(root: yaml.Node) -> Iterator[tuple[KeyPath, yaml.Node, yaml.Node]]:
    """Every value below `root` with its path and the node that marks its place (a key, if any).

    Raises `YAMLError` where a value holds itself, or aliases multiply beyond all bounds.
    """
    waiting: list[tuple[KeyPath, yaml.Node, yaml.Node]] = [((), root, root)]
    count = 0
    while waiting:
        path, mark, node = waiting.pop()
        count += 1
        if len(path) > _DEEPEST or count > _MOST_VALUES:
            raise yaml.MarkedYAMLError(
                problem="aliases that hold themselves or multiply", problem_mark=mark.start_mark
            )
        yield path, mark, node
        waiting += reversed(list(_below(path, node)))


def _below(path: KeyPath, node: yaml.Node) -> Iterator[tuple[KeyPath, yaml.Node, yaml.Node]]:
    if isinstance(node, yaml.SequenceNode):
        for index, child in enumerate(node.value):
            yield (*path, index), child, child
    elif isinstance(node, yaml.MappingNode):
        for key, child in node.value:
            yield (*path, str(key.value)), key, child


def construct(loader: Any, root: yaml.Node) -> Any:
    """Plain data of a tree. Raises `YAMLError` with the place where a value cannot be read."""
    try:
        return loader.construct_document(root)
    except ValueError as error:
        for _, _, node in walk(root):
            if isinstance(node, yaml.ScalarNode) and (problem := _scalar_problem(node)):
                mark: Any = node.start_mark
                raise yaml.MarkedYAMLError(problem=problem, problem_mark=mark) from error
        raise


def _scalar_problem(node: yaml.ScalarNode) -> str | None:
    try:
        yaml.constructor.SafeConstructor().construct_object(node)
    except ValueError as error:
        return f"{node.value!r} cannot be read ({error})"
    return None
