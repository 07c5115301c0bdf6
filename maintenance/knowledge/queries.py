"""Reads of articles: lists, one with its versions; what was recommended is in `recommendation`."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, LiteralString

from config.database import Connection, fetch_dicts
from maintenance.errors import NotFound
from maintenance.knowledge.article import Article, ArticleVersion, KeptIn, Language, state_of

Row = Mapping[str, Any]

ARTICLE_VERSIONS: Final[LiteralString] = """
SELECT article.code, article.kept_in, article.newest_version, article.published_version,
       article.retired_at IS NOT NULL AS retired,
       v.version, v.language, v.title, v.symptoms, v.asset_classes, v.failure_modes, v.body,
       v.made_by, v.made_at,
       (SELECT count(*) FROM article_vote vote
        WHERE vote.article_id = article.id AND vote.useful) AS useful,
       (SELECT count(*) FROM article_vote vote
        WHERE vote.article_id = article.id AND NOT vote.useful) AS useless
FROM article
JOIN article_version v ON v.article_id = article.id
"""

# What readers see; those who write also see what was never published.
FIND_ARTICLES: Final[LiteralString] = (
    ARTICLE_VERSIONS
    + """
WHERE v.version = CASE WHEN %(drafts)s THEN article.newest_version
                       ELSE article.published_version END
  AND (%(retired)s OR article.retired_at IS NULL)
  AND (%(asset_class)s::text IS NULL OR v.asset_classes = '{}'
       OR %(asset_class)s = ANY (v.asset_classes))
  AND (%(failure_mode)s::text IS NULL OR %(failure_mode)s = ANY (v.failure_modes))
  AND article.code > %(after)s
ORDER BY article.code
LIMIT %(limit)s
"""
)

VERSIONS_OF_ARTICLE: Final[LiteralString] = (
    ARTICLE_VERSIONS + " WHERE article.code = %(code)s ORDER BY v.version DESC"
)


@dataclass(frozen=True, slots=True)
class ArticleFilter:
    """Which articles to list; with `drafts` the newest versions, published or not."""

    asset_class: str | None = None
    failure_mode: str | None = None
    drafts: bool = False
    retired: bool = False


async def find_articles(
    connection: Connection, wanted: ArticleFilter, *, after: str = "", limit: int = 100
) -> list[ArticleVersion]:
    """Articles by code, each in one version."""
    given = {**asdict(wanted), "after": after, "limit": limit}
    return [_version(row) for row in await fetch_dicts(connection, FIND_ARTICLES, given)]


async def versions_of(connection: Connection, code: str) -> list[ArticleVersion]:
    """Every version of an article, newest first. Raises `NotFound`."""
    found = [
        _version(row) for row in await fetch_dicts(connection, VERSIONS_OF_ARTICLE, {"code": code})
    ]
    if not found:
        raise NotFound("article", code)
    return found


def _version(row: Row) -> ArticleVersion:
    article = Article(
        code=row["code"],
        title=row["title"],
        body=row["body"],
        language=Language(row["language"]),
        symptoms=tuple(row["symptoms"]),
        asset_classes=tuple(row["asset_classes"]),
        failure_modes=tuple(row["failure_modes"]),
    )
    return ArticleVersion(
        article=article,
        version=row["version"],
        state=state_of(row["version"], published=row["published_version"], retired=row["retired"]),
        kept_in=KeptIn(row["kept_in"]),
        made_by=row["made_by"],
        made_at=row["made_at"],
        useful=row["useful"],
        useless=row["useless"],
    )
