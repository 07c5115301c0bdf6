"""The pages of the steps of an order, of inspection rounds and of knowledge."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request, Response
from markupsafe import Markup

from api.access.roles import Permission
from api.attached import find_subject
from api.bodies.page import LARGEST_PAGE
from api.guard import Reader
from api.pages.places import load_places
from api.pages.render import render
from api.services import ConnectionOf
from api.v1.articles import report_of, shown_version
from config.database import Connection
from maintenance.attachments.attachment import Attachment, SubjectKind
from maintenance.attachments.media_type import SHOWN
from maintenance.attachments.queries import attachments_of
from maintenance.job_plans.plan import JobPlan, PlanKind
from maintenance.job_plans.queries import list_plans, progress, version_of_order
from maintenance.knowledge.markdown import to_html
from maintenance.knowledge.queries import ArticleFilter, find_articles
from maintenance.knowledge.recommendation import recommend_articles, similar_orders
from maintenance.orders.queries import get_order
from maintenance.orders.work_order import State, WorkOrder
from maintenance.rounds.queries import Walk, open_walk, walks_of

router = APIRouter(include_in_schema=False)

_WALKS = 10
_HELPFUL = 3


@dataclass(frozen=True, slots=True)
class RoundRow:
    """A round with its newest walks."""

    plan: JobPlan
    stops: int
    open: str | None
    walks: list[Walk]


async def work_of_order(connection: Connection, order: WorkOrder) -> Mapping[str, Any]:
    """What the page of an order shows of its steps, and of what may help."""
    report = report_of(order)
    return {
        "progress": await progress(connection, order.id),
        "frozen": await version_of_order(connection, order.id),
        "helpful": await recommend_articles(connection, report, limit=_HELPFUL),
        "similar": await similar_orders(connection, report, limit=_HELPFUL),
    }


@router.get("/work-orders/{number}/steps")
async def get_steps_page(
    request: Request, connection: ConnectionOf, caller: Reader, number: str
) -> Response:
    """The steps of an order, one at a time, for a phone."""
    order = await get_order(connection, number)
    may_work = caller.may(Permission.WORK)
    return render(
        request,
        "steps.html",
        caller=caller,
        places=await load_places(connection),
        order=order,
        may_work=may_work,
        may_record=may_work and order.is_open and order.state is not State.DRAFT,
    )


@router.get("/rounds")
async def get_rounds_page(request: Request, connection: ConnectionOf, caller: Reader) -> Response:
    """Every round with its walks, and what they missed."""
    places = await load_places(connection)
    return render(
        request,
        "rounds.html",
        caller=caller,
        places=places,
        zone=places.main_zone,
        rounds=[
            await _row(connection, one.plan)
            for one in await list_plans(connection, PlanKind.ROUND, limit=LARGEST_PAGE)
        ],
        may_walk=caller.may(Permission.WORK),
    )


@router.get("/knowledge")
async def get_knowledge_page(
    request: Request, connection: ConnectionOf, caller: Reader
) -> Response:
    """Every article, and a search that answers while somebody types."""
    return render(
        request,
        "knowledge.html",
        caller=caller,
        places=await load_places(connection),
        articles=await find_articles(connection, ArticleFilter(), limit=LARGEST_PAGE),
    )


@router.get("/knowledge/{code}")
async def get_article_page(
    request: Request, connection: ConnectionOf, caller: Reader, code: str
) -> Response:
    """An article, and whether it helped."""
    places = await load_places(connection)
    shown = await shown_version(connection, caller, code)
    return render(
        request,
        "article.html",
        caller=caller,
        places=places,
        zone=places.main_zone,
        shown=shown,
        html=Markup(to_html(shown.article.body)),  # noqa: S704 - the renderer lets no HTML through
        documents=await _files_of_article(connection, code),
        shown_types=SHOWN,
        may_vote=caller.may(Permission.CREATE),
        may_attach=caller.may(Permission.CREATE),
        may_work=caller.may(Permission.WORK),
    )


async def _files_of_article(connection: Connection, code: str) -> list[Attachment]:
    subject = await find_subject(connection, SubjectKind.ARTICLE, code)
    return await attachments_of(connection, subject)


async def _row(connection: Connection, plan: JobPlan) -> RoundRow:
    return RoundRow(
        plan=plan,
        stops=len({step.stop for step in plan.steps}),
        open=await open_walk(connection, plan.code),
        walks=await walks_of(connection, plan.code, limit=_WALKS),
    )
