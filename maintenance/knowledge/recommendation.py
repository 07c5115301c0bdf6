"""Which articles and which closed orders help with a report, and why.

PostgreSQL's full text search finds them by the words, in English and German, and by the concepts of
the trade that words stand for (`terms`); a word that nothing knows is taken for the known one that it
resembles most. Rare words count more than common ones (BM25's inverse document frequency), those of a
title more than those of the text; class and failure mode of the asset come on top.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, LiteralString

from config.database import Connection, fetch_dicts
from maintenance.knowledge.terms import Terms, known_words, spoken, trade_terms

_CONCEPT = 1.6
_CORRECTED = 0.7
_LIKE_ENOUGH = 0.34
_SHORTEST = 4
_SAME_CLASS = 1.5
_OTHER_CLASS = 0.2
_SAME_MODE = 2.0

# Words that no article and no term has, and the known word that is most like each.
MEANT: Final[LiteralString] = """
SELECT DISTINCT ON (asked.word) asked.word, known.word
FROM unnest(%(words)s::text[]) AS asked (word)
JOIN (SELECT word FROM article_word UNION SELECT unnest(%(terms)s::text[])) AS known
  ON word_likeness(asked.word, known.word) >= %(enough)s AND length(known.word) >= 4
WHERE NOT EXISTS (SELECT FROM article_word WHERE article_word.word = asked.word)
  AND NOT asked.word = ANY (%(terms)s)
ORDER BY asked.word, word_likeness(asked.word, known.word) DESC, known.word
"""

LEXEMES: Final[LiteralString] = """
SELECT asked.word, lexeme
FROM unnest(%(words)s::text[]) AS asked (word),
     unnest(tsvector_to_array(to_tsvector('english', asked.word)
                              || to_tsvector('german', asked.word))) AS lexeme
"""

RECOMMEND_ARTICLES: Final[LiteralString] = """
WITH asked AS (
    SELECT lexeme, max(boost) AS boost, min(said) AS said,
           (quote_literal(lexeme))::tsquery AS query
    FROM unnest(%(lexemes)s::text[], %(boosts)s::float8[], %(said)s::text[])
         AS given (lexeme, boost, said)
    GROUP BY lexeme
), total AS (
    SELECT count(*)::float8 AS articles FROM article_text
), rare AS (
    SELECT asked.*, ln(1 + (total.articles - found.articles + 0.5) / (found.articles + 0.5)) AS idf
    FROM asked CROSS JOIN total CROSS JOIN LATERAL (
        SELECT count(*)::float8 AS articles FROM article_text text WHERE text.words @@ asked.query
    ) AS found
    WHERE found.articles > 0
), scored AS (
    SELECT text.article_id,
           sum(rare.boost * rare.idf * ts_rank('{0.35, 0.5, 0.9, 1.0}', text.words, rare.query))
               AS score,
           array_agg(DISTINCT rare.said) AS said
    FROM rare JOIN article_text text ON text.words @@ rare.query
    GROUP BY text.article_id
)
SELECT article.code, v.title, v.language, scored.said,
       coalesce(%(asset_class)s = ANY (text.asset_classes), false) AS same_class,
       coalesce(%(failure_mode)s = ANY (text.failure_modes), false) AS same_mode,
       (coalesce(scored.score, 0)
        + CASE WHEN %(failure_mode)s = ANY (text.failure_modes) THEN %(mode)s::float8 ELSE 0 END)
       * CASE WHEN %(asset_class)s::text IS NULL OR text.asset_classes = '{}' THEN 1.0
              WHEN %(asset_class)s = ANY (text.asset_classes) THEN %(same)s::float8
              ELSE %(other)s::float8 END AS score
FROM article_text text
JOIN article ON article.id = text.article_id
JOIN article_version v ON v.article_id = article.id AND v.version = article.published_version
LEFT JOIN scored ON scored.article_id = text.article_id
WHERE scored.article_id IS NOT NULL OR %(failure_mode)s = ANY (text.failure_modes)
ORDER BY score DESC, article.code
LIMIT %(limit)s
"""

# The newest few hundred of the class that share a word are looked at closely.
SIMILAR_ORDERS: Final[LiteralString] = """
WITH asked AS (
    SELECT lexeme, max(boost) AS boost, min(said) AS said,
           (quote_literal(lexeme))::tsquery AS query
    FROM unnest(%(lexemes)s::text[], %(boosts)s::float8[], %(said)s::text[])
         AS given (lexeme, boost, said)
    GROUP BY lexeme
), near AS (
    SELECT text.* FROM order_text text
    WHERE text.words @@ (SELECT string_agg(quote_literal(lexeme), '|') FROM asked)::tsquery
      AND (%(asset_class)s::text IS NULL OR text.asset_class = %(asset_class)s)
      AND text.work_order_id <> coalesce(%(order_id)s::bigint, 0)
    ORDER BY text.work_order_id DESC
    LIMIT 500
), total AS (
    SELECT count(*)::float8 AS orders FROM near
), rare AS (
    SELECT asked.*, ln(1 + (total.orders - found.orders + 0.5) / (found.orders + 0.5)) AS idf
    FROM asked CROSS JOIN total CROSS JOIN LATERAL (
        SELECT count(*)::float8 AS orders FROM near WHERE near.words @@ asked.query
    ) AS found
    WHERE found.orders > 0
)
SELECT o.number, o.title, coalesce(o.resolution, '') AS resolution, asset.tag AS asset,
       o.completed_at, array_agg(DISTINCT rare.said) AS said,
       coalesce(near.asset_id = %(asset_id)s, false) AS same_asset,
       coalesce(near.failure_mode = %(failure_mode)s, false) AS same_mode,
       sum(rare.boost * rare.idf) * CASE WHEN near.asset_id = %(asset_id)s THEN 1.5 ELSE 1.0 END
           + CASE WHEN near.failure_mode = %(failure_mode)s THEN %(mode)s::float8 ELSE 0 END AS score
FROM near
JOIN rare ON near.words @@ rare.query
JOIN work_order o ON o.id = near.work_order_id
JOIN asset ON asset.id = o.asset_id
GROUP BY o.id, asset.tag, near.asset_id, near.failure_mode
ORDER BY score DESC, o.id DESC
LIMIT %(limit)s
"""

CONTEXT_OF_ASSET: Final[LiteralString] = """
SELECT class.code, asset.id FROM asset JOIN asset_class class ON class.id = asset.class_id
WHERE asset.tag = %(tag)s
"""


@dataclass(frozen=True, slots=True)
class Report:
    """What is known of a problem: what was said, and what it is about where that is known."""

    text: str
    asset: str | None = None
    asset_class: str | None = None
    failure_mode: str | None = None
    order_id: int | None = None


@dataclass(frozen=True, slots=True)
class RecommendedArticle:
    """An article that may help, and why: the words of the report that it speaks of."""

    code: str
    title: str
    language: str
    score: float
    because: str


@dataclass(frozen=True, slots=True)
class SimilarOrder:
    """A finished order like this one, what was done, and why it is taken for like."""

    number: str
    title: str
    asset: str
    resolution: str
    score: float
    because: str


@dataclass(frozen=True, slots=True)
class _Question:
    """Lexemes to look for, how much each counts, and which words of the report stand for it."""

    lexemes: tuple[str, ...]
    boosts: tuple[float, ...]
    said: tuple[str, ...]

    def given(self) -> dict[str, Any]:
        return {
            "lexemes": list(self.lexemes),
            "boosts": list(self.boosts),
            "said": list(self.said),
        }


async def recommend_articles(
    connection: Connection, report: Report, *, limit: int = 5
) -> list[RecommendedArticle]:
    """Published articles, the most helpful first; empty where nothing fits."""
    question = await _question(connection, report.text, trade_terms())
    asset_class, _ = await _about(connection, report)
    given = question.given() | {
        "asset_class": asset_class,
        "failure_mode": report.failure_mode,
        "mode": _SAME_MODE,
        "same": _SAME_CLASS,
        "other": _OTHER_CLASS,
        "limit": limit,
    }
    return [
        RecommendedArticle(
            row["code"],
            row["title"],
            row["language"],
            row["score"],
            _because(row, asset_class=asset_class, failure_mode=report.failure_mode),
        )
        for row in await fetch_dicts(connection, RECOMMEND_ARTICLES, given)
    ]


async def similar_orders(
    connection: Connection, report: Report, *, limit: int = 5
) -> list[SimilarOrder]:
    """Finished orders about assets of the same class, the most alike first."""
    question = await _question(connection, report.text, trade_terms())
    if not question.lexemes:
        return []
    asset_class, asset_id = await _about(connection, report)
    given = question.given() | {
        "asset_class": asset_class,
        "asset_id": asset_id,
        "failure_mode": report.failure_mode,
        "order_id": report.order_id,
        "mode": _SAME_MODE,
        "limit": limit,
    }
    return [
        SimilarOrder(
            row["number"],
            row["title"],
            row["asset"],
            row["resolution"],
            row["score"],
            _because(
                row | {"same_class": False}, asset_class=None, failure_mode=report.failure_mode
            )
            + ("; the same asset" if row["same_asset"] else ""),
        )
        for row in await fetch_dicts(connection, SIMILAR_ORDERS, given)
    ]


async def _question(connection: Connection, text: str, terms: Terms) -> _Question:
    """What to look for: lexemes of the words, concepts, and what mistyped words may have meant."""
    asked = spoken(text, terms)
    plain = list(dict.fromkeys(asked.words))
    meant = await _meant(connection, plain, known=set(asked.concepts.values()), terms=terms)
    lexemes = await _lexemes(connection, [*plain, *meant.values()])
    found = [(lexeme, 1.0, word) for word in plain for lexeme in lexemes.get(word, ())]
    found += [
        (lexeme, _CORRECTED, word)
        for word, instead in meant.items()
        for lexeme in lexemes.get(instead, ())
    ]
    found += [(f"~{concept}", _CONCEPT, said) for concept, said in asked.concepts.items()]
    for word, instead in meant.items():
        found += [
            (f"~{concept}", _CONCEPT * _CORRECTED, word)
            for concept in spoken(instead, terms).concepts
            if concept not in asked.concepts
        ]
    return _Question(*zip(*found, strict=True)) if found else _Question((), (), ())


async def _meant(
    connection: Connection, words: Sequence[str], *, known: set[str], terms: Terms
) -> dict[str, str]:
    unknown = [
        word
        for word in words
        if len(word) >= _SHORTEST and word not in known and not word.isdigit()
    ]
    if not unknown:
        return {}
    given = {"words": unknown, "terms": known_words(terms), "enough": _LIKE_ENOUGH}
    cursor = await connection.execute(MEANT, given)
    return dict(await cursor.fetchall())


async def _lexemes(connection: Connection, words: Sequence[str]) -> dict[str, list[str]]:
    """Word -> what it is looked for as, in every language; a word that says nothing has none."""
    cursor = await connection.execute(LEXEMES, {"words": list(dict.fromkeys(words))})
    found: dict[str, list[str]] = {}
    for word, lexeme in await cursor.fetchall():
        found.setdefault(word, []).append(lexeme)
    return found


async def _about(connection: Connection, report: Report) -> tuple[str | None, int | None]:
    """Class and id of the asset that a report names; the class that it says where it names none."""
    if report.asset is None:
        return report.asset_class, None
    cursor = await connection.execute(CONTEXT_OF_ASSET, {"tag": report.asset})
    row = await cursor.fetchone()
    return (row[0], row[1]) if row else (report.asset_class, None)


def _because(row: Mapping[str, Any], *, asset_class: str | None, failure_mode: str | None) -> str:
    said = [f"“{word}”" for word in row["said"] or ()]
    reasons = [f"speaks of {', '.join(said)}"] if said else []
    if row["same_mode"]:
        reasons.append(f"failure mode {failure_mode}")
    if row["same_class"]:
        reasons.append(f"class {asset_class}")
    return "; ".join(reasons)
