"""Rules as they are applied, with their versions."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from api.bodies.page import Page, cut, decode_cursor
from api.bodies.rule import RuleBody, RuleDetail, RuleQuery
from api.errors import CursorInvalid
from api.guard import Reader
from api.problems import documented
from api.services import ConnectionOf
from conditions.errors import RuleNotFound
from conditions.rule_queries import find_rules, rule_versions

router = APIRouter(prefix="/api/v1/rules", tags=["Rules"])


@router.get("", summary="List rules", responses=documented(CursorInvalid))
async def get_rules(
    connection: ConnectionOf, _: Reader, query: Annotated[RuleQuery, Query()]
) -> Page[RuleBody]:
    """The active version of each, by name."""
    after = decode_cursor(query.cursor, str)
    found = await find_rules(
        connection,
        asset_class=query.asset_class,
        every=query.every,
        after=after[0] if after else "",
        limit=query.limit + 1,
    )
    page, following = cut(found, query.limit, lambda rule: [rule.rule])
    return Page(items=[RuleBody.model_validate(rule) for rule in page], next=following)


@router.get("/{asset_class}/{rule_id}", summary="One rule", responses=documented(RuleNotFound))
async def get_one(
    connection: ConnectionOf,
    _: Reader,
    asset_class: Annotated[str, Path(examples=["centrifugal_pump"])],
    rule_id: Annotated[str, Path(examples=["vibration_zone"])],
) -> RuleDetail:
    """Its newest version, and every version that it had."""
    found = await rule_versions(connection, f"{asset_class}/{rule_id}")
    versions = [RuleBody.model_validate(version) for version in found]
    return RuleDetail(**versions[0].model_dump(), versions=versions)
