"""The API describes itself completely."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI

from api.problems import MEDIA_TYPE

OPEN = {"/health", "/ready"}


@pytest.fixture
def schema(application: FastAPI) -> dict[str, Any]:
    """What the application says of itself."""
    return application.openapi()


def operations(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each operation with its method and path."""
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def test_every_operation_has_a_summary_and_a_description(schema: dict[str, Any]) -> None:
    found = list(operations(schema))
    assert len(found) > 25
    assert [name for name, said in found if not said.get("summary")] == []
    assert [name for name, said in found if not said.get("description")] == []
    assert [name for name, said in found if not said.get("tags")] == []


def test_every_refusal_is_a_problem_with_an_example(schema: dict[str, Any]) -> None:
    for name, operation in operations(schema):
        if name.removeprefix("GET ") in OPEN:
            continue
        refusals = {code for code in operation["responses"] if code.startswith(("4", "5"))}
        assert {"401", "503"} <= refusals, name
        for code in refusals:
            content = operation["responses"][code]["content"]
            assert list(content) == [MEDIA_TYPE], (name, code)
            assert content[MEDIA_TYPE]["schema"] == {"$ref": "#/components/schemas/Problem"}
            assert content[MEDIA_TYPE]["examples"], (name, code)


def test_every_success_has_a_schema(schema: dict[str, Any]) -> None:
    for name, operation in operations(schema):
        success = next(code for code in operation["responses"] if code.startswith("2"))
        assert operation["responses"][success]["content"], name


def test_every_body_has_an_example(schema: dict[str, Any]) -> None:
    bodies = [
        body
        for _, operation in operations(schema)
        for body in operation.get("requestBody", {}).get("content", {}).values()
    ]
    assert bodies
    for body in bodies:
        options = body["schema"].get("anyOf", [body["schema"]])
        names = [option["$ref"].rpartition("/")[2] for option in options if "$ref" in option]
        assert all(schema["components"]["schemas"][name].get("examples") for name in names)


def test_every_reference_leads_somewhere(schema: dict[str, Any]) -> None:
    def references(node: Any) -> Iterator[str]:
        if isinstance(node, dict):
            if isinstance(node.get("$ref"), str):
                yield node["$ref"]
            for child in node.values():
                yield from references(child)
        elif isinstance(node, list):
            for child in node:
                yield from references(child)

    known = {f"#/components/schemas/{name}" for name in schema["components"]["schemas"]}
    assert set(references(schema)) <= known


def test_every_operation_but_health_asks_who_is_there(schema: dict[str, Any]) -> None:
    unguarded = {
        name.removeprefix("GET ")
        for name, operation in operations(schema)
        if not operation.get("security")
    }
    assert unguarded == OPEN


def test_pages_are_no_part_of_the_api(schema: dict[str, Any]) -> None:
    assert "/" not in schema["paths"]
    assert "/login" not in schema["paths"]
