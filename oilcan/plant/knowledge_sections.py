"""Sections of plant files about what is known: articles."""

from collections.abc import Iterator, Sequence

from config.database import Connection
from config.documents import Problem
from config.suggestion import did_you_mean
from maintenance.knowledge.file import ArticleShape
from maintenance.knowledge.service import apply_articles
from oilcan.plant.entries import Declared, Placed
from oilcan.plant.section import Applied, Known, Section


async def apply_article_entries(connection: Connection, entries: Sequence[ArticleShape]) -> Applied:
    """Bring articles in line with the files."""
    difference = await apply_articles(connection, [entry.to_domain() for entry in entries])
    return Applied(difference.changes, difference.unchanged)


def article_problems(
    entries: Sequence[Placed[ArticleShape]], declared: Declared, _: Known
) -> Iterator[Problem]:
    """Classes that the files do not have."""
    for entry in entries:
        for index, asset_class in enumerate(entry.shape.asset_classes):
            if asset_class not in declared.roles:
                message = f"there is no asset class {asset_class!r}"
                remedy = did_you_mean(asset_class, declared.roles)
                yield entry.problem(("asset_classes", index), message, remedy)


KNOWLEDGE_SECTIONS: tuple[Section, ...] = (
    Section("articles", ArticleShape, "article", "code", apply_article_entries, article_problems),
)
