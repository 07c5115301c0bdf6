"""The right article among the first three, over requests of real wording."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from config.database import Connection
from maintenance.knowledge.file import ArticleShape
from maintenance.knowledge.recommendation import Report, recommend_articles
from maintenance.knowledge.service import apply_articles

LABELLED = Path(__file__).parent / "labelled.yaml"
ARTICLES = Path(__file__).parents[3] / "oilcan" / "demo" / "plant" / "work" / "knowledge.yaml"


def labelled(half: str) -> list[dict[str, Any]]:
    """Requests of a half, each with the article that helps."""
    return yaml.safe_load(LABELLED.read_text("utf-8"))[half]


@pytest.fixture
async def articles(connection: Connection) -> int:
    """The articles of the demo plant, published."""
    entries = yaml.safe_load(ARTICLES.read_text("utf-8"))["articles"]
    shapes = [ArticleShape.model_validate(entry) for entry in entries]
    await apply_articles(connection, [shape.to_domain() for shape in shapes])
    return len(shapes)


async def misses(connection: Connection, requests: list[dict[str, Any]]) -> list[str]:
    """The requests whose article is not among the first three, with what was."""
    missed = []
    for request in requests:
        report = Report(request["text"], asset_class=request.get("class"))
        found = [one.code for one in await recommend_articles(connection, report, limit=3)]
        if request["article"] not in found:
            missed.append(f"{request['text']!r}: {request['article']} not in {found}")
    return missed


@pytest.mark.parametrize("half", ["tuned", "held_out", "public"])
async def test_the_right_article_is_among_the_first_three(
    connection: Connection, articles: int, half: str
) -> None:
    requests = labelled(half)
    missed = await misses(connection, requests)
    assert 1 - len(missed) / len(requests) >= 0.8, "\n".join(missed)
