"""Every domain error has its place in the one table, and goes over HTTP as a problem."""

import importlib
import inspect

import httpx
import pytest

from api.problem_type import INVALID
from api.problems import MEDIA_TYPE, PROBLEMS, documented, problem_of, problem_type
from config.errors import DatabaseUnavailable, OilcanError
from maintenance.errors import StaleVersion, TransitionRefused

PACKAGES = ["api", "maintenance", "conditions", "ingest"]


def leaves(package: str) -> list[type[OilcanError]]:
    """The errors of a package that are raised: those that have no subclass there."""
    module = importlib.import_module(f"{package}.errors")
    found = [
        kind
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, OilcanError) and kind.__module__ == module.__name__
    ]
    return [kind for kind in found if not any(kind in other.__mro__[1:] for other in found)]


@pytest.mark.parametrize("package", PACKAGES)
def test_every_error_of_the_package_is_in_the_table(package: str) -> None:
    errors = leaves(package)
    assert errors
    assert [kind.__name__ for kind in errors if kind not in PROBLEMS] == []


def test_one_type_has_one_status_and_one_title() -> None:
    told: dict[str, tuple[int, str]] = {}
    for kind in (*PROBLEMS.values(), INVALID):
        assert told.setdefault(kind.slug, (kind.status, kind.title)) == (kind.status, kind.title)


def test_an_error_without_an_entry_is_told_as_its_ancestor() -> None:
    class Sudden(DatabaseUnavailable):
        pass

    assert problem_type(Sudden) is PROBLEMS[DatabaseUnavailable]


def test_a_refused_transition_says_what_is_allowed() -> None:
    error = TransitionRefused("WO-1", action="close", state="draft", allowed=["approve", "cancel"])
    assert problem_of(error).more == {"allowed_transitions": ["approve", "cancel"]}


def test_what_is_not_ours_tells_nothing_of_its_inside() -> None:
    problem = problem_of(ValueError("secret of the inside"))
    assert problem.kind.status == 500
    assert "secret" not in problem.detail


def test_documentation_gathers_errors_of_one_status() -> None:
    responses = documented(StaleVersion, TransitionRefused)
    assert set(responses) == {412, 409, 422}
    assert list(responses[412]["content"]) == [MEDIA_TYPE]


async def test_an_invalid_request_names_each_wrong_field(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/assets", params={"limit": 0, "colour": "red"})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == MEDIA_TYPE
    fields = {item["field"] for item in answer.json()["errors"]}
    assert fields == {"query.limit", "query.colour"}


async def test_an_unknown_address_is_a_problem_too(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/nothing")
    assert (answer.status_code, answer.headers["content-type"]) == (404, MEDIA_TYPE)
    wrong = await client.delete("/api/v1/assets")
    assert (wrong.status_code, wrong.headers["content-type"]) == (405, MEDIA_TYPE)
    assert wrong.headers["allow"] == "GET"


async def test_every_type_leads_to_a_page_that_explains_it(stranger: httpx.AsyncClient) -> None:
    for kind in PROBLEMS.values():
        answer = await stranger.get(kind.uri)
        assert answer.status_code == 200
        assert kind.title in answer.text
