"""Articles: what is known about a failure, and how far one is published. Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Language(StrEnum):
    """In which an article is written; a request may be in any."""

    ENGLISH = "en"
    GERMAN = "de"


class ArticleState(StrEnum):
    """How far a version of an article is."""

    DRAFT = "draft"
    PUBLISHED = "published"
    SUPERSEDED = "superseded"
    RETIRED = "retired"


class KeptIn(StrEnum):
    """Where an article is kept, and so where it is changed."""

    FILES = "files"
    DATABASE = "database"


@dataclass(frozen=True, slots=True)
class Article:
    """What a version of an article says; `body` is Markdown, `symptoms` as people report them."""

    code: str
    title: str
    body: str
    language: Language = Language.ENGLISH
    symptoms: tuple[str, ...] = ()
    asset_classes: tuple[str, ...] = ()
    failure_modes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ArticleVersion:
    """A version of an article, its state, who made it, and what readers thought of the article."""

    article: Article
    version: int
    state: ArticleState
    kept_in: KeptIn
    made_by: str
    made_at: datetime
    useful: int = 0
    useless: int = 0


def state_of(version: int, *, published: int | None, retired: bool) -> ArticleState:
    """The state of a version of an article whose `published` version readers see."""
    if retired:
        return ArticleState.RETIRED
    if published is not None and version < published:
        return ArticleState.SUPERSEDED
    return ArticleState.PUBLISHED if version == published else ArticleState.DRAFT
