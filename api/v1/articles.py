"""Knowledge: articles in versions, and what helps with a problem."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response

from api.access.caller import Caller
from api.access.roles import Permission
from api.bodies.article import (
    ArticleBody,
    ArticleQuery,
    RecommendationBody,
    RecommendQuery,
    VoteBody,
)
from api.bodies.page import Page, cut, decode_cursor
from api.entity_tag import etag, version_of
from api.errors import (
    CursorInvalid,
    IdempotencyKeyInFlight,
    IdempotencyKeyReused,
    PreconditionInvalid,
    PreconditionMissing,
)
from api.guard import Reader, demand, require
from api.idempotency import Answer, once
from api.problems import documented
from api.services import ConnectionOf
from api.v1.job_plans import IfMatch
from api.v1.orders import Number
from api.v1.repeatable import IdempotencyKey
from config.database import Connection
from maintenance.errors import KeptInFiles, NotFound, StaleVersion, StepValueInvalid
from maintenance.knowledge.article import ArticleState, ArticleVersion
from maintenance.knowledge.file import ArticleShape
from maintenance.knowledge.queries import ArticleFilter, find_articles, versions_of
from maintenance.knowledge.recommendation import Report, recommend_articles, similar_orders
from maintenance.knowledge.service import publish_article, retire_article, save_article, vote
from maintenance.orders.queries import get_order
from maintenance.orders.work_order import WorkOrder

router = APIRouter(prefix="/api/v1", tags=["Knowledge"])

Code = Annotated[str, Path(description="Code of the article.", examples=["pump-cavitation"])]
Writer = Annotated[Caller, Depends(require(Permission.KEEP_KNOWLEDGE))]


@dataclass(frozen=True, slots=True)
class HeldArticle:
    """An article as a caller read it: its code, and its ETag then."""

    code: Code
    if_match: IfMatch = None


@router.get("/articles", summary="List articles", responses=documented(CursorInvalid))
async def get_articles(
    connection: ConnectionOf, caller: Reader, query: Annotated[ArticleQuery, Query()]
) -> Page[ArticleBody]:
    """Published versions, by code."""
    if query.drafts:
        demand(caller, Permission.KEEP_KNOWLEDGE)
    after = decode_cursor(query.cursor, str)
    found = await find_articles(
        connection,
        ArticleFilter(query.asset_class, query.failure_mode, query.drafts),
        after=after[0] if after else "",
        limit=query.limit + 1,
    )
    page, following = cut(found, query.limit, lambda one: [one.article.code])
    return Page(items=[ArticleBody.of(one) for one in page], next=following)


@router.post(
    "/articles",
    status_code=201,
    summary="Draft an article",
    responses=documented(StaleVersion, KeptInFiles, IdempotencyKeyInFlight, IdempotencyKeyReused),
)
async def post_article(
    connection: ConnectionOf,
    caller: Writer,
    new: ArticleShape,
    response: Response,
    key: IdempotencyKey = None,
) -> ArticleBody:
    """Readers find it once it is published."""

    async def make() -> Answer:
        made = await save_article(
            connection, new.to_domain(), actor=caller.name, expected_version=0
        )
        return Answer(201, ArticleBody.of(made).model_dump(mode="json"))

    request = new.model_dump_json().encode()
    answer = await once(connection, caller.identity, key, request, make)
    body = ArticleBody.model_validate(answer.body)
    response.headers["ETag"] = etag(body.version)
    response.headers["Location"] = f"{router.prefix}/articles/{body.code}"
    return body


@router.get("/articles/{code}", summary="One article", responses=documented(NotFound))
async def get_article(
    connection: ConnectionOf, caller: Reader, code: Code, response: Response
) -> ArticleBody:
    """As readers see it; those who write see the newest version, published or not."""
    found = await shown_version(connection, caller, code)
    response.headers["ETag"] = etag(found.version)
    return ArticleBody.of(found)


@router.get(
    "/articles/{code}/versions", summary="Versions of an article", responses=documented(NotFound)
)
async def get_versions(connection: ConnectionOf, _: Writer, code: Code) -> Page[ArticleBody]:
    """Newest first; none of them ever changes."""
    return Page(items=[ArticleBody.of(one) for one in await versions_of(connection, code)])


@router.put(
    "/articles/{code}",
    summary="Change an article",
    responses=documented(
        NotFound,
        StaleVersion,
        KeptInFiles,
        StepValueInvalid,
        PreconditionMissing,
        PreconditionInvalid,
    ),
)
async def put_article(
    connection: ConnectionOf,
    caller: Writer,
    held: Annotated[HeldArticle, Depends()],
    changed: ArticleShape,
    response: Response,
) -> ArticleBody:
    """A new draft; readers see what is published until this is."""
    if changed.code != held.code:
        raise StepValueInvalid("code", f"the code stays {held.code}")
    await versions_of(connection, held.code)
    made = await save_article(
        connection,
        changed.to_domain(),
        actor=caller.name,
        expected_version=version_of(held.if_match),
    )
    response.headers["ETag"] = etag(made.version)
    return ArticleBody.of(made)


@router.post(
    "/articles/{code}/publication",
    summary="Publish an article",
    responses=documented(NotFound, KeptInFiles),
)
async def post_publication(connection: ConnectionOf, caller: Writer, code: Code) -> ArticleBody:
    """Its newest version, from now on."""
    return ArticleBody.of(await publish_article(connection, code, actor=caller.name))


@router.post(
    "/articles/{code}/retirement",
    summary="Retire an article",
    responses=documented(NotFound, KeptInFiles),
)
async def post_retirement(connection: ConnectionOf, _: Writer, code: Code) -> ArticleBody:
    """It is found and recommended no more."""
    await retire_article(connection, code)
    return ArticleBody.of((await versions_of(connection, code))[0])


@router.put(
    "/articles/{code}/vote",
    summary="Say whether an article helped",
    responses=documented(NotFound),
)
async def put_vote(
    connection: ConnectionOf,
    caller: Annotated[Caller, Depends(require(Permission.CREATE))],
    code: Code,
    said: VoteBody,
) -> ArticleBody:
    """A person's newest word counts."""
    await vote(connection, code, person=caller.identity, useful=said.useful)
    return ArticleBody.of(await shown_version(connection, caller, code))


@router.get("/knowledge/recommendations", summary="What may help with a problem")
async def get_recommendations(
    connection: ConnectionOf, _: Reader, query: Annotated[RecommendQuery, Query()]
) -> RecommendationBody:
    """Articles and finished orders, with the reason; meant to be asked while somebody types.

    English and German are understood, jargon and mistyped words too.
    """
    report = Report(query.text, query.asset, query.asset_class, query.failure_mode)
    return await _recommended(connection, report, query.limit)


@router.get(
    "/work-orders/{number}/knowledge",
    summary="What may help with an order",
    responses=documented(NotFound),
)
async def get_knowledge(connection: ConnectionOf, _: Reader, number: Number) -> RecommendationBody:
    """Articles and finished orders, by the order's words, failure mode and class of asset."""
    return await _recommended(connection, report_of(await get_order(connection, number)), 5)


def report_of(order: WorkOrder) -> Report:
    """What an order says of its problem."""
    return Report(
        f"{order.title}\n{order.description}",
        asset=order.asset,
        failure_mode=order.failure_mode,
        order_id=order.id,
    )


async def shown_version(connection: Connection, caller: Caller, code: str) -> ArticleVersion:
    """The version of an article that a caller sees. Raises `NotFound`."""
    versions = await versions_of(connection, code)
    if caller.may(Permission.KEEP_KNOWLEDGE):
        return versions[0]
    for version in versions:
        if version.state is ArticleState.PUBLISHED:
            return version
    raise NotFound("article", code)


async def _recommended(connection: Connection, report: Report, limit: int) -> RecommendationBody:
    articles = await recommend_articles(connection, report, limit=limit)
    return RecommendationBody.of(articles, await similar_orders(connection, report, limit=limit))
