"""Articles and recommendations as the API shows and takes them."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from api.bodies.page import FromDomain, PageQuery
from maintenance.knowledge.article import ArticleState, ArticleVersion, KeptIn
from maintenance.knowledge.file import ArticleShape
from maintenance.knowledge.recommendation import RecommendedArticle, SimilarOrder


class ArticleBody(ArticleShape):
    """A version of an article."""

    version: int = Field(description="Counts its changes; the ETag of the article.")
    state: ArticleState
    kept_in: KeptIn = Field(description="What `files` keep is changed there.")
    made_by: str
    made_at: datetime
    useful: int = Field(description="Readers whom it helped.")
    useless: int = Field(description="Readers whom it did not.")

    @classmethod
    def of(cls, found: ArticleVersion) -> "ArticleBody":
        """From the domain's version."""
        article = found.article
        return cls(
            code=article.code,
            title=article.title,
            language=article.language,
            symptoms=article.symptoms,
            asset_classes=article.asset_classes,
            failure_modes=article.failure_modes,
            body=article.body,
            version=found.version,
            state=found.state,
            kept_in=found.kept_in,
            made_by=found.made_by,
            made_at=found.made_at,
            useful=found.useful,
            useless=found.useless,
        )


class ArticleQuery(PageQuery):
    """Which articles are listed."""

    asset_class: Annotated[
        str | None, Field(description="Those for this class, and those for any.")
    ] = None
    failure_mode: Annotated[str | None, Field(description="About this failure mode.")] = None
    drafts: Annotated[
        bool, Field(description="The newest versions, published or not; for those who write.")
    ] = False


class VoteBody(BaseModel):
    """What a reader thinks of an article."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"useful": True}]})

    useful: bool


class RecommendQuery(BaseModel):
    """What is known of a problem."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[
        str, Field(max_length=10_000, description="What was said so far, in any words.")
    ] = ""
    asset: Annotated[str | None, Field(description="Tag of the asset.")] = None
    asset_class: Annotated[str | None, Field(description="Its class, where no asset is named.")] = (
        None
    )
    failure_mode: Annotated[str | None, Field(description="ISO 14224.")] = None
    limit: Annotated[int, Field(ge=1, le=20)] = 5


class RecommendedArticleBody(FromDomain):
    """An article that may help, and why."""

    code: str
    title: str
    language: str
    score: float
    because: str = Field(examples=["speaks of “drips”; class centrifugal_pump"])


class SimilarOrderBody(FromDomain):
    """A finished order like this one."""

    number: str
    title: str
    asset: str
    resolution: str = Field(description="What was found and done then.")
    score: float
    because: str


class RecommendationBody(BaseModel):
    """What may help, the most helpful first."""

    articles: list[RecommendedArticleBody]
    orders: list[SimilarOrderBody]

    @classmethod
    def of(
        cls, articles: list[RecommendedArticle], orders: list[SimilarOrder]
    ) -> "RecommendationBody":
        """From the domain's."""
        return cls(
            articles=[RecommendedArticleBody.model_validate(one) for one in articles],
            orders=[SimilarOrderBody.model_validate(one) for one in orders],
        )
