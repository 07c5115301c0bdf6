"""SQL writes of articles and of what is searched; transactions are the service's."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final, LiteralString

from config.database import Connection, fetch_one
from maintenance.knowledge.article import Article, KeptIn
from maintenance.knowledge.terms import Terms, spoken, words_of

HOLD_ARTICLE: Final[LiteralString] = """
SELECT id, kept_in, newest_version, published_version, retired_at IS NOT NULL
FROM article WHERE code = %(code)s FOR UPDATE
"""

INSERT_ARTICLE: Final[LiteralString] = """
INSERT INTO article (code, kept_in) VALUES (%(code)s, %(kept_in)s)
ON CONFLICT (code) DO NOTHING RETURNING id
"""

INSERT_VERSION: Final[LiteralString] = """
INSERT INTO article_version (
    article_id, version, language, title, symptoms, asset_classes, failure_modes, body, made_by,
    made_at
) VALUES (
    %(article_id)s, %(version)s, %(language)s, %(title)s, %(symptoms)s, %(asset_classes)s,
    %(failure_modes)s, %(body)s, %(made_by)s, %(made_at)s
)
"""

RENEW_ARTICLE: Final[LiteralString] = """
UPDATE article SET newest_version = %(version)s, kept_in = %(kept_in)s, retired_at = NULL
WHERE id = %(article_id)s
"""

PUBLISH: Final[LiteralString] = """
UPDATE article SET published_version = newest_version, published_by = %(actor)s,
                   published_at = %(at)s, retired_at = NULL
WHERE id = %(article_id)s
"""

RETIRE_ARTICLES: Final[LiteralString] = """
WITH gone AS (
    UPDATE article SET retired_at = %(at)s
    WHERE code = ANY (%(codes)s) AND retired_at IS NULL
    RETURNING id
)
DELETE FROM article_text WHERE article_id IN (SELECT id FROM gone)
"""

# The configuration of the language tells which words are one; concepts are the same in all.
WRITE_TEXT: Final[LiteralString] = """
INSERT INTO article_text (article_id, words, asset_classes, failure_modes)
SELECT %(article_id)s,
       setweight(to_tsvector(language.words, %(title)s), 'A')
       || setweight(to_tsvector(language.words, %(symptoms)s), 'B')
       || setweight(to_tsvector(language.words, %(body)s), 'D')
       || %(concepts)s::text::tsvector,
       %(asset_classes)s, %(failure_modes)s
FROM (SELECT CASE %(language)s WHEN 'de' THEN 'german'::regconfig
                               ELSE 'english'::regconfig END) AS language (words)
ON CONFLICT (article_id) DO UPDATE
SET words = excluded.words, asset_classes = excluded.asset_classes,
    failure_modes = excluded.failure_modes
"""

WRITE_WORDS: Final[LiteralString] = """
INSERT INTO article_word (word) SELECT unnest(%(words)s::text[]) ON CONFLICT (word) DO NOTHING
"""

VOTE: Final[LiteralString] = """
INSERT INTO article_vote (article_id, person, useful, at)
VALUES (%(article_id)s, %(person)s, %(useful)s, %(at)s)
ON CONFLICT (article_id, person) DO UPDATE SET useful = excluded.useful, at = excluded.at
"""

# Completed orders that are not searched yet, or were corrected since.
READ_ORDERS: Final[LiteralString] = """
SELECT o.id, class.code, o.asset_id, o.failure_mode,
       concat_ws(' ', o.title, o.description, o.resolution)
FROM work_order o
JOIN asset ON asset.id = o.asset_id
JOIN asset_class class ON class.id = asset.class_id
WHERE o.state IN ('completed', 'closed') AND o.id > %(after)s
  AND NOT EXISTS (SELECT FROM order_text WHERE order_text.work_order_id = o.id)
ORDER BY o.id
LIMIT %(limit)s
"""

WRITE_ORDER_TEXT: Final[LiteralString] = """
INSERT INTO order_text (work_order_id, asset_class, asset_id, failure_mode, words)
VALUES (%(order_id)s, %(asset_class)s, %(asset_id)s, %(failure_mode)s,
        to_tsvector('english', %(text)s) || to_tsvector('german', %(text)s)
        || %(concepts)s::text::tsvector)
ON CONFLICT (work_order_id) DO NOTHING
"""


class _Weight(StrEnum):
    """How much a word counts by where it stands, in PostgreSQL's letters."""

    TITLE = "A"
    SYMPTOM = "B"
    TEXT = "D"


async def hold_article(
    connection: Connection, code: str
) -> tuple[int, KeptIn, int, int | None, bool] | None:
    """Id, keeper, newest and published version of an article, and whether it is retired; held."""
    row = await fetch_one(connection, HOLD_ARTICLE, {"code": code})
    return (row[0], KeptIn(row[1]), row[2], row[3], row[4]) if row else None


async def insert_article(connection: Connection, code: str, kept_in: KeptIn) -> int | None:
    """Id of the new article, without a version yet; None if there is one of that code."""
    row = await fetch_one(connection, INSERT_ARTICLE, {"code": code, "kept_in": kept_in.value})
    return int(row[0]) if row else None


async def insert_version(
    connection: Connection,
    article_id: int,
    article: Article,
    *,
    version: int,
    made: tuple[str, datetime],
) -> None:
    """Write a version; `made` says by whom and when."""
    given = {
        "article_id": article_id,
        "version": version,
        "language": article.language.value,
        "title": article.title,
        "symptoms": list(article.symptoms),
        "asset_classes": list(article.asset_classes),
        "failure_modes": list(article.failure_modes),
        "body": article.body,
        "made_by": made[0],
        "made_at": made[1],
    }
    await connection.execute(INSERT_VERSION, given)


async def renew_article(
    connection: Connection, article_id: int, *, version: int, kept_in: KeptIn
) -> None:
    """Make a version the newest one; a retired article is back."""
    given = {"article_id": article_id, "version": version, "kept_in": kept_in.value}
    await connection.execute(RENEW_ARTICLE, given)


async def publish(
    connection: Connection,
    article_id: int,
    article: Article,
    *,
    terms: Terms,
    made: tuple[str, datetime],
) -> None:
    """Let readers see the newest version, and search it."""
    await connection.execute(PUBLISH, {"article_id": article_id, "actor": made[0], "at": made[1]})
    symptoms = ". ".join(article.symptoms)
    given = {
        "article_id": article_id,
        "language": article.language.value,
        "title": article.title,
        "symptoms": symptoms,
        "body": article.body,
        "concepts": _concepts(
            {
                _Weight.TITLE: article.title,
                _Weight.SYMPTOM: symptoms,
                _Weight.TEXT: article.body,
            },
            terms,
        ),
        "asset_classes": list(article.asset_classes),
        "failure_modes": list(article.failure_modes),
    }
    await connection.execute(WRITE_TEXT, given)
    words = {*words_of(article.title), *words_of(symptoms), *words_of(article.body)}
    await connection.execute(WRITE_WORDS, {"words": sorted(words)})


async def retire_articles(connection: Connection, codes: Sequence[str], *, at: datetime) -> None:
    """Retire articles by code: they are found no more."""
    await connection.execute(RETIRE_ARTICLES, {"codes": list(codes), "at": at})


async def vote(
    connection: Connection, article_id: int, *, person: str, useful: bool, at: datetime
) -> None:
    """Keep what a person thinks of an article; the newest word counts."""
    given = {"article_id": article_id, "person": person, "useful": useful, "at": at}
    await connection.execute(VOTE, given)


async def write_order_texts(
    connection: Connection, *, after: int, limit: int, terms: Terms
) -> int | None:
    """Make up to `limit` completed orders behind an id searchable; gives the last one's id."""
    cursor = await connection.execute(READ_ORDERS, {"after": after, "limit": limit})
    last = None
    for order_id, asset_class, asset_id, failure_mode, text in await cursor.fetchall():
        given = {
            "order_id": order_id,
            "asset_class": asset_class,
            "asset_id": asset_id,
            "failure_mode": failure_mode,
            "text": text,
            "concepts": _concepts({_Weight.TEXT: text}, terms),
        }
        await connection.execute(WRITE_ORDER_TEXT, given)
        last = order_id
    return last


def _concepts(texts: Mapping[_Weight, str], terms: Terms) -> str:
    """The concepts that texts speak of, in PostgreSQL's notation, by the weight of the text."""
    return " ".join(
        f"'~{concept}':1{weight}"
        for weight, text in texts.items()
        for concept in spoken(text, terms).concepts
    )
